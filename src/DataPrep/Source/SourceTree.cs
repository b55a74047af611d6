using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DataPrep.Source;

/// <summary>What was not taken, and why.</summary>
/// <param name="Path">Path in the dataset, bytes.</param>
/// <param name="Reason">A code: <c>unreadable</c>, <c>vanished</c>, <c>changed</c>, <c>replaced</c>, <c>socket</c>, <c>fifo</c>, <c>device</c>.</param>
/// <param name="Detail">A sentence for people.</param>
internal sealed record SkippedInput(byte[] Path, string Reason, string Detail);

/// <summary>
/// The scanned source in canonical order: every folder before its content, siblings sorted by the bytes of their
/// names. Entry 0 is the root. The children of entry d are d+1, then each time <c>End</c> of the one before.
/// </summary>
internal sealed class SourceTree
{
    // Blocks and not one list: a list has both its old and its doubled memory when it grows.
    private const int BlockBits = 12;

    // The first one grows, since there are as many trees as pieces, and most of these are small.
    private const int SmallBlock = 64;
    private readonly List<SourceEntry[]> blocks = [];
    private readonly NamePool names = new();
    private readonly List<ulong> devices = [];
    private readonly Dictionary<int, byte[]> anchors = [];
    private readonly List<SkippedInput> skipped = [];
    private int lastDevice = -1;

    /// <summary>Most bytes of a tag.</summary>
    public const int LongestTag = byte.MaxValue;

    public int Count { get; private set; }

    /// <summary>Whether any file has a tag.</summary>
    public bool HasTags { get; private set; }

    /// <summary>Entries that were left out, in the order of their discovery.</summary>
    public IReadOnlyList<SkippedInput> Skipped => skipped;

    public ref readonly SourceEntry this[int index] => ref At(index);

    private ref SourceEntry At(int index) => ref blocks[index >> BlockBits][index & ((1 << BlockBits) - 1)];

    public ReadOnlySpan<byte> Name(int index) => names[this[index].Name];

    /// <summary>Target of a symlink; else empty.</summary>
    public ReadOnlySpan<byte> Target(int index)
    {
        ref readonly var entry = ref this[index];
        return entry.Kind == EntryKind.Symlink ? names.Behind(entry.Name, (int)entry.Size) : [];
    }

    /// <summary>
    /// What a remote file was listed with, as the server sent it: its strong ETag, quotes and all, or another validator; see
    /// <see cref="ObjectState.Tag"/>. Empty where there is none, as of all that is local.
    /// </summary>
    public ReadOnlySpan<byte> Tag(int index)
    {
        ref readonly var entry = ref this[index];
        if (!entry.IsTagged || entry.Kind != EntryKind.File)
            return [];
        int length = names.Behind(entry.Name, 1)[0];
        return names.Behind(entry.Name, 1 + length)[1..];
    }

    /// <summary>What tells a file from one that took its place with the same size and time: its inode, or a hash of its tag where it has one.</summary>
    public ulong Identity(int index)
    {
        var tag = Tag(index);
        return tag.IsEmpty ? Stamp(index).Inode : BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(tag));
    }

    /// <summary>State of an entry when it was scanned. The size of a symlink is the length of its target.</summary>
    public FileStamp Stamp(int index)
    {
        ref readonly var stamp = ref this[index].Stamp;
        return stamp.Unpack(devices[stamp.Device]);
    }

    /// <summary>Appends an entry; its folder must have been appended before, its content must follow.</summary>
    /// <param name="location">Absolute path where it is not its folder's path and its name.</param>
    /// <param name="tag">Of a remote file, at most <see cref="LongestTag"/> bytes; see <see cref="Tag"/>.</param>
    public int Add(EntryKind kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, in FileStamp stamp, int parent, byte[]? location = null, ReadOnlySpan<byte> tag = default)
    {
        int index = Count;
        if (index >> BlockBits == blocks.Count)
            blocks.Add(new SourceEntry[index == 0 ? SmallBlock : 1 << BlockBits]);
        else if (index == blocks[0].Length && index < 1 << BlockBits)
            blocks[0] = Larger(blocks[0]);
        long size = kind == EntryKind.Symlink ? target.Length : stamp.Size;
        var place = tag.IsEmpty ? names.Add(name, target) : AddTagged(name, tag);
        At(index) = new SourceEntry(kind, place, new PackedStamp(stamp, size, Device(stamp.Device)), !tag.IsEmpty)
        {
            Parent = parent,
            End = index + 1,
        };
        if (location is not null)
            anchors[index] = location;
        Count++;
        return index;
    }

    /// <summary>Whether anything is left in a folder.</summary>
    public bool HoldsAnything(int folder)
    {
        for (int child = folder + 1; child < this[folder].End; child = this[child].End)
        {
            if (this[child].Kind != EntryKind.Removed)
                return true;
        }

        return false;
    }

    /// <summary>Says that all that is below a folder has been appended.</summary>
    public void Close(int folder) => At(folder).End = Count;

    /// <summary>Takes back the entry that was appended last, which has no content.</summary>
    public void DropLast() => Count--;

    public void Skip(byte[] path, string reason, string detail) => skipped.Add(new SkippedInput(path, reason, detail));

    /// <summary>Takes a file or symlink out of the tree and notes why.</summary>
    public void Remove(int index, string reason, string detail)
    {
        ref var entry = ref At(index);
        if (entry.Kind == EntryKind.Directory)
            throw new InvalidOperationException("Only what has no content of its own can be taken out.");
        Skip(DatasetPath(index), reason, detail);
        entry.Kind = EntryKind.Removed;
    }

    /// <summary>Takes a file's present state for its scanned one.</summary>
    public void Renew(int index, in FileStamp stamp, ReadOnlySpan<byte> tag = default)
    {
        ref var entry = ref At(index);
        var packed = new PackedStamp(stamp, stamp.Size, Device(stamp.Device));
        if (tag.SequenceEqual(Tag(index)))
        {
            entry.Stamp = packed;
            return;
        }

        // A tag stands behind a name, so the name is kept once more.
        byte[] name = Name(index).ToArray();
        entry = new SourceEntry(entry.Kind, tag.IsEmpty ? names.Add(name) : AddTagged(name, tag), packed, !tag.IsEmpty)
        {
            Parent = entry.Parent,
            End = entry.End,
            IsKept = entry.IsKept,
        };
    }

    /// <summary>Says whether an entry is what an earlier version has.</summary>
    public void Keep(int index, bool isKept = true) => At(index).IsKept = isKept;

    /// <summary>Path in the dataset: relative, parts joined by '/', empty for a root folder.</summary>
    public byte[] DatasetPath(int index)
    {
        // A root that is not a folder has a name; a root folder has none in the dataset.
        if (index == 0)
            return this[0].Kind == EntryKind.Directory ? [] : Name(0).ToArray();
        int length = -1;
        for (int i = index; i > 0; i = this[i].Parent)
            length += this[i].Name.Length + 1;
        byte[] path = new byte[length];
        int at = length;
        for (int i = index; i > 0; i = this[i].Parent)
        {
            var name = Name(i);
            at -= name.Length;
            name.CopyTo(path.AsSpan(at));
            if (at > 0)
                path[--at] = (byte)'/';
        }

        return path;
    }

    /// <summary>The entries that were added with an absolute path, in their order: the sources.</summary>
    public IEnumerable<int> Anchored => anchors.Keys.Order();

    /// <summary>The absolute path that an entry was added with, or null where its place is in its folder.</summary>
    public byte[]? Anchor(int index) => anchors.GetValueOrDefault(index);

    /// <summary>Absolute path in the file system.</summary>
    public byte[] Location(int index)
    {
        if (anchors.TryGetValue(index, out byte[]? location))
            return location;
        var parts = new Stack<int>();
        int i = index;
        for (; !anchors.ContainsKey(i); i = this[i].Parent)
            parts.Push(i);
        var path = new List<byte>(anchors[i]);
        while (parts.TryPop(out int part))
        {
            if (path[^1] != '/')
                path.Add((byte)'/');
            path.AddRange(Name(part));
        }

        return [.. path];
    }

    private NameRef AddTagged(ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tag.Length, LongestTag);
        Span<byte> behind = stackalloc byte[1 + LongestTag];
        behind[0] = (byte)tag.Length;
        tag.CopyTo(behind[1..]);
        HasTags = true;
        return names.Add(name, behind[..(1 + tag.Length)]);
    }

    private static SourceEntry[] Larger(SourceEntry[] block)
    {
        Array.Resize(ref block, 2 * block.Length);
        return block;
    }

    /// <exception cref="IOException">There are more devices than can be told apart.</exception>
    private ushort Device(ulong device)
    {
        if (lastDevice >= 0 && devices[lastDevice] == device)
            return (ushort)lastDevice;
        lastDevice = devices.IndexOf(device);
        if (lastDevice < 0)
        {
            if (devices.Count > ushort.MaxValue)
                throw new IOException($"the source spans more than {devices.Count} file systems");
            lastDevice = devices.Count;
            devices.Add(device);
        }

        return (ushort)lastDevice;
    }
}
