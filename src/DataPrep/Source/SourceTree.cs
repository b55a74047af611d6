namespace DataPrep.Source;

internal enum EntryKind : byte
{
    File,
    Directory,
    Symlink,

    /// <summary>Taken out after the scan, since it could not be read.</summary>
    Removed,
}

/// <summary>One entry of a <see cref="SourceTree"/>.</summary>
internal struct SourceEntry
{
    public FileStamp Stamp;
    public NameRef Name;

    /// <summary>Target of a symlink.</summary>
    public NameRef Target;

    /// <summary>Index of the folder that holds it; -1 for the root.</summary>
    public int Parent;

    /// <summary>Index after the last entry below it.</summary>
    public int End;

    public EntryKind Kind;

    /// <summary>Content bytes: of a file its size, of a symlink the length of its target, else 0.</summary>
    public readonly long Size => Kind switch
    {
        EntryKind.File => Stamp.Size,
        EntryKind.Symlink => Target.Length,
        _ => 0,
    };
}

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
    private readonly List<SourceEntry> entries = [];
    private readonly NamePool names = new();
    private readonly Dictionary<int, byte[]> anchors = [];
    private readonly List<SkippedInput> skipped = [];

    public int Count => entries.Count;

    /// <summary>Entries that were left out, in the order of their discovery.</summary>
    public IReadOnlyList<SkippedInput> Skipped => skipped;

    public ref readonly SourceEntry this[int index] => ref System.Runtime.InteropServices.CollectionsMarshal.AsSpan(entries)[index];

    private ref SourceEntry At(int index) => ref System.Runtime.InteropServices.CollectionsMarshal.AsSpan(entries)[index];

    public ReadOnlySpan<byte> Name(int index) => names[this[index].Name];

    public ReadOnlySpan<byte> Target(int index) => names[this[index].Target];

    /// <summary>Appends an entry; its folder must have been appended before, its content must follow.</summary>
    /// <param name="location">Absolute path where it is not its folder's path and its name.</param>
    public int Add(EntryKind kind, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target, in FileStamp stamp, int parent, byte[]? location = null)
    {
        int index = entries.Count;
        entries.Add(new SourceEntry
        {
            Kind = kind,
            Name = names.Add(name),
            Target = kind == EntryKind.Symlink ? names.Add(target) : default,
            Stamp = stamp,
            Parent = parent,
            End = index + 1,
        });
        if (location is not null)
            anchors[index] = location;
        return index;
    }

    /// <summary>Says that all that is below a folder has been appended.</summary>
    public void Close(int folder) => At(folder).End = entries.Count;

    /// <summary>Takes back the entry that was appended last, which has no content.</summary>
    public void DropLast() => entries.RemoveAt(entries.Count - 1);

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
    public void Renew(int index, in FileStamp stamp) => At(index).Stamp = stamp;

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
}
