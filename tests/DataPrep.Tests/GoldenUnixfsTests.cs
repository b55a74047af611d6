using Xunit;

namespace DataPrep.Tests;

/// <summary>Cases written to disk are what the loader says: names, contents, link targets, modes, and mtimes to the second.</summary>
public sealed class GoldenUnixfsTests
{
    public static TheoryData<string> Ids =>
        ["dir-names", "dir-nested-empty-dirs", "dir-symlinks", "dir-meta-dir", "symlink-1", "symlink-3", "file-c262144-l174-prng-1000-mtimeneg"];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Materialised(string id)
    {
        GoldenCase golden = GoldenUnixfs.Get(id);
        string parent = Directory.CreateTempSubdirectory("dataprep-golden-").FullName;
        try
        {
            string root = golden.WriteTo(Path.Combine(parent, "tree"));
            foreach (GoldenEntry entry in golden.Entries)
                Check(entry, entry.Path.Length == 0 ? root : Path.Combine(root, entry.Path));
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    private static void Check(GoldenEntry entry, string path)
    {
        FileSystemInfo info = entry.Type == GoldenType.Directory ? new DirectoryInfo(path) : new FileInfo(path);
        Assert.Equal(entry.Target, info.LinkTarget);
        if (entry.Type == GoldenType.File)
        {
            using var content = new MemoryStream();
            using Stream golden = entry.Open();
            golden.CopyTo(content);
            Assert.Equal(content.ToArray(), File.ReadAllBytes(path));
        }

        if (entry.Mode is { } mode && !OperatingSystem.IsWindows())
            Assert.Equal((UnixFileMode)mode, info.UnixFileMode);
        if (entry.Mtime is { } mtime)
            Assert.Equal(mtime.Seconds, new DateTimeOffset(info.LastWriteTimeUtc).ToUnixTimeSeconds());
    }
}
