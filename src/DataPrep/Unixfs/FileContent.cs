using System.Buffers;
using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>Takes a run of a file's content.</summary>
/// <param name="offset">Where in the file it begins.</param>
internal delegate void ContentTaker(long offset, ReadOnlySpan<byte> content);

/// <summary>
/// Reads ranges of a file's content, in order, from DAGs of any layout: balanced, trickle, leaves of either kind, content in inner nodes, identity
/// CIDs. Every node has to say of each child how long it is, and every child has to be just that long: so no DAG gives another number of
/// bytes than its root says. Memory: the blocks on the way from the root to a leaf. For one thread at a time.
/// </summary>
internal sealed class FileContent(IBlockSource blocks, CancellationToken cancel = default)
{
    /// <summary>Offset in the file up to which content was given, for saying where it ended.</summary>
    public long Position { get; private set; }

    /// <summary>Content bytes that a node says it has; -1 for more than fits in 63 bits.</summary>
    public static long SizeOf(UnixFsData data)
    {
        if (data.FileSize is { } size)
            return size <= long.MaxValue ? (long)size : -1;
        ulong sum = (ulong)data.Data.Length;
        foreach (ulong part in data.BlockSizes)
        {
            if (part > long.MaxValue || (sum += part) > long.MaxValue)
                return -1;
        }

        return (long)sum;
    }

    /// <summary>Gives the content from <paramref name="from"/> up to <paramref name="to"/>.</summary>
    /// <param name="size">Content bytes of the whole file, as the walk gives them.</param>
    /// <exception cref="MissingBlockException">A block is missing.</exception>
    /// <exception cref="MalformedDataException">A block does not match its CID, or is not what it should be.</exception>
    public void Read(in Cid file, long size, long from, long to, ContentTaker take)
    {
        Position = from;
        ReadNode(file, 0, size, new Range(from, to, take), 0);
    }

    private void ReadNode(in Cid cid, long start, long length, in Range range, int depth)
    {
        cancel.ThrowIfCancellationRequested();
        if (cid.Codec is not (Multicodec.Raw or Multicodec.DagPb))
            throw Malformed(cid, $"has codec 0x{cid.Codec:x}, which is not UnixFS");
        if (cid.MultihashCode == Multicodec.Identity)
        {
            Give(cid, cid.Digest.ToArray(), start, length, range, depth);
            return;
        }

        long size = blocks.Length(cid);
        if (cid.Codec == Multicodec.Raw && size >= 0)
            CheckLength(cid, size, length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(0, size));
        try
        {
            if (size < 0 || !blocks.TryRead(cid, buffer.AsSpan(0, (int)size)))
                throw new MissingBlockException(cid);
            Give(cid, buffer.AsMemory(0, (int)size), start, length, range, depth);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Give(in Cid cid, ReadOnlyMemory<byte> block, long start, long length, in Range range, int depth)
    {
        if (cid.Codec == Multicodec.Raw)
        {
            CheckLength(cid, block.Length, length);
            Take(block.Span, start, range);
            return;
        }

        var (node, data) = DecodePart(block, cid, length, depth);
        Take(data.Data.Span, start, range);
        long at = start + data.Data.Length;
        for (int i = 0; i < node.Links.Count; i++)
        {
            long part = (long)data.BlockSizes[i];
            if (IsIn(at, part, range.From, range.To))
                ReadNode(node.Links[i].Hash, at, part, range, depth + 1);
            at += part;
        }
    }

    /// <summary>A node of a file, whose parts are as long together as it should be.</summary>
    /// <param name="length">Content bytes that its parent says it has.</param>
    /// <param name="depth">Nodes of the file above it.</param>
    /// <exception cref="MalformedDataException">It is not what it should be.</exception>
    internal static (DagPbNode Node, UnixFsData Data) DecodePart(ReadOnlyMemory<byte> block, in Cid cid, long length, int depth)
    {
        var (node, data) = DagReader.Decode(block, [], cid);
        if (data.Type is not (UnixFsType.File or UnixFsType.Raw) || depth == DagReader.MaxFileDepth)
            throw Malformed(cid, "is not part of a file");
        if (node.Links.Count != data.BlockSizes.Length)
            throw Malformed(cid, $"has {node.Links.Count} links and says the lengths of {data.BlockSizes.Length}");
        long sum = SizeOf(new UnixFsData { Type = data.Type, Data = data.Data, BlockSizes = data.BlockSizes });
        CheckLength(cid, sum, length);
        CheckLength(cid, SizeOf(data), length);

        // Of a part without content nothing follows for the file's length: it may be one empty block, and no tree of them without end.
        if (length == 0 && depth > 0 && node.Links.Count > 0)
            throw Malformed(cid, "has links, but no content");
        return (node, data);
    }

    /// <summary>Whether a part has something of a range, or is an empty one within it.</summary>
    internal static bool IsIn(long at, long length, long from, long to) => length == 0 ? at >= from && at <= to : at < to && at + length > from;

    private void Take(ReadOnlySpan<byte> content, long start, in Range range)
    {
        long from = Math.Max(start, range.From), to = Math.Min(start + content.Length, range.To);
        if (from >= to)
            return;
        range.Taker(from, content[(int)(from - start)..(int)(to - start)]);
        Position = to;
    }

    private static void CheckLength(in Cid cid, long actual, long expected)
    {
        if (actual != expected)
            throw Malformed(cid, $"has {actual} bytes of content where {expected} are announced");
    }

    private static MalformedDataException Malformed(in Cid cid, string what) => new($"block {cid} {what}");

    private readonly record struct Range(long From, long To, ContentTaker Taker);
}
