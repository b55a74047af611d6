namespace DataPrep.Source;

/// <summary>
/// Files that come from anywhere: a database, an archive, a service of one's own. Packing lists them once, cuts the list into pieces, and reads
/// ranges of them, several at a time and in any order; a range may be asked for more than once. A range that cannot be had for now is tried again
/// for five minutes; then the run ends with a <see cref="PassingFaultException"/>, and the same call goes on with it later.
/// </summary>
public interface ISource
{
    /// <summary>What plans and logs call it; a run goes on only with what a source of the same name has begun. No secret, no line break, not empty. The part behind its last slash names the dataset.</summary>
    string Name { get; }

    /// <summary>All files, in any order, each path once.</summary>
    /// <exception cref="IOException">They cannot be listed: the run ends.</exception>
    IAsyncEnumerable<SourceFile> ListAsync(CancellationToken cancellationToken);

    /// <summary>Opens a range of a file. Called from several threads.</summary>
    /// <param name="path">As it was listed.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">At least 1; the range is within the file as it was listed.</param>
    /// <returns>What is read from its position on; what is behind the range is not read.</returns>
    /// <exception cref="FileNotFoundException">There is no such file any more.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    /// <exception cref="IOException">It cannot be read now: it is tried again.</exception>
    Task<Stream> OpenAsync(string path, long offset, long length, CancellationToken cancellationToken);

    /// <summary>
    /// What a file is now, asked for when a range of it has been read: what was read counts only where size and version, or time where there is no version, are those of the
    /// list. Called from several threads.
    /// </summary>
    /// <returns>Null where there is no such file any more.</returns>
    /// <exception cref="IOException">That cannot be said now: it is asked for again.</exception>
    Task<SourceFile?> StatAsync(string path, CancellationToken cancellationToken);
}

/// <summary>A file as a source lists it.</summary>
/// <param name="Path">In the dataset: parts joined by '/', none of them empty, '.' or '..', each of at most 255 bytes in UTF-8.</param>
/// <param name="Size">In bytes.</param>
public sealed record SourceFile(string Path, long Size)
{
    /// <summary>What changes whenever the content does, at most 255 characters of Latin-1: an ETag, a revision, a hash. Null where only size and time can tell.</summary>
    public string? Version { get; init; }

    /// <summary>Time of the last change; null where it is not known.</summary>
    public DateTimeOffset? Modified { get; init; }
}
