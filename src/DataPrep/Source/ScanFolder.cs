using System.Buffers.Binary;
using System.Runtime.ExceptionServices;

namespace DataPrep.Source;

/// <summary>A folder in the course of the scan, until all that is below it stands in the tree.</summary>
internal sealed class ScanFolder
{
    private readonly ScanFolder? parent;
    private readonly int nameInParent;
    private readonly byte[] location = [];
    private readonly int pathLength;
    private readonly int sourceLength;
    private PooledList<byte> bytes;
    private PooledList<NameKey> names;

    /// <param name="location">Absolute path of a source.</param>
    /// <param name="device">The file system that it is on.</param>
    public ScanFolder(byte[] location, ulong device, FolderScope scope)
    {
        this.location = location;
        (Device, Scope) = (device, scope);
        pathLength = sourceLength = location.Length;
        First = new ScanBatch(this, 0);
    }

    /// <param name="isClosed">It is taken as an empty one, whatever it holds.</param>
    public ScanFolder(ScanFolder parent, int nameInParent, FolderScope scope, bool isClosed)
    {
        (this.parent, this.nameInParent) = (parent, nameInParent);
        (Device, Scope, IsClosed) = (parent.Device, scope, isClosed);
        pathLength = parent.pathLength + 1 + OwnName.Length;
        sourceLength = parent.sourceLength;
        First = new ScanBatch(this, 0);
    }

    /// <summary>The file system of its source.</summary>
    public ulong Device { get; }

    /// <summary>What of it is taken.</summary>
    public FolderScope Scope { get; }

    public bool IsClosed { get; }

    /// <summary>The batch with which the names are read too.</summary>
    public ScanBatch First { get; }

    /// <summary>The batches after the first; known when that has been read.</summary>
    public ScanBatch[] Rest { get; private set; } = [];

    /// <summary>The error for which its names could not be read, or 0.</summary>
    public int Error { get; set; }

    /// <summary>How many names it holds.</summary>
    public int Count => names.Count;

    /// <summary>A name with its closing NUL.</summary>
    public ReadOnlySpan<byte> Terminated(int index)
    {
        var name = names.Items[index];
        return bytes.Items.Slice(name.Offset, name.Length + 1);
    }

    public ReadOnlySpan<byte> Name(int index) => Terminated(index)[..^1];

    /// <summary>A file system whose folder changes while it is listed may give a name twice.</summary>
    public bool IsRepeated(int index) => index > 0 && Name(index).SequenceEqual(Name(index - 1));

    public void Add(ReadOnlySpan<byte> name)
    {
        names.Add(new NameKey(0, bytes.Count, name.Length));
        bytes.AddRange(name);
        bytes.Add(0);
    }

    /// <summary>Ends the adding of names: sorts them by their bytes, and divides them into batches.</summary>
    public void Sort()
    {
        if (Count > ScanBatch.Most)
            Rest = [.. Enumerable.Range(1, (Count - 1) / ScanBatch.Most).Select(i => new ScanBatch(this, i * ScanBatch.Most))];
        // Eight bytes from the first in which any two names differ decide nearly all comparisons.
        if (Count < 2)
            return;
        int common = int.MaxValue;
        for (int i = 1; i < Count; i++)
            common = Math.Min(common, Terminated(0).CommonPrefixLength(Terminated(i)));
        var keys = names.Items;
        Span<byte> start = stackalloc byte[8];
        for (int i = 0; i < keys.Length; i++)
        {
            start.Clear();
            var rest = Name(i)[Math.Min(common, keys[i].Length)..];
            rest[..Math.Min(8, rest.Length)].CopyTo(start);
            keys[i] = keys[i] with { Start = BinaryPrimitives.ReadUInt64BigEndian(start) };
        }

        keys.Sort(Compare);
    }

    /// <summary>Absolute path, in a buffer that grows as needed.</summary>
    public ReadOnlySpan<byte> Path(ref byte[] buffer)
    {
        if (buffer.Length < pathLength)
            buffer = new byte[2 * pathLength];
        for (var folder = this; folder is not null; folder = folder.parent)
        {
            var name = folder.OwnName;
            name.CopyTo(buffer.AsSpan(folder.pathLength - name.Length));
            if (folder.parent is not null)
                buffer[folder.parent.pathLength] = (byte)'/';
        }

        return buffer.AsSpan(0, pathLength);
    }

    /// <summary>Of its absolute path what is behind its source's: empty for a source itself.</summary>
    public ReadOnlySpan<byte> PathInSource(ReadOnlySpan<byte> path) => path.Length == sourceLength ? [] : path[(sourceLength + 1)..];

    /// <summary>Ends the use of the names; those of the folders below must have ended before.</summary>
    public void Release()
    {
        names.Release();
        bytes.Release();
    }

    private ReadOnlySpan<byte> OwnName => parent is null ? location : parent.Name(nameInParent);

    private int Compare(NameKey a, NameKey b) => a.Start != b.Start
        ? a.Start.CompareTo(b.Start)
        : bytes.Items.Slice(a.Offset, a.Length).SequenceCompareTo(bytes.Items.Slice(b.Offset, b.Length));

    private readonly record struct NameKey(ulong Start, int Offset, int Length);
}

/// <summary>The state of some of a folder's entries, one after the other by name: what is read by one thread at a time.</summary>
internal sealed class ScanBatch(ScanFolder folder, int begin)
{
    public const int Most = 1024;

    /// <summary>What is taken, sorted by name.</summary>
    public PooledList<FoundEntry> Entries;

    /// <summary>Targets of the symlinks, one after the other.</summary>
    public PooledList<byte> Targets;

    public ScanFolder Folder => folder;

    public int Begin => begin;

    public int End => Math.Min(begin + Most, folder.Count);

    /// <summary>The folders among the entries, in their order.</summary>
    public List<ScanFolder> Folders { get; } = [];

    /// <summary>What is not taken, with the number of its name.</summary>
    public List<SkippedName> Skipped { get; } = [];

    public ScanState State { get; set; }

    public ExceptionDispatchInfo? Failure { get; set; }

    public void Release()
    {
        Entries.Release();
        Targets.Release();
    }
}

/// <param name="Name">Number of its name in the folder.</param>
internal sealed record SkippedName(int Name, string Reason, string Detail);

/// <param name="Name">Number of its name in the folder.</param>
/// <param name="TargetLength">Of a symlink; else 0.</param>
internal readonly record struct FoundEntry(FileStamp Stamp, int Name, int TargetLength, EntryKind Kind);

internal enum ScanState
{
    Waiting,
    Taken,
    Done,
}
