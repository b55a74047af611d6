using System.Runtime.InteropServices;

namespace DataPrep.Cli.Doctor;

/// <summary>What https, s3:// and rclone: sources need of the machine.</summary>
internal static class NetworkChecks
{
    // Where distributions keep the certificates of authorities, as OpenSSL and .NET look for them.
    private static readonly string[] Bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"];

    private static readonly string[] Folders = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

    public static IEnumerable<Check> All() => [OpenSsl(), Certificates(), Rclone()];

    /// <summary>The library that .NET takes for TLS, random numbers and hashes: without it, what asks for them ends the process.</summary>
    public static string? OpenSslLibrary { get; } = new[] { "libssl.so.3", "libssl.so.1.1" }.FirstOrDefault(name => NativeLibrary.TryLoad(name, out _));

    private static Check OpenSsl() => OpenSslLibrary is { } found
        ? Check.Ok("OpenSSL", found)
        : Check.Problem("OpenSSL", "libssl.so.3 is not there", "install it, on Debian with apt install libssl3: without it .NET has neither TLS nor random numbers");

    private static Check Certificates()
    {
        string? given = Environment.GetEnvironmentVariable("SSL_CERT_FILE"), folder = Environment.GetEnvironmentVariable("SSL_CERT_DIR");
        if (!string.IsNullOrEmpty(given) || !string.IsNullOrEmpty(folder))
        {
            string[] missing = [.. (given is { Length: > 0 } && !File.Exists(given) ? [given] : Array.Empty<string>()).Concat((folder ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(each => !Directory.Exists(each)))];
            return missing.Length == 0
                ? Check.Ok("certificates", $"those of SSL_CERT_FILE or SSL_CERT_DIR: {string.Join(", ", new[] { given, folder }.Where(each => !string.IsNullOrEmpty(each)))}")
                : Check.Warning("certificates", $"SSL_CERT_FILE or SSL_CERT_DIR names what is not there: {string.Join(", ", missing)}", "unset it, or write the certificates there");
        }

        string? bundle = Bundles.FirstOrDefault(path => File.Exists(path) && new FileInfo(path).Length > 0) ?? Folders.FirstOrDefault(path => Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any());
        return bundle is null
            ? Check.Warning("certificates", "none of any authority", "https and s3:// trust no server without: install ca-certificates, or set SSL_CERT_FILE")
            : Check.Ok("certificates", bundle);
    }

    private static Check Rclone()
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Join(folder, "rclone")).FirstOrDefault(File.Exists);
        return path is null ? Check.Note("rclone", "not installed; wanted for rclone: sources alone") : Check.Ok("rclone", path);
    }
}
