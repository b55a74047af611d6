namespace DataPrep.Source;

/// <summary>The tree of a stream: one file, that is the root or, wrapped, in a root folder.</summary>
internal static class StreamTree
{
    /// <summary>A stream of any length: no sum of it overflows.</summary>
    public const long Endless = 1L << 60;

    /// <summary>How standard input is named as a source.</summary>
    public const string Source = "-";

    /// <summary>The name of an entry that was given none.</summary>
    public const string DefaultName = "stdin";

    /// <summary>Number of the file's entry.</summary>
    public static int File(bool wrap) => wrap ? 1 : 0;

    /// <summary>A stream has no mode and no times: those of a file that all may read, of 1970.</summary>
    public static FileStamp Stamp(long size) => new() { Size = size, Mode = Posix.S_IFREG | 0x1A4 };

    public static SourceTree Of(string name, bool wrap, long size)
    {
        var tree = new SourceTree();
        int root = wrap ? tree.Add(EntryKind.Directory, [], [], default, -1) : -1;
        _ = tree.Add(EntryKind.File, PathText.FromArgument(name), [], Stamp(size), root, "/dev/stdin"u8.ToArray());
        if (wrap)
            tree.Close(root);
        return tree;
    }
}
