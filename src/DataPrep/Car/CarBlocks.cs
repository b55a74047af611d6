using DataPrep.Ipld;
using DataPrep.Unixfs;

namespace DataPrep.Car;

/// <summary>Random access to the blocks of a CAR, by an index made in one pass over its sections.</summary>
internal sealed class CarBlocks : IBlockSource, IDisposable
{
    private readonly BlockIndex index;
    private readonly FileHandles files;
    private readonly bool ownsFiles;

    /// <summary>Makes the index from the section headers.</summary>
    /// <param name="files">Keeps the file open between reads; null for handles of its own.</param>
    /// <param name="onFault">Takes what is wrong with the file; what comes before it counts all the same. Null where it is to be thrown.</param>
    /// <exception cref="MalformedDataException">The file is no CAR, or is cut off.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CarBlocks(string path, CarReadOptions? options = null, FileHandles? files = null, Action<MalformedDataException>? onFault = null)
    {
        Path = path;
        index = new BlockIndex();
        Roots = [];
        try
        {
            using var reader = CarBytes.OpenReader(path, (options ?? new CarReadOptions()) with { SkipData = true }, files?.Source);
            Roots = reader.Roots;
            while (reader.TryReadSection(out var section))
                _ = index.TryAdd(section.Cid, section.DataOffset, section.DataLength);
        }
        catch (MalformedDataException e) when (onFault is not null)
        {
            onFault(e);
        }

        index.Trim();
        (this.files, ownsFiles) = (files ?? new FileHandles(1), files is null);
    }

    /// <summary>Takes an index that was made by who read the file anyway.</summary>
    public CarBlocks(string path, IReadOnlyList<Cid> roots, BlockIndex index, FileHandles files) =>
        (Path, Roots, this.index, this.files) = (path, roots, index, files);

    public string Path { get; }

    public IReadOnlyList<Cid> Roots { get; }

    public bool Contains(in Cid cid) => index.TryFind(cid, out _, out _);

    public long Length(in Cid cid) => index.TryFind(cid, out _, out int length) ? length : -1;

    /// <summary>CID of the section at an offset, or null where no section can begin.</summary>
    public Cid? CidAt(long sectionOffset) => SectionAt(sectionOffset) is var (cid, _) ? cid : null;

    /// <summary>CID and length of the section at an offset, its length varint included, or null where no section can begin.</summary>
    public (Cid Cid, long Length)? SectionAt(long sectionOffset)
    {
        Span<byte> head = stackalloc byte[Varint.MaxLength + Cid.MaxByteLength];
        if (sectionOffset < 0)
            return null;
        head = head[..files.Of(Path).ReadHeaders(sectionOffset, head)];
        if (Varint.TryRead(head, out ulong section, out int prefix) != VarintStatus.Ok || !Cid.TryRead(head[prefix..], out var cid, out int cidLength))
            return null;

        // One byte too early can look like a section too, of another length.
        return index.TryFind(cid, out _, out int length) && section == (ulong)(cidLength + length) ? (cid, prefix + (long)section) : null;
    }

    /// <summary>Where a block stands in the file.</summary>
    public bool TryFind(in Cid cid, out long offset, out int length) => index.TryFind(cid, out offset, out length);

    public byte[]? Read(in Cid cid)
    {
        if (!index.TryFind(cid, out _, out int length))
            return null;
        byte[] block = new byte[length];
        _ = TryRead(cid, block);
        return block;
    }

    public bool TryRead(in Cid cid, Span<byte> destination)
    {
        if (!index.TryFind(cid, out long offset, out _))
            return false;
        var bytes = files.Of(Path);
        _ = Check(cid, destination, bytes.Read(offset, destination), offset, bytes);
        return true;
    }

    /// <summary>Holds what was read of a block against its CID.</summary>
    /// <param name="bytes">What it was read from.</param>
    /// <exception cref="MalformedDataException">It is another block, or not all of it.</exception>
    /// <exception cref="SourceFaultException">The same, of an inline piece whose source has changed.</exception>
    public static BlockCheck Check(in Cid cid, ReadOnlySpan<byte> block, int read, long offset, CarBytes bytes)
    {
        var check = read < block.Length ? BlockCheck.Mismatch : BlockHash.Verify(cid, block);
        return check == BlockCheck.Mismatch ? throw bytes.Mismatch($"block {cid} does not match its CID", offset, block.Length) : check;
    }

    public void Dispose()
    {
        if (ownsFiles)
            files.Dispose();
    }
}
