using Xunit;

namespace DataPrep.Tests;

/// <summary>
/// Finds published test vectors. They belong to other projects and are read in place, from a folder named shared that stands
/// beside the checkout or in one of the folders above; tests that need them are skipped where it is missing.
/// </summary>
internal static class SharedVectors
{
    /// <summary>The folder named shared, or null.</summary>
    public static string? Root { get; } = Find();

    /// <summary>Path below <see cref="Root"/>; skips the running test where it does not exist.</summary>
    public static string Require(params string[] relative)
    {
        string inside = Path.Combine(relative);
        string? path = Root is null ? null : Path.Combine(Root, inside);
        if (path is null || (!File.Exists(path) && !Directory.Exists(path)))
        {
            Assert.Skip($"Published vectors are not at hand: shared/{inside} is missing.");
        }

        return path;
    }

    private static string? Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared");
            if (Directory.Exists(Path.Combine(candidate, "vectors", "public")))
            {
                return candidate;
            }
        }

        return null;
    }
}
