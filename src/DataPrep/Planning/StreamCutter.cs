using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>A piece of a stream that goes on behind it.</summary>
/// <param name="Most">The longest stream that this piece would hold to its end. Only of a longer one is it cut where the range says.</param>
internal readonly record struct StreamCut(PieceRange Range, long Most);

/// <summary>
/// Cuts a file whose length is not known: piece by piece as <see cref="PieceCutter"/> would cut it if it were longer, since
/// where a piece ends depends on what is behind it only when all of that fits too.
/// </summary>
/// <param name="name">Of the file.</param>
/// <param name="wrap">Whether it is in a folder.</param>
internal sealed class StreamCutter(string name, bool wrap, UnixFsProfile profile, CutOptions options, CancellationToken cancel)
{
    private readonly SourceTree tree = StreamTree.Of(name, wrap, StreamTree.Endless);
    private readonly SourceTree ended = StreamTree.Of(name, wrap, 0);
    private readonly int file = StreamTree.File(wrap);

    /// <summary>The tree of a stream without end, which the ranges are of.</summary>
    public SourceTree Tree => tree;

    /// <summary>The longest stream of one leaf that fits in a piece: only of a longer one is it certain where its first leaf stands.</summary>
    public long LongestLeaf => Fits(0, profile.ChunkSize) ? profile.ChunkSize : Most(0, 0);

    /// <param name="leaf">The leaf that the piece begins with.</param>
    /// <exception cref="PieceTooSmallException">Not one leaf fits.</exception>
    public StreamCut Next(long leaf)
    {
        var begin = leaf == 0 ? PlanPoint.Start : new PlanPoint(file, leaf);
        var range = new PieceFiller(tree, profile, options.Capacity, options.LargestWhole, cancel).Fill(begin);
        return new StreamCut(range, Most(leaf, range.End.Leaf * profile.ChunkSize));
    }

    /// <summary>The longest stream whose content from a leaf on fits in one piece.</summary>
    /// <param name="fits">A length that does.</param>
    private long Most(long leaf, long fits)
    {
        long low = fits, high = fits + profile.ChunkSize;
        while (Fits(leaf, high))
            (low, high) = (high, high + profile.ChunkSize);
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            if (Fits(leaf, middle))
                low = middle;
            else
                high = middle;
        }

        return low;
    }

    private bool Fits(long leaf, long size)
    {
        cancel.ThrowIfCancellationRequested();
        ended.Renew(file, StreamTree.Stamp(size));
        var begin = leaf == 0 ? PlanPoint.Start : new PlanPoint(file, leaf);
        var part = PartialTree.Of(ended, profile, begin, PlanPoint.End(ended));
        return PieceLayout.Create(part.Tree, profile).CarSize <= options.Capacity;
    }
}
