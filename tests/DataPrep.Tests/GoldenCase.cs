using System.Runtime.InteropServices;
using System.Text.Json;

namespace DataPrep.Tests;

internal enum GoldenType
{
    File,
    Directory,
    Symlink,
}

/// <summary>One entry; the path "" is the root itself. A directory that is only implied by a path has no entry.</summary>
internal sealed record GoldenEntry(
    string Path, GoldenType Type, JsonElement? Input, string? Target, uint? Mode, (long Seconds, int Nanos)? Mtime)
{
    public Stream Open() => GoldenInput.Open(Input!.Value);
}

/// <summary>Lower-case hex SHA-256 and length in bytes of a whole CARv1.</summary>
internal sealed record GoldenCar(string Sha256, long Size);

/// <summary>One golden case: parameters, entries, and what must come out. All cases use CIDv1 and raw leaves.</summary>
internal sealed record GoldenCase(string Id, long ChunkSize, int MaxLinks, IReadOnlyList<GoldenEntry> Entries, string Root)
{
    private const int AtFdCwd = -100;
    private const int SymlinkNoFollow = 0x100;
    private const long TimeOmit = 0x3ffffffe;

    public required long ShardThreshold { get; init; }

    public required int Fanout { get; init; }

    /// <summary>Sharding is decided on the exact block length, not on the sum of names and CIDs.</summary>
    public required bool BlockBytes { get; init; }

    /// <summary>All tools asked agree on the root; where not, <see cref="Note"/> says why.</summary>
    public required bool Consensus { get; init; }

    public string? Note { get; init; }

    /// <summary>Cumulative size (the Tsize of the root), in bytes.</summary>
    public long? DagSize { get; init; }

    public int BlocksVisited { get; init; }

    /// <summary>SHA-256 of the lines <c>depth cid size\n</c>, depth-first, every visit.</summary>
    public string? BlocksSha256 { get; init; }

    public GoldenCar? CarPreOrder { get; init; }

    public GoldenCar? CarPostOrder { get; init; }

    public bool IsDirectory => Entries is not [{ Path: "", Type: GoldenType.File or GoldenType.Symlink }];

    public bool HasMetadata => Entries.Any(entry => entry.Mode is not null || entry.Mtime is not null);

    public override string ToString() => Id;

    /// <summary>
    /// Materialises the case below <paramref name="directory"/> and returns the path to give to the packer: the directory itself,
    /// or for a file or symlink case the one entry in it. Names are UTF-8; modes and mtimes are set where the case has them.
    /// </summary>
    public string WriteTo(string directory)
    {
        Directory.CreateDirectory(directory);
        string Full(GoldenEntry entry) => entry.Path.Length > 0 ? Path.Combine(directory, entry.Path)
            : IsDirectory ? directory
            : Path.Combine(directory, Id);

        foreach (GoldenEntry entry in Entries)
        {
            string path = Full(entry);
            if (entry.Type == GoldenType.Directory)
            {
                Directory.CreateDirectory(path);
                continue;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (entry.Type == GoldenType.Symlink)
            {
                File.CreateSymbolicLink(path, entry.Target!);
                continue;
            }

            using Stream content = entry.Open();
            using FileStream file = File.Create(path);
            content.CopyTo(file);
        }

        // Deepest first and after all writing: a later entry would touch its parent's mtime, or find it not writable
        foreach (GoldenEntry entry in Entries.OrderByDescending(entry => entry.Path.Count(c => c == '/')).ThenByDescending(entry => entry.Path.Length))
        {
            if (entry.Mode is { } mode && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(Full(entry), (UnixFileMode)mode);
            if (entry.Mtime is { } mtime)
                SetMtime(Full(entry), mtime);
        }

        return IsDirectory ? directory : Full(Entries[0]);
    }

    private static void SetMtime(string path, (long Seconds, int Nanos) mtime)
    {
        // The framework keeps 100 ns; the cases need single nanoseconds, and the link itself rather than its target
        long[] times = [0, TimeOmit, mtime.Seconds, mtime.Nanos];
        if (utimensat(AtFdCwd, path, times, SymlinkNoFollow) != 0)
            throw new IOException($"utimensat on '{path}' failed with errno {Marshal.GetLastPInvokeError()}.");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int utimensat(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, long[] times, int flags);
}
