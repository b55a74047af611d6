using System.Diagnostics;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace DataPrep.S3;

/// <summary>A bucket behind the SDK. Synchronous where a worker waits anyway.</summary>
internal sealed class S3Bucket(IAmazonS3 client, string bucket, string server, S3Options options, CancellationToken cancel, Action<string>? warn = null) : IBucket
{
    private const string PieceField = "piece-cid";
    private const string CarType = "application/vnd.ipld.car";
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    // A server that has never answered is more likely misnamed than ill.
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(15);

    // Shorter faults are nothing that a person needs to know.
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(10);

    // A part that is on its way when the run is to end may still arrive.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private readonly S3Faults faults = new(bucket, server);
    private readonly CancellationToken late = Later(cancel);
    private volatile bool wasHeard;

    private bool CanCondition => !options.Compat;

    public BucketObject? Find(string key)
    {
        try
        {
            var found = Do(() => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, late), $"look for {Name(key)}");
            return new BucketObject(key, found.ContentLength, found.ETag, found.LastModified ?? default, found.Metadata[PieceField]);
        }
        catch (IOException e) when (e.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.NotFound, ErrorCode: not "NoSuchBucket" })
        {
            return null;
        }
    }

    public IEnumerable<BucketObject> List(string prefix, bool isFlat = false)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix, Delimiter = isFlat ? "/" : null };
        while (true)
        {
            var page = Do(() => client.ListObjectsV2Async(request, late), $"list {Name(prefix)}");
            foreach (var found in page.S3Objects ?? [])
                yield return new BucketObject(found.Key, found.Size ?? 0, found.ETag, found.LastModified ?? default);
            if (page.IsTruncated != true || page.NextContinuationToken is null)
                break;
            request.ContinuationToken = page.NextContinuationToken;
        }
    }

    public void Get(string key, Stream target)
    {
        long start = target.Position;
        _ = Do(
            async () =>
            {
                target.SetLength(start);
                target.Position = start;
                using var answer = await client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = key }, late).ConfigureAwait(false);
                await answer.ResponseStream.CopyToAsync(target, late).ConfigureAwait(false);
                return answer.ContentLength;
            },
            $"read {Name(key)}");
    }

    public bool Put(string key, Func<Stream> content, string type, bool onlyNew, string? piece = null)
    {
        try
        {
            _ = Do(
                () =>
                {
                    var request = new PutObjectRequest { BucketName = bucket, Key = key, ContentType = type, InputStream = content(), UseChunkEncoding = !options.Compat };
                    if (piece is not null)
                        request.Metadata[PieceField] = piece;
                    if (onlyNew && CanCondition)
                        request.IfNoneMatch = "*";
                    return client.PutObjectAsync(request, late);
                },
                $"write {Name(key)}");
            return true;
        }
        catch (IOException e) when (IsTaken(e))
        {
            return false;
        }
    }

    public void Delete(string key) => _ = Do(() => client.DeleteObjectAsync(bucket, key, late), $"remove {Name(key)}");

    public IEnumerable<OpenUpload> Uploads(string prefix)
    {
        var request = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix };
        while (true)
        {
            var page = Do(() => client.ListMultipartUploadsAsync(request, late), $"list the open uploads of {Name(prefix)}");
            foreach (var upload in page.MultipartUploads ?? [])
                yield return new OpenUpload(upload.Key, upload.UploadId, upload.Initiated ?? default);
            if (page.IsTruncated != true || page.NextKeyMarker is null)
                break;
            (request.KeyMarker, request.UploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
    }

    public string BeginUpload(string key, string? piece = null)
    {
        var request = new InitiateMultipartUploadRequest { BucketName = bucket, Key = key, ContentType = CarType };
        if (piece is not null)
            request.Metadata[PieceField] = piece;
        return Do(() => client.InitiateMultipartUploadAsync(request, late), $"begin an upload to {Name(key)}").UploadId;
    }

    public async Task<string> UploadPart(string key, string upload, int number, Func<Stream> content)
    {
        var answer = await DoAsync(
            () => client.UploadPartAsync(new UploadPartRequest { BucketName = bucket, Key = key, UploadId = upload, PartNumber = number, InputStream = content(), UseChunkEncoding = !options.Compat }, late),
            $"upload part {number} of {Name(key)}").ConfigureAwait(false);
        return answer.ETag;
    }

    public IReadOnlyList<UploadedPart>? Parts(string key, string upload)
    {
        var parts = new List<UploadedPart>();
        var request = new ListPartsRequest { BucketName = bucket, Key = key, UploadId = upload };
        while (true)
        {
            ListPartsResponse page;
            try
            {
                page = Do(() => client.ListPartsAsync(request, late), $"list the parts of an upload to {Name(key)}");
            }
            catch (IOException e) when (IsNoUpload(e))
            {
                return null;
            }

            parts.AddRange((page.Parts ?? []).Select(part => new UploadedPart(part.PartNumber ?? 0, part.Size ?? 0, part.ETag, part.LastModified ?? default)));
            if (page.IsTruncated != true || page.NextPartNumberMarker is null)
                return parts;
            request.PartNumberMarker = page.NextPartNumberMarker.Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    public bool CompleteUpload(string key, string upload, IEnumerable<UploadedPart> parts)
    {
        var request = new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = upload, PartETags = [.. parts.Select(part => new PartETag(part.Number, part.ETag))] };
        try
        {
            _ = Do(() => client.CompleteMultipartUploadAsync(request, late), $"complete the upload to {Name(key)}");
            return true;
        }
        catch (IOException e) when (IsNoUpload(e))
        {
            return false;
        }
    }

    public void Abort(string key, string upload)
    {
        try
        {
            _ = Do(() => client.AbortMultipartUploadAsync(bucket, key, upload, late), $"abort an upload to {Name(key)}");
        }
        catch (IOException e) when (IsNoUpload(e))
        {
        }
    }

    public bool Copy(string from, string to, string piece)
    {
        var request = new CopyObjectRequest { SourceBucket = bucket, SourceKey = from, DestinationBucket = bucket, DestinationKey = to, ContentType = CarType, MetadataDirective = S3MetadataDirective.REPLACE };
        request.Metadata[PieceField] = piece;
        if (CanCondition)
            request.IfNoneMatch = "*";
        try
        {
            _ = Do(() => client.CopyObjectAsync(request, late), $"copy {Name(from)} to {Name(to)}");
            return true;
        }
        catch (IOException e) when (IsTaken(e))
        {
            return false;
        }
    }

    public async Task<UploadedPart> CopyPart(string from, long first, long length, string to, string upload, int number)
    {
        var answer = await DoAsync(
            () => client.CopyPartAsync(
                new CopyPartRequest { SourceBucket = bucket, SourceKey = from, FirstByte = first, LastByte = first + length - 1, DestinationBucket = bucket, DestinationKey = to, UploadId = upload, PartNumber = number },
                late),
            $"copy a part of {Name(from)} to {Name(to)}").ConfigureAwait(false);
        return new UploadedPart(number, length, answer.ETag);
    }

    private string Name(string key) => $"{S3Place.Scheme}{bucket}/{key}";

    private static bool IsNoUpload(IOException e) => e.InnerException is AmazonS3Exception { ErrorCode: "NoSuchUpload" };

    /// <summary>412 for a key that is taken, 409 where another writes it at this moment.</summary>
    private static bool IsTaken(IOException e) => e.InnerException is AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed };

    private static CancellationToken Later(CancellationToken cancel)
    {
        var late = new CancellationTokenSource();
        _ = cancel.Register(() => late.CancelAfter(Grace));
        return late.Token;
    }

    private T Do<T>(Func<Task<T>> request, string action) => DoAsync(request, action).GetAwaiter().GetResult();

    /// <summary>Tries a request, and what may pass again and again: the SDK a few times, this for as long as patience lasts.</summary>
    private async Task<T> DoAsync<T>(Func<Task<T>> request, string action)
    {
        cancel.ThrowIfCancellationRequested();
        var waited = Stopwatch.StartNew();
        bool hasWarned = false;
        for (int tries = 0; ; tries++)
        {
            try
            {
                var answer = await request().ConfigureAwait(false);
                wasHeard = true;
                return answer;
            }
            catch (Exception e) when (e is AmazonClientException or AmazonServiceException or IOException or HttpRequestException or OperationCanceledException or TimeoutException)
            {
                cancel.ThrowIfCancellationRequested();
                wasHeard |= e is AmazonS3Exception { StatusCode: not 0 };
                var patience = wasHeard || options.Patience < FirstPatience ? options.Patience : FirstPatience;
                if (!S3Faults.IsPassing(e) || waited.Elapsed >= patience)
                    throw faults.Explain(e, action);
                if (waited.Elapsed >= LongWait && !hasWarned)
                    warn?.Invoke($"{faults.Explain(e, action).Message.Split(';')[0]}; trying again, for {patience.TotalSeconds:0} s in all");
                hasWarned |= waited.Elapsed >= LongWait;
            }

            double most = Math.Min(LongestWait.TotalSeconds, 0.25 * Math.Pow(2, Math.Min(tries, 10)));
#pragma warning disable CA5394 // Only spreads the tries of many
            await Task.Delay(TimeSpan.FromSeconds(Random.Shared.NextDouble() * most), cancel).ConfigureAwait(false);
#pragma warning restore CA5394
        }
    }
}
