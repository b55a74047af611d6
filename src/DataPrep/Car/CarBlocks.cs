using DataPrep.Ipld;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>Random access to the blocks of a CAR, by an index made in one pass over its section headers.</summary>
internal sealed class CarBlocks : IBlockSource, IDisposable
{
    private readonly Dictionary<Cid, (long Section, long Data, int Length)> index = [];
    private readonly SafeFileHandle file;
    private readonly string path;

    /// <exception cref="MalformedDataException">The file is no CAR, or is cut off.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CarBlocks(string path, CarReadOptions? options = null)
    {
        this.path = path;
        using (var reader = CarReader.Open(path, (options ?? new CarReadOptions()) with { SkipData = true }))
        {
            Roots = reader.Roots;
            while (reader.TryReadSection(out var section))
                _ = index.TryAdd(section.Cid, (section.Offset, section.DataOffset, section.DataLength));
        }

        file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
    }

    public IReadOnlyList<Cid> Roots { get; }

    public bool Contains(in Cid cid) => index.ContainsKey(cid);

    /// <summary>Offset of the first section with this CID, or -1.</summary>
    public long SectionOffset(in Cid cid) => index.TryGetValue(cid, out var place) ? place.Section : -1;

    public long Length(in Cid cid) => index.TryGetValue(cid, out var place) ? place.Length : -1;

    /// <summary>CID of the section at an offset, or null where no section can begin.</summary>
    public Cid? CidAt(long sectionOffset)
    {
        Span<byte> head = stackalloc byte[Varint.MaxLength + Cid.MaxByteLength];
        if (sectionOffset < 0)
            return null;
        head = head[..RandomAccess.Read(file, head, sectionOffset)];
        if (Varint.TryRead(head, out ulong section, out int prefix) != VarintStatus.Ok || !Cid.TryRead(head[prefix..], out var cid, out int cidLength))
            return null;

        // One byte too early can look like a section too, of another length.
        return index.TryGetValue(cid, out var place) && section == (ulong)(cidLength + place.Length) ? cid : null;
    }

    public byte[]? Read(in Cid cid)
    {
        if (!index.TryGetValue(cid, out var place))
            return null;
        byte[] block = new byte[place.Length];
        int got = RandomAccess.Read(file, block, place.Data);
        if (got < block.Length || BlockHash.Verify(cid, block) == BlockCheck.Mismatch)
            throw new MalformedDataException($"block {cid} does not match its CID", place.Data, path);
        return block;
    }

    public void Dispose() => file.Dispose();
}
