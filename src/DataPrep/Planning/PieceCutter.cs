using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>Cuts a tree into data pieces: each takes, in tree order, the most leaves and entries that fit.</summary>
internal static class PieceCutter
{
    // After so many guesses at the capacity of balanced pieces the rest is halved.
    private const int MostGuesses = 5;

    // Within it no size overflows, even where each byte is a leaf of its own with a section of 38 and a link of 50.
    private const long MostCapacity = 1L << 55;

    /// <summary>The pieces, one after the other without gap, from the start of the tree to its end.</summary>
    /// <exception cref="PieceTooSmallException">Something does not fit in a piece even alone.</exception>
    /// <exception cref="InvalidDataException">A folder cannot be represented.</exception>
    public static List<PieceRange> Cut(SourceTree tree, UnixFsProfile profile, CutOptions options, CancellationToken cancel = default)
    {
        var pieces = new List<PieceRange>();
        _ = Fill(NewFiller(Math.Min(options.Capacity, MostCapacity)), int.MaxValue, pieces);
        return options.Balance && pieces.Count > 1 ? Balanced(pieces) : pieces;

        PieceFiller NewFiller(long capacity) => new(tree, profile, capacity, Math.Min(options.LargestWhole, MostCapacity), cancel);

        // Between two capacities of which the lower one takes more pieces. The higher one is the size of the largest piece,
        // since down to that all are cut alike, and the lower one rises to just below where a piece would end elsewhere.
        List<PieceRange> Balanced(List<PieceRange> best)
        {
            var tried = new List<PieceRange>();
            long total = best.Sum(piece => piece.CarSize), low = 0, high = best.Max(piece => piece.CarSize);
            long guess = total / best.Count;
            for (int guesses = 0; high - low > 1;)
            {
                bool isGuess = guesses++ < MostGuesses && guess > low && guess < high;
                long capacity = isGuess ? guess : low + ((high - low) / 2);
                var filler = NewFiller(capacity);
                if (TryFill(filler, best.Count, tried))
                {
                    (best, tried, high) = (tried, best, tried.Max(piece => piece.CarSize));
                    guess = 0;
                }
                else
                {
                    low = Math.Min(high, filler.NextCapacity) - 1;
                    long left = total - tried.Sum(piece => piece.CarSize);
                    guess = capacity + (left / best.Count * 5 / 4); // a little more, so that it does and is a bound
                }
            }

            return best;
        }

        bool TryFill(PieceFiller filler, int most, List<PieceRange> into)
        {
            try
            {
                return Fill(filler, most, into);
            }
            catch (PieceTooSmallException)
            {
                return false;
            }
        }

        // False once there are more pieces than may be.
        bool Fill(PieceFiller filler, int most, List<PieceRange> into)
        {
            into.Clear();
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
