using DataPrep.Ipld;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;

namespace DataPrep.Tests.Unixfs;

/// <summary>Blocks in memory.</summary>
internal sealed class MemoryBlocks : IBlockSource
{
    private readonly Dictionary<Cid, byte[]> blocks = [];

    public int Reads { get; private set; }

    public Cid Add(ulong codec, byte[] block)
    {
        var cid = Cid.Sha256(1, codec, System.Security.Cryptography.SHA256.HashData(block));
        blocks[cid] = block;
        return cid;
    }

    public void Add(RefBlock block)
    {
        blocks[Cid.Parse(block.Cid.Text)] = block.Bytes!;
        foreach (var child in block.Children)
            Add(child);
    }

    public void Remove(Cid cid) => blocks.Remove(cid);

    public byte[]? Read(in Cid cid)
    {
        Reads++;
        return blocks.GetValueOrDefault(cid);
    }

    public bool TryRead(in Cid cid, Span<byte> destination)
    {
        byte[]? block = Read(cid);
        block?.CopyTo(destination);
        return block is not null;
    }

    public long Length(in Cid cid) => blocks.TryGetValue(cid, out byte[]? block) ? block.Length : -1;
}
