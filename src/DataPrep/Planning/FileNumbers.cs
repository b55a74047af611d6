using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>
/// Files of a tree numbered in its order, and back, from the entries that are no files: these are few beside files,
/// so that the numbers of millions of files take no memory.
/// </summary>
internal sealed class FileNumbers
{
    private readonly int[] others;

    public FileNumbers(SourceTree tree)
    {
        int count = 0;
        for (int i = 0; i < tree.Count; i++)
            count += tree[i].Kind == EntryKind.File ? 0 : 1;
        others = new int[count];
        for (int i = tree.Count - 1; i >= 0; i--)
        {
            if (tree[i].Kind != EntryKind.File)
                others[--count] = i;
        }

        Count = tree.Count - others.Length;
    }

    /// <summary>How many files there are.</summary>
    public int Count { get; }

    public int Number(int entry) => entry - ~Array.BinarySearch(others, entry);

    public int Entry(int number)
    {
        // others[k] - k files stand before others[k]; the file comes after all of which it has at least as many before itself.
        int low = 0, high = others.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (others[middle] - middle <= number)
                low = middle + 1;
            else
                high = middle;
        }

        return number + low;
    }
}
