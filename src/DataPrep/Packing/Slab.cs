using DataPrep.Planning;

namespace DataPrep.Packing;

/// <summary>
/// Where in one slab of a CAR its leaves lie. Offsets are from the start of the slab.
/// <code>
/// | header, or the end of the leaf before | leaves that begin here ...      | crossing leaf, its end behind the slab
/// 0                                       FirstLeaf                                                          Length
/// </code>
/// </summary>
internal readonly ref struct Slab
{
    private readonly PieceLayout layout;
    private readonly int firstFile;
    private readonly long firstLeaf;

    public Slab(PieceLayout layout, SlabPlan plan, long number)
    {
        this.layout = layout;
        (Number, Start) = (number, number * plan.RawSize);
        Length = (int)Math.Min(plan.RawSize, layout.LeafEnd - Start);
        long first = Math.Max(Start, layout.HeaderLength), end = Start + plan.RawSize;
        long begin = layout.LeafEnd;
        firstFile = layout.FileCount;
        if (first < layout.LeafEnd)
        {
            firstFile = layout.FileAt(first);
            var leaves = layout.Leaves(firstFile);
            firstLeaf = leaves.FirstLeafFrom(first);
            if (firstLeaf == leaves.Count && ++firstFile < layout.FileCount)
                (leaves, firstLeaf) = (layout.Leaves(firstFile), 0);
            if (firstFile < layout.FileCount)
                begin = leaves.SectionOffset(firstLeaf);
        }

        FirstLeaf = (int)Math.Min(begin - Start, Length);
        if (end >= layout.LeafEnd)
            return;
        int file = layout.FileAt(end);
        var last = layout.Leaves(file);
        long next = last.FirstLeafFrom(end);
        if (next == last.Count || last.SectionOffset(next) > end)
            Crossing = (file, next - 1); // it begins before the end and covers it
    }

    public long Number { get; }

    /// <summary>Offset in the CAR.</summary>
    public long Start { get; }

    /// <summary>Up to the end of the slab or of all leaves.</summary>
    public int Length { get; }

    /// <summary>Where the first leaf that begins here does so; at most <see cref="Length"/>.</summary>
    public int FirstLeaf { get; }

    /// <summary>Number within the piece of the first leaf that begins here, or of the next one where none does.</summary>
    public long FirstLeafNumber => firstFile < layout.FileCount ? layout.FirstLeaf(firstFile) + firstLeaf : layout.LeafCount;

    /// <summary>File and leaf that reaches into the next slab.</summary>
    public (int File, long Leaf)? Crossing { get; }

    /// <summary>The files whose leaves begin here, in order, each with its first such leaf. Ends with the piece: whoever asks stops where the slab does.</summary>
    public IEnumerable<(int File, long FirstLeaf)> Files() => Files(layout, firstFile, firstLeaf, Start + Length);

    private static IEnumerable<(int File, long FirstLeaf)> Files(PieceLayout layout, int file, long leaf, long end)
    {
        for (; file < layout.FileCount && (leaf > 0 || layout.FirstSection(file) < end); file++, leaf = 0)
            yield return (file, leaf);
    }
}
