using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>What of an entry's record follows from the scan alone.</summary>
internal static class EntryRecord
{
    /// <summary>The record without CID and parts; null for what is not recorded: a root folder, and what was taken out.</summary>
    public static FileRecord? Of(SourceTree tree, int entry)
    {
        ref readonly var e = ref tree[entry];
        if (e.Kind == EntryKind.Removed || (entry == 0 && e.Kind == EntryKind.Directory))
            return null;
        var (path, hex) = RecordFile.PathFields(tree.DatasetPath(entry));
        return new FileRecord
        {
            Path = path,
            PathHex = hex,
            Type = e.Kind switch { EntryKind.File => "file", EntryKind.Directory => "dir", _ => "symlink" },
            Size = e.Size,
            Mode = e.Stamp.Permissions,
            Mtime = TimeText.Format(e.Stamp.ModifySeconds, e.Stamp.ModifyNanoseconds),
            Cid = "",
            Parts = [],
        };
    }
}
