using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Cuts a tree into data pieces: each takes, in tree order, the most leaves and entries that fit.</summary>
internal static class PieceCutter
{
    /// <summary>The pieces, one after the other without gap, from the start of the tree to its end.</summary>
    /// <exception cref="PieceTooSmallException">Something does not fit in a piece even alone.</exception>
    /// <exception cref="InvalidDataException">A folder cannot be represented.</exception>
    public static List<PieceRange> Cut(SourceTree tree, UnixFsProfile profile, CutOptions options, CancellationToken cancel = default)
    {
        var pieces = new List<PieceRange>();
        Fill(options.Capacity, int.MaxValue, pieces);
        if (options.Balance && pieces.Count > 1)
            Balance();
        return pieces;

        void Balance()
        {
            // Between the largest piece and the capacity all would be cut alike, so the size to try for is that of the largest.
            var other = new List<PieceRange>();
            long low = 0, high = pieces.Max(piece => piece.CarSize);
            while (high - low > 1)
            {
                long middle = low + ((high - low) / 2);
                if (TryFill(middle, pieces.Count, other))
                    (pieces, other, high) = (other, pieces, other.Max(piece => piece.CarSize));
                else
                    low = middle;
            }
        }

        bool TryFill(long capacity, int most, List<PieceRange> into)
        {
            try
            {
                return Fill(capacity, most, into);
            }
            catch (PieceTooSmallException)
            {
                return false;
            }
        }

        // False once there are more pieces than may be.
        bool Fill(long capacity, int most, List<PieceRange> into)
        {
            into.Clear();
            var filler = new PieceFiller(tree, profile, capacity, options.KeepFilesWhole, cancel);
            for (var begin = PlanPoint.Start; into.Count == 0 || begin != PlanPoint.End(tree); begin = into[^1].End)
            {
                cancel.ThrowIfCancellationRequested();
                if (into.Count == most)
                    return false;
                into.Add(filler.Fill(begin));
            }

            return true;
        }
    }
}
