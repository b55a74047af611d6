namespace DataPrep.Records;

/// <summary>Files of OUT that may be symlinks, as pieces are that were spread over several folders.</summary>
internal static class LinkedFile
{
    /// <summary>Length in bytes of a file, or of the one that a symlink leads to; 0 where there is none.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static long Length(string path) => Absence(path) is null ? Target(path).Length : 0;

    /// <summary>Says why there is no file to be read, or null where there is one.</summary>
    public static string? Absence(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is not { } target)
            return file.Exists ? null : "is not there";
        try
        {
            return Target(path).Exists ? null : $"is a symlink to {target}, where no file is";
        }
        catch (IOException)
        {
            return $"is a symlink to {target}, which leads nowhere";
        }
    }

    /// <summary>Whether two files, or those that symlinks lead to, are one or have the same bytes.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static bool AreEqual(string one, string other)
    {
        using var first = new FileStream(one, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        using var second = new FileStream(other, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] a = new byte[1 << 20], b = new byte[1 << 20];
        while (true)
        {
            int read = first.ReadAtLeast(a, a.Length, throwOnEndOfStream: false);
            if (second.ReadAtLeast(b, b.Length, throwOnEndOfStream: false) != read || !a.AsSpan(0, read).SequenceEqual(b.AsSpan(0, read)))
                return false;
            if (read == 0)
                return true;
        }
    }

    // What File and FileInfo say of a symlink, its length and that it exists, is of the link itself.
    private static FileInfo Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
}
