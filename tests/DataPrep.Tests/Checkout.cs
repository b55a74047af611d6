namespace DataPrep.Tests;

/// <summary>Where the sources of this checkout are.</summary>
internal static class Checkout
{
    /// <summary>The folder that holds the solution, found upwards from the tests' assembly.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Join(folder.FullName, "DataPrep.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests do not run inside a checkout.");
    }
}
