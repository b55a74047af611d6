using DataPrep.Packing;

namespace DataPrep.S3;

/// <summary>
/// Gives finished pieces their names in a bucket. An upload in parts has its key from its beginning, when the piece CID is not known: so it is completed under a temporary
/// key, and the server copies it. What has the name already is never replaced: it is looked for before, and where the server knows conditions, by it too.
/// </summary>
/// <param name="copyMost">Most bytes to copy with one request, and of each part of a copy.</param>
internal sealed class PiecePlacing(IBucket bucket, S3Place place, long copyMost = PiecePlacing.CopyMost)
{
    /// <summary>S3 copies up to 5 GiB with one request; less takes no request too long, and large pieces are copied in several at once.</summary>
    public const long CopyMost = 512L << 20;
    private const int CopiesAtOnce = 8;
    private const string CarType = "application/vnd.ipld.car";

    /// <summary>Writes a piece that is small enough for one request.</summary>
    public void PutWhole(string name, long size, Func<Stream> content)
    {
        if (!Stands(name, size) && !bucket.Put(place.Key(name), content, CarType, onlyNew: true, CidOf(name)))
            RequireStands(name, size);
    }

    /// <summary>Completes an upload and copies it to its name.</summary>
    /// <param name="sendRest">Sends what is left of it; its id and all its parts.</param>
    /// <param name="keep">Makes a note of the upload durable.</param>
    /// <exception cref="IOException">Something else has the name, or the upload is lost.</exception>
    public void Place(string name, UploadNote note, long size, Func<(string Upload, List<UploadedPart> Parts)> sendRest, Action<UploadNote> keep)
    {
        if (Stands(name, size))
        {
            if (note.UploadId is not null)
                bucket.Abort(note.Key, note.UploadId);
            bucket.Delete(note.Key);
            return;
        }

        if (bucket.Find(note.Key)?.Size != size)
        {
            // Completed by a request whose answer was lost, it is no upload any more.
            var (upload, parts) = sendRest();
            if (!bucket.CompleteUpload(note.Key, upload, parts) && bucket.Find(note.Key)?.Size != size)
                throw new IOException($"the upload to {place} that became {name} is not on the server any more; run the same command again, which makes the piece anew");
        }

        if (size > copyMost)
            CopyInParts(name, note, size, keep);
        else if (!bucket.Copy(note.Key, place.Key(name), CidOf(name)))
            RequireStands(name, size);
        if (bucket.Find(place.Key(name))?.Size != size)
            throw new IOException($"{place}/{name} has not {size} bytes, though the server has copied it; run the same command again");
        bucket.Delete(note.Key);
    }

    private static string CidOf(string name) => Path.GetFileNameWithoutExtension(name);

    private void CopyInParts(string name, UploadNote note, long size, Action<UploadNote> keep)
    {
        string key = place.Key(name);
        // Noted before it is begun, so that a run that is killed leaves no upload that nobody knows of.
        keep(note with { Final = key });
        foreach (var open in bucket.Uploads(key).Where(open => open.Key == key).ToList())
            bucket.Abort(open.Key, open.Id);
        string id = bucket.BeginUpload(key, CidOf(name));
        int count = (int)((size + copyMost - 1) / copyMost);
        var parts = new UploadedPart[count];
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = CopiesAtOnce }, i =>
            parts[i] = bucket.CopyPart(note.Key, i * copyMost, Math.Min(copyMost, size - (i * copyMost)), key, id, i + 1).GetAwaiter().GetResult());
        if (!bucket.CompleteUpload(key, id, parts))
            RequireStands(name, size);
    }

    /// <summary>Whether the piece is there already.</summary>
    /// <exception cref="IOException">Something else is.</exception>
    private bool Stands(string name, long size)
    {
        if (bucket.Find(place.Key(name)) is not { } there)
            return false;
        return there.Size == size && there.Piece == CidOf(name)
            ? true
            : throw new IOException($"{place}/{name} has the name of a piece that was made, and is not known to be that piece; move it away and run the same command again, which will go on");
    }

    private void RequireStands(string name, long size)
    {
        if (!Stands(name, size))
            throw new IOException($"{place}/{name} could not be written: the server says that another is there, and there is none; run the same command again");
    }
}
