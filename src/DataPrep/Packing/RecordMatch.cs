using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Goes through a tree and a list of files beside each other; both have the same order.</summary>
internal static class RecordMatch
{
    /// <param name="onBoth">Is told of each entry that both have at one path: the entry, the record, and the record's line and offset.</param>
    /// <param name="onGone">Is told of each record whose path the tree does not have, its offset, and the entry that stands before it.</param>
    /// <param name="onNew">Is told of each entry that the list does not have.</param>
    /// <exception cref="Ipld.MalformedDataException">A record is not what it should be.</exception>
    /// <exception cref="IOException">The list cannot be read.</exception>
    public static void Run(SourceTree tree, string filesFile, Action<int, FileRecord, long, long> onBoth, Action<FileRecord, long, int> onGone, Action<int>? onNew = null)
    {
        int i = tree[0].Kind == EntryKind.Directory ? 1 : 0;
        byte[]? path = null;
        long line = 0;
        foreach (var (record, offset) in RecordFile.ReadLines(filesFile, RecordJson.Default.FileRecord))
        {
            byte[] then = RecordFile.PathBytes(record.Path, record.PathHex);
            int order = 1;
            for (; i < tree.Count; i++, path = null)
            {
                path ??= tree.DatasetPath(i);
                order = PathText.Compare(path, then);
                if (order >= 0)
                    break;
                Pass(i);
            }

            if (i < tree.Count && order == 0 && tree[i].Kind != EntryKind.Removed)
            {
                onBoth(i++, record, line, offset);
                path = null;
            }
            else
            {
                onGone(record, offset, i - 1);
            }

            line++;
        }

        for (; i < tree.Count; i++)
            Pass(i);

        void Pass(int entry)
        {
            if (tree[entry].Kind != EntryKind.Removed)
                onNew?.Invoke(entry);
        }
    }
}
