using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>
/// Sizes of a sharded directory, and of what it would be with only the first of its links: names are hashed and sorted
/// once, and then every number of links is measured in one pass.
/// </summary>
internal sealed class HamtSizes
{
    private readonly UnixFsProfile profile;
    private readonly IDirectoryLinks links;
    private readonly NodeMetadata metadata;
    private readonly HamtOrder order;

    // In the order of the hashes: length of each link in its shard, and cumulative size of what it links to.
    private readonly int[] linkLengths;
    private readonly long[] dagSizes;
    private int count;
    private long lastDagSize, sectionBytes;

    public HamtSizes(UnixFsProfile profile, IDirectoryLinks links, NodeMetadata metadata)
    {
        (this.profile, this.links, this.metadata) = (profile, links, metadata);
        order = new HamtOrder(profile, links);
        linkLengths = new int[order.Count];
        dagSizes = new long[order.Count];
        for (int i = 0; i < dagSizes.Length; i++)
        {
            dagSizes[i] = links.DagSize(order.Link(i));
            linkLengths[i] = LinkLength(order.Link(i), dagSizes[i]);
        }
    }

    /// <summary>Sizes with all links.</summary>
    public NodeSize Measure() => Measure(order.Count, links.DagSize(order.Count - 1));

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
            int taken = 0, value = 0;
            for (next = i; next < end && order.Bucket(next, depth) == bucket; next++)
            {
                if (order.Link(next) < count)
                    (taken, value) = (taken + 1, next);
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
            else if (order.Link(value) == count - 1)
            {
                length += LinkLength(count - 1, lastDagSize);
                below += lastDagSize;
            }
            else
            {
                length += linkLengths[value];
                below += dagSizes[value];
            }
        }

        length += DagPb.DataFieldLength(order.MessageLength(highest, depth == 0 ? metadata : default));
        sectionBytes += BalancedFile.SectionLength(profile, length);
        return length + below;
    }

    private int LinkLength(int link, long dagSize) =>
        DagPb.LinkLength(links.CidLength(link), order.NameDigits + links.Name(link).Length, (ulong)dagSize);
}
