using DataPrep.Packing;

namespace DataPrep.S3;

/// <summary>A bucket and what the keys in it begin with, as <c>s3://bucket/prefix</c>.</summary>
/// <param name="Prefix">Empty, or the beginning of keys without the slash that ends it.</param>
internal readonly record struct S3Place(string Bucket, string Prefix)
{
    public const string Scheme = "s3://";

    public static bool Is(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="UsageException">It names no bucket.</exception>
    public static S3Place Parse(string text)
    {
        string rest = text[Scheme.Length..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string bucket = slash < 0 ? rest : rest[..slash], prefix = slash < 0 ? "" : rest[(slash + 1)..].TrimEnd('/');
        if (bucket.Length is < 3 or > 255 || !bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
            throw new UsageException($"'{text}' names no bucket; write s3://BUCKET/PREFIX");
        if (prefix.StartsWith('/') || prefix.Contains("//", StringComparison.Ordinal))
            throw new UsageException($"'{text}': the prefix has an empty part; write s3://BUCKET/PREFIX with single slashes");
        return new S3Place(bucket, prefix);
    }

    /// <summary>The key of a name below the prefix.</summary>
    public string Key(string name) => Prefix.Length == 0 ? name : $"{Prefix}/{name}";

    public override string ToString() => Prefix.Length == 0 ? Scheme + Bucket : $"{Scheme}{Bucket}/{Prefix}";
}
