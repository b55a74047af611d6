using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Comparison;

/// <summary>An entry of one side of a comparison.</summary>
/// <param name="Path">Bytes.</param>
/// <param name="Type"><c>file</c>, <c>dir</c> or <c>symlink</c>.</param>
/// <param name="Digest">Of its CID; empty where it is not known.</param>
/// <param name="Reference">By which the list finds it again; rises from entry to entry.</param>
internal readonly record struct ListedEntry(byte[] Path, string Type, long Size, uint Mode, string? Mtime, ReadOnlyMemory<byte> Digest, long Reference)
{
    /// <summary>A file or symlink that was to be hashed and could not be read, or changed meanwhile.</summary>
    public bool IsUnreadable { get; init; }
}

/// <summary>One side of a comparison: entries sorted by path, part by part. It can be gone through several times.</summary>
internal abstract class EntryList : IDisposable
{
    /// <summary>What it is called in messages.</summary>
    public abstract string Name { get; }

    /// <exception cref="MalformedDataException">A list is damaged, or not sorted.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public abstract IEnumerable<ListedEntry> Read();

    public abstract ListedEntry At(long reference);

    public virtual void Dispose()
    {
    }
}

/// <summary>The entries of a <c>files.jsonl</c>.</summary>
internal sealed class RecordList(string path) : EntryList
{
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);

    public override string Name => path;

    public override IEnumerable<ListedEntry> Read()
    {
        byte[]? last = null;
        foreach (var (record, offset) in RecordFile.ReadLines(path, RecordJson.Default.FileRecord))
        {
            var entry = Entry(record, offset);
            if (last is not null && PathText.Compare(last, entry.Path) >= 0)
                throw new MalformedDataException($"'{record.Path}' does not come behind the path before it: the list is not sorted", offset, path);
            last = entry.Path;
            yield return entry;
        }
    }

    public override ListedEntry At(long reference) => Entry(RecordFile.ReadLine(file, path, reference, RecordJson.Default.FileRecord), reference);

    public override void Dispose()
    {
        file.Dispose();
        base.Dispose();
    }

    private ListedEntry Entry(FileRecord record, long offset)
    {
        if (!Cid.TryParse(record.Cid, out var cid))
            throw new MalformedDataException($"'{record.Cid}' is no CID", offset, path);
        if (record.Type is not ("file" or "dir" or "symlink"))
            throw new MalformedDataException($"'{record.Type}' is no type of an entry", offset, path);
        try
        {
            return new ListedEntry(RecordFile.PathBytes(record.Path, record.PathHex), record.Type, record.Size, record.Mode, record.Mtime, cid.Digest.ToArray(), offset);
        }
        catch (FormatException)
        {
            throw new MalformedDataException($"'{record.PathHex}' is no hex", offset, path);
        }
    }
}

/// <summary>The entries of files and folders as they are now.</summary>
/// <param name="profile">The parameters by which CIDs are made; null where they are not known.</param>
/// <param name="content">Digests of the files that are marked as kept; null where none was hashed.</param>
internal sealed class TreeList(string name, SourceTree tree, UnixFsProfile? profile, ContentCheck? content) : EntryList
{
    public override string Name => name;

    public override IEnumerable<ListedEntry> Read()
    {
        for (int i = 0; i < tree.Count; i++)
        {
            if (tree[i].Kind != EntryKind.Removed && (i > 0 || tree[i].Kind != EntryKind.Directory))
                yield return At(i);
        }
    }

    public override ListedEntry At(long reference)
    {
        int entry = (int)reference;
        var record = EntryRecord.Of(tree, entry)!;
        var digest = DigestOf(entry);
        bool isUnreadable = digest.Length > 0 && digest.AsSpan().IndexOfAnyExcept((byte)0) < 0;
        return new ListedEntry(tree.DatasetPath(entry), record.Type, record.Size, record.Mode, record.Mtime, isUnreadable ? default : digest, reference) { IsUnreadable = isUnreadable };
    }

    public override void Dispose()
    {
        content?.Dispose();
        base.Dispose();
    }

    private byte[] DigestOf(int entry) => tree[entry].Kind switch
    {
        EntryKind.File when content is not null && tree[entry].IsKept => content[entry].ToArray(),
        EntryKind.Symlink when profile is not null && Cid.TryParse(EarlierVersion.CidOfSymlink(tree, profile, entry), out var cid) => cid.Digest.ToArray(),
        _ => [],
    };
}
