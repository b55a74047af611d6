using DataPrep.Hashing;

namespace DataPrep.Piece;

/// <summary>
/// Hashes payload to roots of sub-trees, in blocks that stay in the first cache levels. Owns its scratch memory: one
/// for each worker, not shared by threads. Allocates nothing after construction.
/// </summary>
internal sealed class SubTreeHasher
{
    /// <summary>Payload bytes of a segment: what one node of height 15 stands for.</summary>
    public const int SegmentRaw = 1_040_384;

    /// <summary>Padded bytes of a segment.</summary>
    public const int SegmentPadded = 1 << 20;

    /// <summary>Height of a segment's root over the leaves.</summary>
    public const int SegmentHeight = 15;

    private const int NodeLength = PieceSize.NodeLength;

    // 1024 leaves, 32 KiB of them.
    private const int BlockHeight = 10;
    private const int BlockPadded = NodeLength << BlockHeight;
    private const int BlockRaw = BlockPadded / 128 * 127;

    // A block is reduced to 16 nodes, not to one: a kernel of many lanes would run the last layers half empty.
    private const int SurvivorHeight = 6;
    private const int Survivors = NodeLength << (BlockHeight - SurvivorHeight);

    private readonly Sha256Kernel _kernel;
    private readonly ISubTreeKernel? _whole;
    private readonly byte[] _scratch;
    private readonly byte[] _block;
    private readonly byte[] _upper;

    /// <summary>A hasher whose nodes come from that kernel.</summary>
    public SubTreeHasher(Sha256Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        _kernel = kernel.ForTrees;
        _whole = _kernel as ISubTreeKernel;
        _scratch = Memory(_whole?.ScratchSize ?? 0);
        _block = Memory(_whole is null ? BlockPadded : 0);
        _upper = Memory(_whole is null ? NodeLength << (SegmentHeight - SurvivorHeight) : 0);

        static byte[] Memory(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: true);
    }

    /// <summary>The number of segments that a payload starts: its length over 1,040,384, rounded up.</summary>
    public static long SegmentCount(long payloadBytes) => (payloadBytes / SegmentRaw) + (payloadBytes % SegmentRaw == 0 ? 0 : 1);

    /// <summary>The level-15 nodes of consecutive segments.</summary>
    /// <param name="raw">Payload from the start of a segment, of any length; zeros follow it to the end of its last segment.</param>
    /// <param name="nodes">32 bytes for each started segment.</param>
    /// <exception cref="ArgumentException"><paramref name="nodes"/> is too short.</exception>
    public void HashSegments(ReadOnlySpan<byte> raw, Span<byte> nodes)
    {
        if (nodes.Length < SegmentCount(raw.Length) * NodeLength)
            throw new ArgumentException("Room for 32 bytes per started segment is needed.", nameof(nodes));
        for (int node = 0; !raw.IsEmpty; node += NodeLength)
        {
            int length = Math.Min(raw.Length, SegmentRaw);
            Root(raw[..length], SegmentHeight, nodes.Slice(node, NodeLength));
            raw = raw[length..];
        }
    }

    /// <summary>The root of one sub-tree.</summary>
    /// <param name="raw">Payload; zeros follow it to the end of the sub-tree.</param>
    /// <param name="height">2 to 15: a sub-tree of 128 bytes to 1 MiB.</param>
    /// <param name="root">Takes 32 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The height is not within 2 to 15, or the payload more than the sub-tree holds.</exception>
    public void Root(ReadOnlySpan<byte> raw, int height, Span<byte> root)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, PieceSize.MinHeight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, SegmentHeight);
        if (raw.Length > PieceSize.Unpadded(PieceSize.OfHeight(height)))
            throw new ArgumentOutOfRangeException(nameof(raw), raw.Length, "More payload than the sub-tree holds.");

        if (_whole is not null)
        {
            // The search ends at the first byte that is not zero, so it costs something only where it saves all the hashing.
            if (raw.ContainsAnyExcept((byte)0))
                _whole.HashSubTree(raw, height, root[..NodeLength], _scratch);
            else
                ZeroCommitment.At(height).CopyTo(root);
            return;
        }

        if (height <= BlockHeight)
        {
            Span<byte> leaves = _block.AsSpan(0, NodeLength << height);
            Fr32.PadTail(raw, leaves);
            Reduce(leaves, NodeLength);
            leaves[..NodeLength].CopyTo(root);
            return;
        }

        Span<byte> upper = _upper.AsSpan(0, NodeLength << (height - SurvivorHeight));
        for (int at = 0; at < upper.Length; at += Survivors)
        {
            ReadOnlySpan<byte> payload = raw[..Math.Min(raw.Length, BlockRaw)];
            raw = raw[payload.Length..];
            HashBlock(payload, upper.Slice(at, Survivors));
        }

        Reduce(upper, NodeLength);
        upper[..NodeLength].CopyTo(root);
    }

    private void HashBlock(ReadOnlySpan<byte> payload, Span<byte> survivors)
    {
        if (!payload.ContainsAnyExcept((byte)0))
        {
            for (int at = 0; at < survivors.Length; at += NodeLength)
                ZeroCommitment.At(SurvivorHeight).CopyTo(survivors[at..]);
            return;
        }

        Fr32.PadTail(payload, _block);
        Reduce(_block, Survivors);
        _block.AsSpan(0, Survivors).CopyTo(survivors);
    }

    /// <summary>Replaces a layer by its parents, in place, until <paramref name="length"/> bytes are left.</summary>
    private void Reduce(Span<byte> layer, int length)
    {
        while (layer.Length > length)
        {
            PieceTree.HashLayer(_kernel, layer, layer);
            layer = layer[..(layer.Length / 2)];
        }
    }
}
