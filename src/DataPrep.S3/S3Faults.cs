using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using DataPrep.Source;

namespace DataPrep.S3;

/// <summary>What went wrong with a server, in words for the person at the keyboard.</summary>
/// <param name="bucket">The bucket.</param>
/// <param name="server">URL of the server, for messages.</param>
internal sealed class S3Faults(string bucket, string server)
{
    /// <summary>Whether the same request may well succeed later.</summary>
    public static bool IsPassing(Exception e) => e switch
    {
        AmazonS3Exception s3 => (int)s3.StatusCode >= 500 && s3.StatusCode != HttpStatusCode.NotImplemented
            || s3.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
            || s3.ErrorCode is "SlowDown" or "RequestTimeout" or "Throttling" or "ThrottlingException" or "RequestLimitExceeded" or "InternalError" or "ServiceUnavailable",
        AmazonServiceException service => (int)service.StatusCode >= 500 || (service.StatusCode == 0 && !IsUnreachable(e)),
        AmazonClientException => false,
        _ => e is IOException or HttpRequestException or TimeoutException or OperationCanceledException && !IsUnreachable(e),
    };

    /// <summary>Whether the server was not found at all: its name is unknown, nothing listens, or it speaks no TLS.</summary>
    public static bool IsUnreachable(Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } or System.Security.Authentication.AuthenticationException)
                return true;
        }

        return false;
    }

    /// <param name="action">What was tried, as in "list s3://bucket/a".</param>
    public IOException Explain(Exception e, string action)
    {
        string what = $"cannot {action}: ";
        if (e is AmazonS3Exception s3)
            return ExplainAnswer(s3, what);
        if (IsUnreachable(e))
            return new IOException($"{what}{Innermost(e)}; is {server} the right server? --s3-endpoint names it");
        if (e is AmazonClientException)
            return IsAboutCredentials(e)
                ? new IOException($"{what}there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or use --s3-anonymous for a public bucket", e)
                : new IOException($"{what}{OneLine(e.Message)}", e);
        return new PassingFaultException($"{what}{Innermost(e)}; run the same command again, which will go on");
    }

    private IOException ExplainAnswer(AmazonS3Exception e, string what) => e.ErrorCode switch
    {
        "NoSuchBucket" => new IOException($"{what}there is no bucket {bucket} on {server}", e),
        "InvalidAccessKeyId" => new IOException($"{what}the access key is unknown to {server}; see AWS_ACCESS_KEY_ID or the profile", e),
        "SignatureDoesNotMatch" => new IOException($"{what}the secret key does not belong to the access key, or a proxy changed the request; see AWS_SECRET_ACCESS_KEY or the profile", e),
        "RequestTimeTooSkewed" => new IOException($"{what}the clock of this machine is too far from that of {server}; set it right", e),
        "ExpiredToken" or "TokenRefreshRequired" or "InvalidToken" => new IOException($"{what}the credentials have expired or are not valid; get new ones and run the same command again", e),
        "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" => new IOException($"{what}the bucket is in another region; give it with --s3-region ({OneLine(e.Message)})", e),
        "AccessDenied" or "Forbidden" or "AllAccessDisabled" => new IOException($"{what}access is denied to these credentials", e),
        "QuotaExceeded" or "EntityTooLarge" => new IOException($"{what}{OneLine(e.Message)}", e),
        _ when IsPassing(e) => new PassingFaultException($"{what}{server} goes on answering {(int)e.StatusCode} {e.ErrorCode}; run the same command again, which will go on"),
        _ when e.StatusCode == HttpStatusCode.Forbidden => new IOException($"{what}access is denied to these credentials (403 from {server})", e),
        _ => new IOException($"{what}{server} answers {(int)e.StatusCode} {e.ErrorCode}: {OneLine(e.Message)}{(e.ErrorCode is null or "" ? "; is it a server that speaks S3? --s3-endpoint names it" : "")}", e),
    };

    private static bool IsAboutCredentials(Exception e) =>
        e.Message.Contains("credential", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("profile", StringComparison.OrdinalIgnoreCase);

    private static string Innermost(Exception e)
    {
        while (e.InnerException is not null)
            e = e.InnerException;
        return e is OperationCanceledException ? "the server does not answer" : OneLine(e.Message);
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim().TrimEnd('.');
}
