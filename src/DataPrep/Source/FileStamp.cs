namespace DataPrep.Source;

/// <summary>
/// What tells whether a file is still the file that was scanned: inode, size in bytes, times of modification and of status
/// change. Equal before and after reading means that the bytes between are of one state. The device is kept, and not compared: network
/// file systems, and some local ones, get another number with each mount, on each machine.
/// </summary>
internal readonly record struct FileStamp
{
    public ulong Device { get; init; }

    public ulong Inode { get; init; }

    public long Size { get; init; }

    public long ModifySeconds { get; init; }

    public int ModifyNanoseconds { get; init; }

    /// <summary>Nanoseconds since 1970, modulo 2^64: it is only ever compared.</summary>
    public long ChangeTime { get; init; }

    /// <summary>File type and permission bits, as in <c>st_mode</c>.</summary>
    public uint Mode { get; init; }

    public int Type => (int)Mode & Posix.S_IFMT;

    /// <summary>The permission bits with set-id and sticky bits: the low 12.</summary>
    public uint Permissions => Mode & 0xFFF;

    /// <summary>Says in words how a file differs from its scanned state, or null where it does not.</summary>
    public string? DifferenceFrom(in FileStamp scanned)
    {
        if (Inode != scanned.Inode)
            return "replaced by another file";
        if (Size != scanned.Size)
            return Size > scanned.Size ? $"grew from {scanned.Size} to {Size} bytes" : $"shrank from {scanned.Size} to {Size} bytes";
        if (ModifySeconds != scanned.ModifySeconds || ModifyNanoseconds != scanned.ModifyNanoseconds)
            return "was modified";
        return ChangeTime != scanned.ChangeTime ? "changed its status" : null;
    }
}
