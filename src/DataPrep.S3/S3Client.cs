using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using DataPrep.Packing;

namespace DataPrep.S3;

/// <summary>The client of a server, shared by all that a run does with it.</summary>
internal sealed class S3Client : IDisposable
{
    private const int UsualTries = 4;

    // A request is at most a part, or the copy of one.
    private static readonly TimeSpan LongestRequest = TimeSpan.FromMinutes(5);
    private readonly S3Options options;

    /// <param name="tries">How often the client itself tries again.</param>
    /// <exception cref="UsageException">The URL of the server is none.</exception>
    /// <exception cref="IOException">There are no credentials.</exception>
    public S3Client(S3Options options, int tries = UsualTries)
    {
        this.options = options;
        string? endpoint = options.Endpoint ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_S3") ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL");
        var config = new AmazonS3Config
        {
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = tries,
            ThrottleRetries = false,
            ForcePathStyle = options.Compat,
            Timeout = LongestRequest,
        };
        if (endpoint is { Length: > 0 })
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
                throw new UsageException("--s3-endpoint must be the URL of a server, as https://s3.example.org:9000, without user or password");
            (config.ServiceURL, config.ForcePathStyle, config.AuthenticationRegion) = (endpoint, true, Region ?? "us-east-1");
        }
        else if (Region is { Length: > 0 } region)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        }

        try
        {
            Sdk = options.Anonymous ? new AmazonS3Client(new AnonymousAWSCredentials(), config) : new AmazonS3Client(config);
            Server = endpoint is { Length: > 0 } ? endpoint.TrimEnd('/') : Sdk.Config.ServiceURL is { Length: > 0 } known ? known.TrimEnd('/') : $"S3 in {Sdk.Config.RegionEndpoint?.SystemName ?? "its default region"}";
        }
        catch (AmazonClientException e)
        {
            throw new S3Faults("", endpoint ?? "AWS").Explain(e, "reach S3");
        }
    }

    public AmazonS3Client Sdk { get; }

    /// <summary>URL of the server.</summary>
    public string Server { get; }

    private string? Region => options.Region ?? Environment.GetEnvironmentVariable("AWS_REGION") ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION");

    public S3Bucket Bucket(string name, CancellationToken cancel, Action<string>? warn = null) => new(Sdk, name, Server, options, cancel, warn);

    public void Dispose() => Sdk.Dispose();
}
