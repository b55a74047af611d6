namespace DataPrep.Packing;

/// <summary>Time that was spent on reading a file.</summary>
/// <param name="Entry">Number of the entry in the source's tree.</param>
/// <param name="Ticks">Of the stopwatch, for opening and reading.</param>
/// <param name="Bytes">Content read in that time.</param>
internal readonly record struct ReadTime(int Entry, long Ticks, long Bytes);

/// <summary>
/// Those of any number of files that took longest to read, found in little memory: of a file that is read in several visits, visits
/// before it was one of them may be missing. For one thread.
/// </summary>
internal sealed class SlowFiles
{
    private const int Most = 64;
    private readonly Dictionary<int, ReadTime> files = new(Most);
    private ReadTime least;

    public IReadOnlyCollection<ReadTime> Files => files.Values;

    /// <summary>Adds a visit.</summary>
    public void Add(in ReadTime visit)
    {
        if (visit.Entry < 0)
            return;
        if (files.TryGetValue(visit.Entry, out var known))
            files[visit.Entry] = known with { Ticks = known.Ticks + visit.Ticks, Bytes = known.Bytes + visit.Bytes };
        else if (files.Count < Most)
            files.Add(visit.Entry, visit);
        else if (visit.Ticks > least.Ticks && files.Remove(least.Entry))
            files.Add(visit.Entry, visit);
        else
            return;
        if (files.Count == Most)
            least = files.Values.MinBy(file => file.Ticks);
    }
}
