using System.CommandLine;
using System.Text.Json;
using DataPrep.Packing;

namespace DataPrep.Cli.Settings;

/// <summary>
/// A JSON file of settings: options by their names without dashes, for every command that has them, and an object for each command with what
/// holds for that one alone. Comments and trailing commas are allowed.
/// </summary>
internal sealed class SettingsFile
{
    private readonly string path;
    private readonly JsonElement root;

    private SettingsFile(string path, JsonElement root) => (this.path, this.root) = (path, root);

    /// <exception cref="UsageException">It cannot be read, is no JSON, or has a key that is no option.</exception>
    public static SettingsFile Read(string path, Command commands)
    {
        if (path.Length == 0)
            throw new UsageException($"{CommonOptions.ConfigName}: the name of the file is empty");
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: settings cannot be read: {(e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e is UnauthorizedAccessException ? "it is no file that may be read" : e.Message)}");
        }

        var file = new SettingsFile(path, Parse(path, bytes));
        file.RefuseUnknown(file.root, commands, "");
        return file;
    }

    /// <summary>What is said of an option: in the command's object, else at the top.</summary>
    public Setting? Find(IReadOnlyList<string> command, Option option)
    {
        string name = Setting.NameOf(option);
        for (int depth = command.Count; depth >= 0; depth--)
        {
            var at = root;
            bool isThere = command.Take(depth).All(part => at.TryGetProperty(part, out var inner) && inner.ValueKind == JsonValueKind.Object && (at = inner).ValueKind == JsonValueKind.Object);
            if (isThere && at.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Object)
                return value.ValueKind == JsonValueKind.Null ? null : new Setting(option, Place([.. command.Take(depth), name]), Values(value));
        }

        return null;
    }

    private static JsonElement Parse(string path, byte[] bytes)
    {
        // An empty file, such as /dev/null, sets nothing.
        if (bytes.AsSpan().IndexOfAnyExcept(" \t\r\n"u8) < 0)
            bytes = "{}"u8.ToArray();
        try
        {
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(bytes, options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new UsageException($"{path}: settings are a JSON object, such as {{\"threads\": 8}}");
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            string where = e.LineNumber is { } line ? $"line {line + 1}, byte {e.BytePositionInLine + 1}: " : "";
            string what = e.Message.Split(" LineNumber:")[0];
            throw new UsageException($"{path}: {where}{what}");
        }
    }

    private void RefuseUnknown(JsonElement at, Command command, string prefix)
    {
        bool isTop = prefix.Length == 0;
        var names = (isTop ? Below(command) : command.Options).Where(Setting.IsFor).Select(Setting.NameOf).ToHashSet(StringComparer.Ordinal);
        foreach (var property in at.EnumerateObject())
        {
            string key = prefix + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object)
            {
                var inner = command.Subcommands.FirstOrDefault(each => each.Name == property.Name);
                if (inner is null)
                    throw new UsageException($"{path}: {key}: " + (names.Contains(property.Name) ? "an object is no value of an option" : $"'{property.Name}' is no command"));
                RefuseUnknown(property.Value, inner, key + ".");
            }
            else if (!names.Contains(property.Name))
            {
                bool isCommand = command.Subcommands.Any(each => each.Name == property.Name);
                throw new UsageException($"{path}: {key}: " + (isCommand ? $"what is said of a command is an object, such as {{\"{property.Name}\": {{\"threads\": 8}}}}" : $"'{property.Name}' is no option of {(isTop ? "any command" : prefix.TrimEnd('.').Replace('.', ' '))}"));
            }
            else if (property.Value.ValueKind == JsonValueKind.Array && property.Value.EnumerateArray().Any(each => each.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null))
            {
                throw new UsageException($"{path}: {key}: a list holds texts and numbers");
            }
        }
    }

    private static IEnumerable<Option> Below(Command command) => command.Subcommands.SelectMany(each => each.Options.Concat(Below(each)));

    private static string[] Values(JsonElement value) => value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(Text)] : [Text(value)];

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.GetRawText(),
    };

    private string Place(string[] keys) => $"{path}: {string.Join('.', keys)}";
}
