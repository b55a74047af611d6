using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.S3.Model;
using DataPrep.Source;

namespace DataPrep.S3;

/// <summary>Asks for objects of a server, by location <c>BUCKET/KEY</c>. Each request is tried once.</summary>
internal sealed class S3Transport(S3Client client) : IObjectTransport
{
    public static ObjectState StateOf(BucketObject found) => StateOf(found.Size, found.ETag, found.Modified);

    public Task<ObjectState> StatAsync(string location, CancellationToken cancel) => Answered(async () =>
    {
        var (bucket, key) = Split(location);
        var found = await client.Sdk.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, cancel).ConfigureAwait(false);
        return StateOf(found.ContentLength, found.ETag, found.LastModified);
    });

    public Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel) => Answered(async () =>
    {
        var (bucket, key) = Split(location);
        var request = new GetObjectRequest { BucketName = bucket, Key = key, ByteRange = new ByteRange(offset, offset + length - 1) };
        if (ObjectState.IsStrong(expected.Tag))
            request.EtagToMatch = expected.Tag;
        var answer = await client.Sdk.GetObjectAsync(request, cancel).ConfigureAwait(false);
        var (first, total) = RangeOf(answer);
        return new ObjectAnswer(StateOf(total, answer.ETag, answer.LastModified), first, answer.ResponseStream, answer);
    });

    public void Dispose() => client.Dispose();

    /// <summary>Lists have fractions of seconds that answers have not.</summary>
    private static ObjectState StateOf(long size, string etag, DateTime? modified) =>
        ObjectState.Of(size, etag, modified?.ToUniversalTime().ToString("r", CultureInfo.InvariantCulture));

    private static (string Bucket, string Key) Split(string location)
    {
        int slash = location.IndexOf('/', StringComparison.Ordinal);
        return (location[..slash], location[(slash + 1)..]);
    }

    /// <summary>Where the body begins, and how long the object is: <c>bytes 0-9/100</c> (RFC 9110, 14.4), or the whole.</summary>
    private static (long First, long Total) RangeOf(GetObjectResponse answer)
    {
        if (answer.HttpStatusCode != HttpStatusCode.PartialContent)
            return (0, answer.ContentLength);
        if (System.Net.Http.Headers.ContentRangeHeaderValue.TryParse(answer.ContentRange, out var range) && range is { Unit: "bytes", From: { } from, Length: { } total })
            return (from, total);
        throw new ObjectException(ObjectFault.Unreadable, $"the server does not say which range it sends ('{answer.ContentRange}')");
    }

    private static async Task<T> Answered<T>(Func<Task<T>> request)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (AmazonServiceException e)
        {
            throw new ObjectException(FaultOf(e), Describe(e));
        }
        catch (AmazonClientException e)
        {
            throw new ObjectException(ObjectFault.Unauthorized, PathText.Quote(e.Message));
        }
    }

    private static ObjectFault FaultOf(AmazonServiceException e) => e.StatusCode switch
    {
        HttpStatusCode.PreconditionFailed or HttpStatusCode.RequestedRangeNotSatisfiable => ObjectFault.Changed,
        HttpStatusCode.NotFound => ObjectFault.Gone,
        _ when e.ErrorCode is "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "ExpiredToken" or "InvalidToken" or "TokenRefreshRequired" or "RequestTimeTooSkewed" => ObjectFault.Unauthorized,
        _ when e.StatusCode == 0 || S3Faults.IsPassing(e) => ObjectFault.Passing,
        _ => ObjectFault.Unreadable,
    };

    private static string Describe(AmazonServiceException e) => e.StatusCode == 0
        ? PathText.Quote(e.InnerException?.Message ?? e.Message)
        : PathText.Quote($"the server answers {(int)e.StatusCode} {e.ErrorCode}: {e.Message}");
}
