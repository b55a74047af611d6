using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>
/// Sizes of a sharded directory, and of what it would be with only the first of its links: names are hashed and sorted
/// once, and then every number of links is measured in one pass.
/// </summary>
/// <param name="isForOnce">Whether only one number of links is measured, so that nothing of each has to be kept.</param>
internal sealed class HamtSizes(UnixFsProfile profile, bool isForOnce = false)
{
    private readonly HamtOrder order = new(profile);
    private IDirectoryLinks? links;
    private NodeMetadata metadata;

    // Of each link its length in its shard, and the cumulative size of what it links to.
    private (int Length, long DagSize)[] sizes = [];
    private int count;
    private long lastDagSize, sectionBytes;

    /// <summary>Takes the length of each block that is measured, sub-shards before their shard.</summary>
    public Action<long>? OnBlock { get; init; }

    /// <summary>Takes the links of a directory, which stay in use until those of another are taken; room is used again.</summary>
    public void Take(IDirectoryLinks directory, NodeMetadata ofDirectory)
    {
        (links, metadata) = (directory, ofDirectory);
        order.Sort(links);
        if (isForOnce)
            return;
        if (sizes.Length < order.Count)
            sizes = new (int, long)[order.Count];
        for (int i = 0; i < order.Count; i++)
            sizes[i] = SizeOf(i);
    }

    /// <summary>Sizes with all links.</summary>
    public NodeSize Measure() => Measure(order.Count, links!.DagSize(order.Count - 1));

    /// <summary>Sizes with only some links.</summary>
    /// <param name="first">How many: the first ones by their number, at least one.</param>
    /// <param name="dagSizeOfLast">Cumulative size of what the last one of them links to.</param>
    public NodeSize Measure(int first, long dagSizeOfLast)
    {
        (count, lastDagSize, sectionBytes) = (first, dagSizeOfLast, 0);
        long dagSize = MeasureShard(0, order.Count, 0);
        return new NodeSize(sectionBytes, dagSize);
    }

    private long MeasureShard(int begin, int end, int depth)
    {
        long length = 0, below = 0;
        int highest = 0;
        for (int i = begin, next; i < end; i = next)
        {
            int bucket = order.Bucket(i, depth);
            int taken = 0, link = 0;
            for (next = i; next < end && order.Bucket(next, depth) == bucket; next++)
            {
                if (order.Link(next) < count)
                    (taken, link) = (taken + 1, order.Link(next));
            }

            if (taken == 0)
                continue;
            highest = bucket;
            if (taken > 1)
            {
                long size = MeasureShard(i, next, depth + 1);
                length += DagPb.LinkLength(profile.NodeCidLength, order.NameDigits, (ulong)size);
                below += size;
            }
            else if (link == count - 1)
            {
                length += LinkLength(link, lastDagSize);
                below += lastDagSize;
            }
            else
            {
                var size = isForOnce ? SizeOf(link) : sizes[link];
                length += size.Length;
                below += size.DagSize;
            }
        }

        length += DagPb.DataFieldLength(order.MessageLength(highest, depth == 0 ? metadata : default));
        sectionBytes += BalancedFile.SectionLength(profile, length);
        OnBlock?.Invoke(length);
        return length + below;
    }

    private (int Length, long DagSize) SizeOf(int link)
    {
        long dagSize = links!.DagSize(link);
        return (LinkLength(link, dagSize), dagSize);
    }

    private int LinkLength(int link, long dagSize) =>
        DagPb.LinkLength(links!.CidLength(link), order.NameDigits + links.Name(link).Length, (ulong)dagSize);
}
