using System.Globalization;
using DataPrep.S3;

namespace DataPrep.Tests.S3;

/// <summary>A bucket in memory, strict where servers are: small parts, unknown uploads and lost parts are refused.</summary>
internal sealed class MemoryBucket : IBucket
{
    private const int LeastPart = 5 << 20;
    private readonly Lock gate = new();
    private readonly Dictionary<string, (string Key, string? Piece, SortedDictionary<int, byte[]> Parts)> uploads = [];
    private int ids;

    public SortedDictionary<string, (byte[] Bytes, string? Piece)> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>Called before each part is taken; may throw.</summary>
    public Action<int> OnPart { get; set; } = _ => { };

    public int OpenUploads => uploads.Count;

    public BucketObject? Find(string key)
    {
        lock (gate)
            return Objects.TryGetValue(key, out var found) ? new BucketObject(key, found.Bytes.Length, "\"x\"", DateTime.UtcNow, found.Piece) : null;
    }

    public IEnumerable<BucketObject> List(string prefix, bool isFlat = false)
    {
        lock (gate)
        {
            return [.. Objects.Where(found => found.Key.StartsWith(prefix, StringComparison.Ordinal) && !(isFlat && found.Key[prefix.Length..].Contains('/', StringComparison.Ordinal)))
                .Select(found => new BucketObject(found.Key, found.Value.Bytes.Length, "\"x\"", DateTime.UtcNow))];
        }
    }

    public void Get(string key, Stream target)
    {
        lock (gate)
            target.Write(Objects[key].Bytes);
    }

    public bool Put(string key, Func<Stream> content, string type, bool onlyNew, string? piece = null)
    {
        lock (gate)
        {
            if (onlyNew && Objects.ContainsKey(key))
                return false;
            Objects[key] = (BytesOf(content), piece);
            return true;
        }
    }

    public void Delete(string key)
    {
        lock (gate)
            _ = Objects.Remove(key);
    }

    public IEnumerable<OpenUpload> Uploads(string prefix)
    {
        lock (gate)
            return [.. uploads.Where(open => open.Value.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(open => new OpenUpload(open.Value.Key, open.Key, DateTime.UtcNow))];
    }

    public string BeginUpload(string key, string? piece = null)
    {
        lock (gate)
        {
            string id = (++ids).ToString(CultureInfo.InvariantCulture);
            uploads.Add(id, (key, piece, []));
            return id;
        }
    }

    public Task<string> UploadPart(string key, string upload, int number, Func<Stream> content)
    {
        OnPart(number);
        byte[] bytes = BytesOf(content);
        lock (gate)
            uploads[upload].Parts[number] = bytes;
        return Task.FromResult("\"x\"");
    }

    public IReadOnlyList<UploadedPart>? Parts(string key, string upload)
    {
        lock (gate)
            return uploads.TryGetValue(upload, out var open) ? [.. open.Parts.Select(part => new UploadedPart(part.Key, part.Value.Length, "\"x\"", DateTime.UtcNow))] : null;
    }

    public bool CompleteUpload(string key, string upload, IEnumerable<UploadedPart> parts)
    {
        lock (gate)
        {
            if (!uploads.TryGetValue(upload, out var open))
                return false;
            var chosen = parts.ToList();
            if (chosen.SkipLast(1).Any(part => part.Size < LeastPart))
                throw new IOException("EntityTooSmall");
            using var whole = new MemoryStream();
            foreach (var part in chosen)
                whole.Write(open.Parts[part.Number]);
            Objects[open.Key] = (whole.ToArray(), open.Piece);
            return uploads.Remove(upload);
        }
    }

    public void Abort(string key, string upload)
    {
        lock (gate)
            _ = uploads.Remove(upload);
    }

    public bool Copy(string from, string to, string piece)
    {
        lock (gate)
            return Objects.TryAdd(to, (Objects[from].Bytes, piece));
    }

    public Task<UploadedPart> CopyPart(string from, long first, long length, string to, string upload, int number)
    {
        lock (gate)
            uploads[upload].Parts[number] = Objects[from].Bytes[(int)first..(int)(first + length)];
        return Task.FromResult(new UploadedPart(number, length, "\"x\""));
    }

    private static byte[] BytesOf(Func<Stream> content)
    {
        using var stream = content();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
