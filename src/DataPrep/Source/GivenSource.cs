using System.Globalization;
using System.Text;

namespace DataPrep.Source;

/// <summary>Packs what a program's own <see cref="ISource"/> has.</summary>
internal sealed class GivenSource : IRemoteSource, IObjectTransport
{
    private readonly ISource source;

    /// <exception cref="ArgumentException">It has no name that a plan can hold.</exception>
    public GivenSource(ISource source, RemoteLimits limits, Action<string>? warn = null)
    {
        if (string.IsNullOrWhiteSpace(source.Name) || source.Name.Any(char.IsControl))
            throw new ArgumentException("The name of a source is empty, or has control characters in it.", nameof(source));
        this.source = source;
        Names = [source.Name];
        Objects = new ObjectClient(this, limits, warn);
    }

    public IReadOnlyList<string> Names { get; }

    public ObjectClient Objects { get; }

    public bool AnswersTellVersion => false;

    private byte[] Place => PathText.FromArgument(source.Name);

    public string Locate(SourceTree tree, int entry) => PathText.Show(tree.DatasetPath(entry));

    public SourceTree Scan(ScanOptions options, Action<int>? progress, CancellationToken cancel)
    {
        var listing = new ObjectListing();
        ListAsync(listing, progress, cancel).GetAwaiter().GetResult();
        if (listing.Twice() is var (_, second))
            throw Wrong(PathText.Show(listing.Path(second)), "is listed twice");
        return listing.Build(PathText.BaseName(Place), Place, options);
    }

    public async Task<ObjectState> StatAsync(string location, CancellationToken cancel) =>
        await Answered(() => source.StatAsync(location, cancel)).ConfigureAwait(false) is { } file ? StateOf(file) : throw Gone();

    public async Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel) =>
        new(expected, offset, await Answered(() => source.OpenAsync(location, offset, length, cancel)).ConfigureAwait(false));

    /// <summary>The source is the caller's.</summary>
    public void Dispose()
    {
    }

    private async Task ListAsync(ObjectListing listing, Action<int>? progress, CancellationToken cancel)
    {
        await foreach (var file in source.ListAsync(cancel).WithCancellation(cancel).ConfigureAwait(false))
        {
            byte[] path = Encoding.UTF8.GetBytes(file.Path);
            if (ObjectListing.ProblemOf(path) is { } problem)
                throw Wrong(file.Path, problem);
            if (file.Size < 0)
                throw Wrong(file.Path, $"has a size of {file.Size} bytes");
            if (file.Version is { } version && (version.Length > SourceTree.LongestTag || version.Any(letter => letter > 'ÿ')))
                throw Wrong(file.Path, $"has a version that is not at most {SourceTree.LongestTag} characters of Latin-1");
            _ = listing.Add(path, StateOf(file));
            progress?.Invoke(listing.Count);
        }
    }

    private static async Task<T> Answered<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Gone();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ObjectException(ObjectFault.Unreadable, e.Message);
        }
    }

    private static ObjectException Gone() => new(ObjectFault.Gone, "the source has no such file");

    /// <summary>A tag that says all that was said of the file, so that any of it counts as a change.</summary>
    private static ObjectState StateOf(SourceFile file) =>
        new(file.Size, file.Version ?? file.Modified?.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture) ?? "", file.Modified);

    private SourceException Wrong(string path, string problem) => new($"'{path}' {problem}", Place);
}
