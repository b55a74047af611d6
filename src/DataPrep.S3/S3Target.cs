using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.S3;

/// <summary>
/// A place in a bucket that pieces go to. Pieces in the making have keys below <c>.dataprep/</c> and an id of the work folder, so that runs tell their own from those of others.
/// </summary>
internal sealed class S3Target : IPieceTarget, IDisposable
{
    private const string ManifestType = "application/json", TreeType = "application/octet-stream";
    private const int RequestsAtOnce = 8;

    private readonly IBucket bucket;
    private readonly S3Place place;
    private readonly string server;
    private readonly CancellationToken cancel;
    private readonly PartPool pool;
    private readonly PiecePlacing placing;
    private readonly Dictionary<string, long> there = new(StringComparer.Ordinal);
    private OutputFolder folder = null!;
    private TemporaryKeys keys = null!;

    /// <param name="server">URL of the server.</param>
    public S3Target(IBucket bucket, S3Place place, string server, S3Options options, CancellationToken cancel, long copyMost = PiecePlacing.CopyMost)
    {
        (this.bucket, this.place, this.server, this.cancel) = (bucket, place, server, cancel);
        pool = new PartPool(options.Uploads);
        Held = (long)options.Uploads * PieceUpload.PartSize;
        placing = new PiecePlacing(bucket, place, copyMost);
    }

    public string Name => place.ToString();

    public long PartSize => PieceUpload.PartSegments * (long)Piece.SubTreeHasher.SegmentPadded;

    public long Held { get; }

    public void Begin(OutputFolder folder)
    {
        this.folder = folder;
        keys = TemporaryKeys.Of(bucket, place, server, folder);
        there.Clear();
        foreach (var found in bucket.List(place.Key(""), isFlat: true))
            there[found.Key[place.Key("").Length..]] = found.Size;
        if (there.ContainsKey(RecordFile.Dataset) && !File.Exists(folder.FileOf(RecordFile.Dataset)))
            Fetch();
    }

    public void Tidy() => keys.Tidy();

    public bool Has(PieceRecord piece)
    {
        lock (there)
            return there.TryGetValue(piece.CarFile, out long size) && size == piece.CarSize;
    }

    public IPieceFile Create(string name, long size, long leafEnd)
    {
        var note = UploadState.Find(folder, name);
        IReadOnlyList<UploadedPart>? sent = note?.UploadId is { } id ? bucket.Parts(note.Key, id) : [];
        var state = new UploadState(folder, name);
        if (sent is null)
        {
            // The server has forgotten the upload, and with it the parts.
            state.Clear();
            note = null;
        }

        return Upload(state, name, size, leafEnd, note, sent ?? []);
    }

    public IPieceFile? Complete(string name, PieceRecord piece)
    {
        if (UploadState.Find(folder, name) is not { } note)
            return null;
        var sent = note.UploadId is { } id ? bucket.Parts(note.Key, id) : [];
        long size = piece.CarSize;
        int last = (int)((size - 1) / PieceUpload.PartSize);
        bool isThere = sent is null
            ? bucket.Find(note.Key)?.Size == size
            : Enumerable.Range(0, last + 1).All(index => note.Parts.ContainsKey(index) || sent.Any(part => part.Number == index + 1));
        var state = new UploadState(folder, name);
        if (isThere)
            return Upload(state, name, size, 0, note, sent ?? []);
        if (note.UploadId is not null)
            bucket.Abort(note.Key, note.UploadId);
        state.Delete();
        state.Dispose();
        return null;
    }

    public void Remove(string car)
    {
        bucket.Delete(place.Key(car));
        lock (there)
            _ = there.Remove(car);
    }

    public void Clear() => keys.Clear();

    public void Publish(IReadOnlyList<PieceRecord> pieces)
    {
        if (there.ContainsKey(RecordFile.Dataset))
            RequireSame();
        string[] trees = [.. pieces.Select(piece => piece.PieceCid + ".tree").Where(tree => there.GetValueOrDefault(tree) != Length(tree))];
        _ = Parallel.ForEach(trees, new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancel }, tree => Put(tree, TreeType));
        foreach (string name in (string[])[RecordFile.Files, RecordFile.Pieces, RecordFile.Skipped])
        {
            if (File.Exists(folder.FileOf(name)))
                Put(name, ManifestType);
            else if (there.ContainsKey(name))
                bucket.Delete(place.Key(name));
        }

        Put(RecordFile.Dataset, ManifestType);
    }

    public void Dispose() => pool.Dispose();

    private PieceUpload Upload(UploadState state, string name, long size, long leafEnd, UploadNote? note, IReadOnlyList<UploadedPart> sent) =>
        new(bucket, pool, placing, state, note?.Key ?? keys.Of(name), size, leafEnd, note, sent, cancel);

    private long Length(string name) => new FileInfo(folder.FileOf(name)).Length;

    private void Put(string name, string type) => _ = bucket.Put(place.Key(name), () => File.OpenRead(folder.FileOf(name)), type, onlyNew: false);

    /// <summary>Another dataset is never replaced.</summary>
    private void RequireSame()
    {
        using var other = new MemoryStream();
        bucket.Get(place.Key(RecordFile.Dataset), other);
        if (!other.ToArray().AsSpan().SequenceEqual(File.ReadAllBytes(folder.FileOf(RecordFile.Dataset))))
            throw new IOException($"{place} holds another dataset than {folder.Path}; choose another prefix, or remove what is there");
    }

    /// <summary>Takes over the records of a finished dataset, of which the work folder is gone.</summary>
    private void Fetch()
    {
        using var hold = folder.Hold();
        foreach (string name in (string[])[RecordFile.Files, RecordFile.Pieces, RecordFile.Skipped])
        {
            if (there.ContainsKey(name))
                Get(name);
        }

        var trees = RecordFile.ReadPieces(folder.Path).Select(piece => piece.PieceCid + ".tree").Where(there.ContainsKey).ToList();
        _ = Parallel.ForEach(trees, new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancel }, Get);
        Get(RecordFile.Dataset);

        void Get(string name) => folder.Write(name, stream => bucket.Get(place.Key(name), stream));
    }
}
