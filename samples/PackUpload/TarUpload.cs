using System.Formats.Tar;
using System.IO.Pipelines;

/// <summary>Unpacks a tar that comes through a pipe: what is held of it is what the pipe holds.</summary>
internal static class TarUpload
{
    /// <exception cref="InvalidDataException">It is none, or an entry would stand outside of the folder.</exception>
    public static async Task UnpackAsync(PipeReader pipe, string folder, CancellationToken cancel)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        await using var tar = new TarReader(pipe.AsStream());
        while (await tar.GetNextEntryAsync(copyData: false, cancel) is { } entry)
        {
            string path = Path.GetFullPath(Path.Join(folder, entry.Name));
            if (path != folder && !path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) && path.TrimEnd('/') != folder)
                throw new InvalidDataException($"'{entry.Name}' would stand outside of the folder");
            if (entry.EntryType == TarEntryType.Directory)
            {
                Directory.CreateDirectory(path);
            }
            else if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await entry.ExtractToFileAsync(path, overwrite: true, cancel);
            }
        }
    }
}
