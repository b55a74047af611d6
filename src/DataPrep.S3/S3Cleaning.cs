using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.S3;

/// <summary>Something in a bucket that a run has left.</summary>
/// <param name="Upload">An upload that was not completed; null of an object.</param>
/// <param name="Bytes">Those of the object, or of the upload's parts.</param>
internal readonly record struct BucketLeftover(string Key, string? Upload, long Bytes);

/// <summary>
/// Removes what broken-off runs have left in a bucket: uploads and temporary objects, of the work folder or silent for long, and finished pieces that no records name.
/// Only below one prefix, and nothing of a dataset that is complete.
/// </summary>
internal sealed class S3Cleaning
{
    private readonly IBucket bucket;

    /// <param name="folder">The work folder, which is held; it may be missing.</param>
    /// <param name="silence">How long nothing has come to what is removed of other folders; null for nothing of them.</param>
    /// <exception cref="IOException">The bucket cannot be listed.</exception>
    /// <exception cref="MalformedDataException">The journal cannot be read.</exception>
    public S3Cleaning(IBucket bucket, S3Place place, string server, OutputFolder folder, TimeSpan? silence)
    {
        this.bucket = bucket;
        var keys = TemporaryKeys.Of(bucket, place, server, folder);
        var before = DateTime.UtcNow - silence;
        var found = new List<BucketLeftover>();
        var finals = UploadState.All(folder).Select(note => note.Final).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var open in bucket.Uploads(place.Key("")))
        {
            bool isTemporary = TemporaryKeys.Has(place, open.Key), isCopy = IsPiece(place, open.Key);
            if (keys.IsOwn(open.Key) || finals.Contains(open.Key) || ((isTemporary || isCopy) && TemporaryKeys.LastSignOf(bucket, open) < before))
                found.Add(new BucketLeftover(open.Key, open.Id, (bucket.Parts(open.Key, open.Id) ?? []).Sum(part => part.Size)));
        }

        foreach (var left in TemporaryKeys.Objects(bucket, place))
        {
            if (keys.IsOwn(left.Key) || left.Modified.ToUniversalTime() < before)
                found.Add(new BucketLeftover(left.Key, null, left.Size));
        }

        // Where records stand in the bucket, every piece that is there may be one of theirs.
        if (bucket.Find(place.Key(RecordFile.Dataset)) is null)
        {
            foreach (string car in new Leftovers(folder).PieceNames())
            {
                if (bucket.Find(place.Key(car)) is { } piece)
                    found.Add(new BucketLeftover(piece.Key, null, piece.Size));
            }
        }

        All = found;
    }

    public IReadOnlyList<BucketLeftover> All { get; }

    public void Remove()
    {
        foreach (var left in All)
        {
            if (left.Upload is { } upload)
                bucket.Abort(left.Key, upload);
            else
                bucket.Delete(left.Key);
        }
    }

    private static bool IsPiece(S3Place place, string key)
    {
        string name = key[place.Key("").Length..];
        return name.EndsWith(".car", StringComparison.Ordinal) && name.StartsWith("baga", StringComparison.Ordinal) && !name.Contains('/', StringComparison.Ordinal);
    }
}
