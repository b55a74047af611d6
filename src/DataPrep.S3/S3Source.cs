using System.Text;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.S3;

/// <summary>
/// Objects of a server as a source: what begins with a prefix, as a folder, or one object. A location is <c>BUCKET/KEY</c>.
/// </summary>
internal sealed class S3Source : IRemoteSource
{
    private const int ProgressStep = 1000;
    private readonly S3Client client;
    private readonly S3Place[] places;
    private readonly CancellationToken cancel;
    private readonly Action<string>? warn;

    /// <param name="sources">As they were named; one that ends with a slash is a folder.</param>
    /// <exception cref="UsageException">One names no bucket.</exception>
    public S3Source(IReadOnlyList<string> sources, S3Options options, RemoteLimits limits, Action<string>? warn, CancellationToken cancel)
    {
        places = [.. sources.Select(S3Place.Parse)];
        Names = [.. places.Select(place => place.ToString())];
        (this.cancel, this.warn) = (cancel, warn);
        // Listings are tried again by the client itself, objects by what is the same for all sources.
        client = new S3Client(options with { Patience = limits.Patience });
        Objects = new ObjectClient(new S3Transport(new S3Client(options, tries: 0)), limits, warn);
    }

    public IReadOnlyList<string> Names { get; }

    public ObjectClient Objects { get; }

    public string Locate(SourceTree tree, int entry) => Encoding.UTF8.GetString(tree.Location(entry));

    public SourceTree Scan(ScanOptions options, Action<int>? progress, CancellationToken cancel)
    {
        if (places is [var single])
        {
            if (FindObject(single) is { } found)
                return ObjectListing.OfFile(NameOf(single), S3Transport.StateOf(found), Location(single.Bucket, found.Key), options.Wrap);
            var whole = new ObjectListing();
            List(whole, single, "", progress);
            return whole.Build(NameOf(single), Location(single.Bucket, single.Prefix), options);
        }

        var listing = new ObjectListing();
        foreach (var place in places)
        {
            string name = Encoding.UTF8.GetString(NameOf(place));
            if (places.Any(other => other != place && NameOf(other).AsSpan().SequenceEqual(NameOf(place))))
                throw new UsageException($"two sources are called '{name}', and cannot stand in one folder; pack what is above them, or one at a time");
            if (FindObject(place) is { } found)
            {
                _ = listing.Add(NameOf(place), S3Transport.StateOf(found), Location(place.Bucket, found.Key));
                continue;
            }

            listing.AddFolder(NameOf(place));
            listing.Anchor(name, Location(place.Bucket, place.Prefix));
            List(listing, place, name + "/", progress);
        }

        return listing.Build([], null, options);
    }

    /// <exception cref="UsageException">Pieces would go to where the source is.</exception>
    public static void RefuseWithin(IReadOnlyList<string> sources, S3Place target)
    {
        foreach (string source in sources.Where(S3Place.Is))
        {
            if ((target + "/").StartsWith(source + "/", StringComparison.Ordinal))
                throw new UsageException($"{target}: OUT is inside the source {source}, so that packing would change what is packed; choose a prefix outside");
        }
    }

    public void Dispose()
    {
        Objects.Dispose();
        client.Dispose();
    }

    /// <summary>The last part of a prefix, or the bucket.</summary>
    private static byte[] NameOf(S3Place place) => PathText.FromArgument(place.Prefix.Length == 0 ? place.Bucket : place.Prefix[(place.Prefix.LastIndexOf('/') + 1)..]);

    private static byte[] Location(string bucket, string key) => PathText.FromArgument(key.Length == 0 ? bucket : $"{bucket}/{key}");

    /// <summary>The object of that very key, where nothing stands below it as in a folder.</summary>
    private BucketObject? FindObject(S3Place place)
    {
        var bucket = client.Bucket(place.Bucket, cancel, warn);
        return place.Prefix.Length == 0 || bucket.List(place.Prefix + "/").Any() ? null : bucket.Find(place.Prefix);
    }

    /// <summary>Takes in all objects below a prefix, a page at a time.</summary>
    /// <param name="folder">Where they stand in the dataset: empty, or ends with a slash.</param>
    /// <exception cref="SourceException">There is nothing.</exception>
    private void List(ObjectListing listing, S3Place place, string folder, Action<int>? progress)
    {
        string prefix = place.Key("");
        bool isEmpty = true;
        foreach (var found in client.Bucket(place.Bucket, cancel, warn).List(prefix))
        {
            isEmpty = false;
            if (found.Key.Length > prefix.Length)
                Take(listing, found, folder + found.Key[prefix.Length..]);
            if (listing.Count % ProgressStep == 0)
                progress?.Invoke(listing.Count);
        }

        if (isEmpty && place.Prefix.Length > 0)
            throw new SourceException("there is no such object, and none below it", PathText.FromArgument(place.ToString()));
    }

    /// <summary>A key that ends with a slash stands for a folder, as consoles make them; it has no content.</summary>
    private static void Take(ObjectListing listing, BucketObject found, string key)
    {
        bool isFolder = key.EndsWith('/');
        byte[] path = PathText.FromArgument(isFolder ? key[..^1] : key);
        if (ObjectListing.ProblemOf(path) is { } problem)
            listing.Skip(PathText.FromArgument(key), "name", $"{problem}, so it cannot be a path");
        else if (!isFolder)
            _ = listing.Add(path, S3Transport.StateOf(found));
        else if (found.Size == 0)
            listing.AddFolder(path);
        else
            listing.Skip(PathText.FromArgument(key), "name", $"its key ends with a slash, as that of a folder, and it has {found.Size} bytes");
    }
}
