using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>What a tree holds, as <c>dataset.json</c> counts it.</summary>
/// <param name="Directories">The root among them where it is one.</param>
/// <param name="Bytes">Content of all files.</param>
internal readonly record struct DatasetTotals(long Files, long Directories, long Links, long Bytes)
{
    public static DatasetTotals Of(SourceTree tree) => Of(tree, keptOnly: false);

    /// <summary>Of what is kept from an earlier version.</summary>
    public static DatasetTotals OfKept(SourceTree tree) => Of(tree, keptOnly: true);

    private static DatasetTotals Of(SourceTree tree, bool keptOnly)
    {
        long files = 0, directories = 0, links = 0, bytes = 0;
        for (int i = 0; i < tree.Count; i++)
        {
            if (keptOnly && !tree[i].IsKept)
                continue;
            switch (tree[i].Kind)
            {
                case EntryKind.File:
                    files++;
                    bytes += tree[i].Size;
                    break;
                case EntryKind.Directory:
                    directories++;
                    break;
                case EntryKind.Symlink:
                    links++;
                    break;
            }
        }

        return new DatasetTotals(files, directories, links, bytes);
    }
}
