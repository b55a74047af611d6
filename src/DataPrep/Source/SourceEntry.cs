namespace DataPrep.Source;

internal enum EntryKind : byte
{
    File,
    Directory,
    Symlink,

    /// <summary>Taken out after the scan, since it could not be read.</summary>
    Removed,
}

/// <summary>One entry of a <see cref="SourceTree"/>: 56 bytes, since there are millions.</summary>
internal struct SourceEntry
{
    private const int KindShift = 62, KeptShift = NameRef.Width, TaggedShift = NameRef.Width + 1;

    public PackedStamp Stamp;

    // kind 2 | tagged 1 | kept 1 | name 60
    private ulong bits;

    /// <summary>Index of the folder that holds it; -1 for the root.</summary>
    public int Parent;

    /// <summary>Index after the last entry below it.</summary>
    public int End;

    public SourceEntry(EntryKind kind, NameRef name, in PackedStamp stamp, bool isTagged)
    {
        bits = name.Bits | ((ulong)kind << KindShift) | ((isTagged ? 1UL : 0) << TaggedShift);
        Stamp = stamp;
    }

    public EntryKind Kind
    {
        readonly get => (EntryKind)(bits >> KindShift);
        set => bits = (bits & ((1UL << KindShift) - 1)) | ((ulong)value << KindShift);
    }

    /// <summary>Whether it is what an earlier version has, whose blocks are not packed again; of a folder, all that is below it too.</summary>
    public bool IsKept
    {
        readonly get => (bits >> KeptShift & 1) != 0;
        set => bits = (bits & ~(1UL << KeptShift)) | ((value ? 1UL : 0) << KeptShift);
    }

    /// <summary>Whether a tag stands behind its name.</summary>
    public readonly bool IsTagged => (bits >> TaggedShift & 1) != 0;

    public readonly NameRef Name => new(bits & ((1UL << NameRef.Width) - 1));

    /// <summary>Content bytes: of a file its size, of a symlink the length of its target, else 0.</summary>
    public readonly long Size => Kind is EntryKind.File or EntryKind.Symlink ? Stamp.Size : 0;
}

/// <summary>A <see cref="FileStamp"/> in 40 bytes, with the device as a number that the tree keeps.</summary>
internal readonly struct PackedStamp(in FileStamp stamp, long size, ushort device)
{
    private readonly ulong inode = stamp.Inode;
    private readonly long changeTime = stamp.ChangeTime;
    private readonly ushort mode = (ushort)stamp.Mode;

    public long Size { get; } = size;

    public long ModifySeconds { get; } = stamp.ModifySeconds;

    public int ModifyNanoseconds { get; } = stamp.ModifyNanoseconds;

    /// <summary>File type and permission bits, as in <c>st_mode</c>.</summary>
    public uint Mode => mode;

    /// <summary>The permission bits with set-id and sticky bits: the low 12.</summary>
    public uint Permissions => Mode & 0xFFF;

    public ushort Device { get; } = device;

    public FileStamp Unpack(ulong device) => new()
    {
        Device = device,
        Inode = inode,
        Size = Size,
        ModifySeconds = ModifySeconds,
        ModifyNanoseconds = ModifyNanoseconds,
        ChangeTime = changeTime,
        Mode = mode,
    };
}
