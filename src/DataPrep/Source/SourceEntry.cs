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
    private const int KindShift = 62;

    public PackedStamp Stamp;

    // kind 2 | name 62
    private ulong nameAndKind;

    /// <summary>Index of the folder that holds it; -1 for the root.</summary>
    public int Parent;

    /// <summary>Index after the last entry below it.</summary>
    public int End;

    public SourceEntry(EntryKind kind, NameRef name, in PackedStamp stamp)
    {
        nameAndKind = name.Bits | ((ulong)kind << KindShift);
        Stamp = stamp;
    }

    public EntryKind Kind
    {
        readonly get => (EntryKind)(nameAndKind >> KindShift);
        set => nameAndKind = Name.Bits | ((ulong)value << KindShift);
    }

    public readonly NameRef Name => new(nameAndKind & ((1UL << KindShift) - 1));

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
