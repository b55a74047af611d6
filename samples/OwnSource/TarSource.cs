using System.Formats.Tar;
using DataPrep.Source;

/// <summary>The files in a tar, read where they stand in it. Links and other special entries are left out.</summary>
internal sealed class TarSource(string archive) : ISource
{
    private readonly Dictionary<string, (long Offset, SourceFile File)> entries = [];

    public string Name { get; } = $"tar:{Path.GetFullPath(archive)}";

    public async IAsyncEnumerable<SourceFile> ListAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        entries.Clear();
        string version = Version();
        await using var tar = new TarReader(File.OpenRead(archive));
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
                continue;
            string path = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name.TrimStart('/');
            // The same name again stands for a newer version of the file, as tar takes it.
            entries[path] = (entry.DataOffset, new SourceFile(path, entry.Length) { Modified = entry.ModificationTime, Version = version });
        }

        foreach (var (_, file) in entries.Values)
            yield return file;
    }

    public Task<Stream> OpenAsync(string path, long offset, long length, CancellationToken cancellationToken)
    {
        var stream = File.OpenRead(archive);
        stream.Position = entries[path].Offset + offset;
        return Task.FromResult<Stream>(stream);
    }

    /// <summary>A file is the one that was listed as long as the archive is.</summary>
    public Task<SourceFile?> StatAsync(string path, CancellationToken cancellationToken) =>
        Task.FromResult(entries.TryGetValue(path, out var entry) ? entry.File with { Version = Version() } : null);

    private string Version()
    {
        var info = new FileInfo(archive);
        return $"{info.Length} {info.LastWriteTimeUtc.Ticks}";
    }
}
