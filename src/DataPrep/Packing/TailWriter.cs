using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>Writes the dag-pb sections behind the leaves, slab by slab, beginning in the slab in which the leaves end.</summary>
internal sealed class TailWriter(PieceLayout layout, SlabPlan plan, SlabPool pool, Action<long, SlabBuffer> finished, CancellationToken stop) : IBlockSink
{
    private long position = layout.LeafEnd;
    private SlabBuffer? current;

    /// <param name="buffer">The slab in which the leaves end, or null where they end with a slab.</param>
    public void Begin(SlabBuffer? buffer) => current = buffer;

    public void Append(ReadOnlySpan<byte> block, Span<byte> digest)
    {
        _ = SHA256.HashData(block, digest);
        Span<byte> header = stackalloc byte[Varint.MaxLength + 36];
        int length = Varint.Write(header, (ulong)(layout.Profile.NodeCidLength + block.Length));
        length += layout.Profile.WriteCid(header[length..], raw: false, digest);
        Write(header[..length]);
        Write(block);
    }

    /// <summary>Hands over the last slab.</summary>
    public void End()
    {
        if (position != layout.CarSize)
            throw new InvalidOperationException($"The layout says {layout.CarSize} bytes, the blocks came to {position}.");
        if (current is not null)
            finished((position - 1) / plan.RawSize, current);
        current = null;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            stop.ThrowIfCancellationRequested();
            int at = (int)(position % plan.RawSize);
            current ??= pool.Rent(stop);
            int count = Math.Min(bytes.Length, plan.RawSize - at);
            bytes[..count].CopyTo(current.Span[at..]);
            bytes = bytes[count..];
            position += count;
            if (at + count == plan.RawSize)
            {
                finished((position - 1) / plan.RawSize, current);
                current = null;
            }
        }
    }
}
