using System.Reflection;

namespace DataPrep;

/// <summary>Name and version of the program, as manifests record them.</summary>
internal static class Product
{
    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static string Tool { get; } = $"dataprep {Version}";
}
