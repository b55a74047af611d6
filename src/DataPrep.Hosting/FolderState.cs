using System.IO.Enumeration;

namespace DataPrep.Hosting;

/// <summary>What a folder holds, as far as it tells whether anything has changed: names, sizes and times of all in it; or when it was marked as complete.</summary>
internal sealed record FolderState(bool IsMarked, long Entries, long Bytes, long Times)
{
    /// <summary>Looks at a folder, and all in it where it is not marked.</summary>
    /// <returns>Null where it is empty, or not there.</returns>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static FolderState? Of(string folder, string? marker)
    {
        if (marker is not null && new FileInfo(Path.Join(folder, marker)) is { Exists: true } file)
            return new FolderState(true, 0, file.Length, file.LastWriteTimeUtc.Ticks);
        var all = new FileSystemEnumerable<(long Length, long Sign)>(
            folder,
            (ref entry) => (entry.IsDirectory ? 0 : entry.Length, HashCode.Combine(entry.ToFullPath(), entry.Length, entry.LastWriteTimeUtc.Ticks)),
            new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true })
        {
            ShouldRecursePredicate = (ref entry) => entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        long entries = 0, bytes = 0, signs = 0;
        try
        {
            foreach (var (length, sign) in all)
            {
                entries++;
                bytes += length;
                signs += sign; // in no certain order
            }
        }
        catch (DirectoryNotFoundException)
        {
            return null; // it went away meanwhile
        }

        return entries == 0 ? null : new FolderState(false, entries, bytes, signs);
    }
}
