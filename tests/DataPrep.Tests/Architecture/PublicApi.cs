using System.Reflection;

namespace DataPrep.Tests.Architecture;

/// <summary>The public surface of an assembly as text: a line for each type, and one for each of its members.</summary>
internal static class PublicApi
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(double)] = "double",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    // What the compiler makes of records says nothing beyond that they are records.
    private static readonly HashSet<string> Generated = ["<Clone>$", "PrintMembers", "GetHashCode", "Equals", "ToString", "op_Equality", "op_Inequality", "Deconstruct", "EqualityContract"];

    public static IEnumerable<string> Of(Assembly assembly)
    {
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            yield return $"{Kind(type)} {type.FullName}{(Bases(type) is { Length: > 0 } bases ? $" : {bases}" : "")}";
            foreach (string member in Members(type).Distinct().Order(StringComparer.Ordinal))
                yield return $"    {member}";
        }
    }

    private static string Kind(Type type) =>
        type.IsInterface ? "interface" : type.IsEnum ? "enum" : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type.IsValueType ? "struct" : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsSealed ? "class" : "open class";

    private static string Bases(Type type)
    {
        var inherited = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum) && !typeof(Delegate).IsAssignableFrom(type) ? [parent] : Type.EmptyTypes;
        var interfaces = type.IsEnum || typeof(Delegate).IsAssignableFrom(type) ? [] : type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []);
        return string.Join(", ", inherited.Concat(interfaces.OrderBy(one => one.FullName, StringComparer.Ordinal)).Select(Name));
    }

    private static IEnumerable<string> Members(Type type)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        if (type.IsEnum)
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}");
        if (typeof(Delegate).IsAssignableFrom(type))
            return [Signature(type.GetMethod("Invoke")!)];
        var properties = type.GetProperties(All).Where(property => property.GetAccessors(true).Any(IsSeen) && !Generated.Contains(property.Name));
        var accessors = type.GetProperties(All).SelectMany(property => property.GetAccessors(true)).ToHashSet();
        return type.GetConstructors(All).Where(IsSeen).Select(constructor => $"new({Parameters(constructor)})")
            .Concat(properties.Select(Describe))
            .Concat(type.GetFields(All).Where(field => field.IsPublic).Select(field => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}{(field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "")}"))
            .Concat(type.GetMethods(All).Where(method => IsSeen(method) && !accessors.Contains(method) && !Generated.Contains(method.Name)).Select(Signature));
    }

    private static bool IsSeen(MethodBase method) => method.IsPublic || (method.IsFamily && !method.DeclaringType!.IsSealed);

    private static string Describe(PropertyInfo property)
    {
        var setter = property.SetMethod is { } set && IsSeen(set) ? set : null;
        bool isInit = setter?.ReturnParameter.GetRequiredCustomModifiers().Length > 0;
        bool isRequired = property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute));
        return $"{(property.GetMethod!.IsStatic ? "static " : "")}{(isRequired ? "required " : "")}{Name(property.PropertyType)} {property.Name} {{ get; {(setter is null ? "" : isInit ? "init; " : "set; ")}}}";
    }

    private static string Signature(MethodInfo method) => $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}({Parameters(method)})";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{(parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref " : "")}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = " + (parameter.DefaultValue ?? "default") : "")}"));

    private static string Name(Type type)
    {
        if (type.IsByRef)
            return Name(type.GetElementType()!);
        if (type.IsArray)
            return Name(type.GetElementType()!) + "[]";
        if (Nullable.GetUnderlyingType(type) is { } value)
            return Name(value) + "?";
        if (Keywords.TryGetValue(type, out string? keyword))
            return keyword;
        return type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name;
    }
}
