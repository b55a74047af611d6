using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>The first byte of an entry.</summary>
[Flags]
internal enum EntryFlags : byte
{
    /// <summary>Two bits: an <see cref="EntryKind"/>.</summary>
    Kind = 3,

    /// <summary>A device follows, other than the last entry's.</summary>
    Device = 4,

    /// <summary>A mode follows, other than that of the last entry of the kind.</summary>
    Mode = 8,

    /// <summary>Nanoseconds of the time of modification follow; else they are 0.</summary>
    Nanoseconds = 16,

    /// <summary>The time of the status change follows; else it is that of the modification.</summary>
    ChangeTime = 32,

    /// <summary>An absolute path follows.</summary>
    Anchor = 64,

    /// <summary>It is what an earlier version has.</summary>
    Kept = 128,
}

/// <summary>
/// Stamps one after the other, as what differs. Writing and reading keep the same state. The size of a symlink is left
/// out: it is the length of its target.
/// </summary>
internal sealed class StampDeltas
{
    private readonly uint[] modes = new uint[4];
    private FileStamp last;

    public EntryFlags Flags(EntryKind kind, in FileStamp stamp)
    {
        var flags = (EntryFlags)0;
        if (stamp.Device != last.Device)
            flags |= EntryFlags.Device;
        if (stamp.Mode != modes[(int)kind])
            flags |= EntryFlags.Mode;
        if (stamp.ModifyNanoseconds != 0)
            flags |= EntryFlags.Nanoseconds;
        if (stamp.ChangeTime != ModifyTime(stamp.ModifySeconds, stamp.ModifyNanoseconds))
            flags |= EntryFlags.ChangeTime;
        return flags;
    }

    public void Write(PlanOutput output, in FileStamp stamp, EntryFlags flags)
    {
        var kind = (EntryKind)(flags & EntryFlags.Kind);
        if ((flags & EntryFlags.Device) != 0)
            output.UInt64(stamp.Device);
        if ((flags & EntryFlags.Mode) != 0)
            output.UInt16((ushort)stamp.Mode);
        output.Delta(stamp.Inode, last.Inode);
        output.Delta((ulong)stamp.ModifySeconds, (ulong)last.ModifySeconds);
        if ((flags & EntryFlags.Nanoseconds) != 0)
            output.UInt32((uint)stamp.ModifyNanoseconds);
        if ((flags & EntryFlags.ChangeTime) != 0)
            output.Delta((ulong)stamp.ChangeTime, (ulong)last.ChangeTime);
        if (kind != EntryKind.Symlink)
            output.Varint((ulong)stamp.Size);
        modes[(int)kind] = stamp.Mode;
        last = stamp;
    }

    public FileStamp Read(PlanInput input, EntryKind kind, EntryFlags flags)
    {
        ulong device = (flags & EntryFlags.Device) != 0 ? input.UInt64() : last.Device;
        uint mode = (flags & EntryFlags.Mode) != 0 ? input.UInt16() : modes[(int)kind];
        ulong inode = input.Delta(last.Inode);
        long seconds = (long)input.Delta((ulong)last.ModifySeconds);
        int nanoseconds = (flags & EntryFlags.Nanoseconds) != 0 ? (int)input.UInt32() : 0;
        long change = (flags & EntryFlags.ChangeTime) != 0 ? (long)input.Delta((ulong)last.ChangeTime) : ModifyTime(seconds, nanoseconds);
        long size = kind == EntryKind.Symlink ? 0 : input.Size();
        modes[(int)kind] = mode;
        last = new FileStamp
        {
            Device = device,
            Inode = inode,
            Size = size,
            ModifySeconds = seconds,
            ModifyNanoseconds = nanoseconds,
            ChangeTime = change,
            Mode = mode,
        };
        return last;
    }

    private static long ModifyTime(long seconds, int nanoseconds) => unchecked((seconds * 1_000_000_000) + nanoseconds);
}
