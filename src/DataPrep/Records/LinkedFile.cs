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

    // What File and FileInfo say of a symlink, its length and that it exists, is of the link itself.
    private static FileInfo Target(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
}
