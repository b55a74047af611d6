using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace DataPrep.Tests;

/// <summary>Holds JSON against a schema of docs/schema, by the keywords that these use; an unknown one fails.</summary>
internal static class SchemaCheck
{
    public static void Follows(JsonElement value, string schemaName)
    {
        using var schema = JsonDocument.Parse(File.ReadAllBytes(Path.Join(Checkout.Root, "docs", "schema", schemaName + ".schema.json")));
        Check(value, schema.RootElement, schemaName);
    }

    private static void Check(JsonElement value, JsonElement schema, string at)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            var rule = keyword.Value;
            bool holds = keyword.Name switch
            {
                "$schema" or "$id" or "title" or "description" => true,
                "type" => rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().Any(type => IsType(value, type.GetString()!)) : IsType(value, rule.GetString()!),
                "const" => JsonElement.DeepEquals(value, rule),
                "enum" => rule.EnumerateArray().Any(item => JsonElement.DeepEquals(value, item)),
                "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.GetDouble(),
                "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() <= rule.GetDouble(),
                "exclusiveMinimum" => value.GetDouble() > rule.GetDouble(),
                "exclusiveMaximum" => value.GetDouble() < rule.GetDouble(),
                "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!),
                "minLength" => value.GetString()!.Length >= rule.GetInt32(),
                "minItems" => value.GetArrayLength() >= rule.GetInt32(),
                "required" => rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
                "additionalProperties" => rule.GetBoolean() || value.EnumerateObject().All(property => schema.GetProperty("properties").TryGetProperty(property.Name, out _)),
                "properties" or "items" => true,
                _ => throw new NotSupportedException($"{at}: {keyword.Name}"),
            };
            Assert.True(holds, $"{at}: {keyword.Name} {rule}: {value}");
        }

        if (schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in value.EnumerateObject().Where(property => properties.TryGetProperty(property.Name, out _)))
                Check(property.Value, properties.GetProperty(property.Name), $"{at}.{property.Name}");
        }

        if (schema.TryGetProperty("items", out var items) && value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
                Check(item, items, at + "[]");
        }
    }

    private static bool IsType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        _ => throw new NotSupportedException(type),
    };
}
