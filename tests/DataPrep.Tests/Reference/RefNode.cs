namespace DataPrep.Tests.Reference;

/// <summary>An entry of the tree to build. Mode and mtime are written exactly when they are given.</summary>
internal abstract record RefNode;

/// <summary>A regular file; <paramref name="Open"/> is called once for each build.</summary>
internal sealed record RefFile(Func<Stream> Open, uint? Mode = null, (long Seconds, int Nanos)? Mtime = null) : RefNode
{
    public RefFile(byte[] content, uint? mode = null, (long Seconds, int Nanos)? mtime = null)
        : this(() => new MemoryStream(content, writable: false), mode, mtime)
    {
    }

    public byte[] Bytes()
    {
        using var stream = Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}

/// <summary>A directory; the entries may come in any order, names are raw bytes.</summary>
internal sealed record RefDirectory(
    IReadOnlyList<(byte[] Name, RefNode Node)> Entries,
    uint? Mode = null,
    (long Seconds, int Nanos)? Mtime = null) : RefNode;

/// <summary>A symbolic link; links never carry a mode.</summary>
internal sealed record RefSymlink(byte[] Target, (long Seconds, int Nanos)? Mtime = null) : RefNode;

/// <summary>Everything that decides the bytes of a DAG; sizes in bytes.</summary>
internal sealed record RefOptions(
    long ChunkSize,
    int MaxLinks,
    int CidVersion,
    bool RawLeaves,
    long HamtThreshold = 262144,
    int HamtFanout = 256,
    bool BlockBytes = false)
{
    /// <summary>Keeps the bytes of file leaves in the blocks too (the other blocks always keep theirs).</summary>
    public bool KeepLeafBytes { get; init; }

    public static RefOptions V1_2025 { get; } = new(1048576, 1024, 1, RawLeaves: true, BlockBytes: true);

    public static RefOptions V0_2015 { get; } = new(262144, 174, 0, RawLeaves: false);
}
