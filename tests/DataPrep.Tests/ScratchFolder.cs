namespace DataPrep.Tests;

/// <summary>A folder for one test, removed with all that is in it.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly List<string> closed = [];

    public ScratchFolder() => Root = Directory.CreateTempSubdirectory("dataprep-test-").FullName;

    public string Root { get; }

    /// <summary>Sets permission bits; folders get theirs back before they are removed.</summary>
    public void Mode(string path, int mode)
    {
        if (OperatingSystem.IsWindows())
            return;
        closed.Add(path);
        System.IO.File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    public string At(string relative) => Path.Join(Root, relative);

    /// <summary>Writes a file and the folders above it; returns its path.</summary>
    public string File(string relative, byte[] content)
    {
        string path = At(relative);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public string File(string relative, string content) => File(relative, System.Text.Encoding.UTF8.GetBytes(content));

    public string Folder(string relative) => Directory.CreateDirectory(At(relative)).FullName;

    /// <summary>A file of pseudo-random bytes; the same seed gives the same bytes.</summary>
    public string Noise(string relative, int length, int seed = 1) => File(relative, Bytes(length, seed));

    public static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Every file below a folder with its length and time of modification.</summary>
    public static List<string> Snapshot(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(file => $"{file} {new FileInfo(file).Length} {System.IO.File.GetLastWriteTimeUtc(file).Ticks}")];

    public void Dispose()
    {
        foreach (string folder in closed.Where(Directory.Exists).ToList())
            Mode(folder, 0x1C0);
        // Names that are not UTF-8 are beyond Directory.Delete.
        using var remove = System.Diagnostics.Process.Start("rm", ["-rf", Root]);
        remove.WaitForExit();
    }
}
