namespace DataPrep.Planning;

/// <summary>
/// Search for the furthest place at which a piece can end. Places are numbers, and sizes rise with them. A size that is
/// never above the exact one is quick to get, and the exact one is slow, since sharded folders have to be measured over
/// all their links.
/// </summary>
internal abstract class PlaceSearch
{
    // By then the exact sizes are so uneven that halving is the safer way.
    private const int MostGuesses = 8;

    /// <summary>Exact size up to the first place after the furthest one; 0 where its least size was enough to tell that it does not fit.</summary>
    public long SizeBeyond { get; private set; }

    /// <param name="low">A place that fits, or the beginning of the piece, which is then the answer where nothing fits.</param>
    /// <param name="high">A place after all others.</param>
    /// <returns>The place and, unless it is the beginning, the exact size up to it.</returns>
    public (long Place, long Size) Furthest(long low, long high, long capacity)
    {
        long place = Reach(low, high, capacity, atLeastOne: false);
        (long Least, long Exact) sizeOfLow = default, sizeOfHigh = default;
        for (int guess = 0; place != low; guess++)
        {
            var size = Measure(place);
            if (size.Exact <= capacity)
            {
                Keep();
                (low, sizeOfLow) = (place, size);
                if (guess == 0)
                    break; // what lies further does not fit by its least size
            }
            else
            {
                (high, sizeOfHigh) = (place, size);
            }

            double share = guess < MostGuesses ? (double)(capacity - sizeOfLow.Exact) / (sizeOfHigh.Exact - sizeOfLow.Exact) : 0.5;
            long limit = sizeOfLow.Least + (long)(share * (sizeOfHigh.Least - sizeOfLow.Least));
            place = Reach(low, high, limit, atLeastOne: true);
        }

        SizeBeyond = sizeOfHigh.Exact;
        return (low, sizeOfLow.Exact);
    }

    /// <summary>The furthest place between two, neither of them included, whose least size is within a limit.</summary>
    /// <param name="atLeastOne">Whether it is the first place between the two if that is above the limit.</param>
    /// <returns><paramref name="low"/> where there is none.</returns>
    protected abstract long Reach(long low, long high, long limit, bool atLeastOne);

    /// <summary>The sizes up to the place that was reached last.</summary>
    protected abstract (long Least, long Exact) Measure(long place);

    /// <summary>Says that the place that was reached last is the next one to go on from.</summary>
    protected abstract void Keep();
}
