using System.Globalization;
using System.Text;
using DataPrep.Source;

namespace DataPrep.Benchmarks;

/// <summary>Trees as the scanner would give them, without a file system.</summary>
internal static class MadeTree
{
    /// <summary>A root with folders of as many files each.</summary>
    /// <param name="sizeOf">Size of the file with this number, counted through all folders.</param>
    public static SourceTree Folders(int folders, int filesInEach, Func<int, long> sizeOf)
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, "root"u8, [], Stamp(Posix.S_IFDIR | 0x1ed, 0), -1, "/nowhere"u8.ToArray());
        for (int number = 0; number < folders * filesInEach;)
        {
            int folder = tree.Add(EntryKind.Directory, Name('d', number), [], Stamp(Posix.S_IFDIR | 0x1ed, 0), root);
            for (int i = 0; i < filesInEach; i++, number++)
                _ = tree.Add(EntryKind.File, Name('f', number), [], Stamp(Posix.S_IFREG | 0x1a4, sizeOf(number)), folder);
            tree.Close(folder);
        }

        tree.Close(root);
        return tree;
    }

    /// <summary>One file and nothing else.</summary>
    public static SourceTree File(long size)
    {
        var tree = new SourceTree();
        _ = tree.Add(EntryKind.File, "file"u8, [], Stamp(Posix.S_IFREG | 0x1a4, size), -1, "/nowhere"u8.ToArray());
        return tree;
    }

    // All of one length, so that their order is that of their numbers
    private static byte[] Name(char kind, int number) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{kind}{number:D8}"));

    private static FileStamp Stamp(int mode, long size) => new() { Mode = (uint)mode, Size = size, ModifySeconds = 1_700_000_000 };
}
