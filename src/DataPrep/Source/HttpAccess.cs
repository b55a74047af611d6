using System.Text;

namespace DataPrep.Source;

/// <summary>What lets us in at servers: never part of a plan, a record or a message.</summary>
internal sealed class HttpAccess
{
    private readonly List<(string Name, string Value)> headers = [];
    private readonly Dictionary<string, string> basic = new(StringComparer.Ordinal);

    /// <summary>Adds a header to all requests, but those that a redirect sends to another host.</summary>
    public void AddHeader(string name, string value) => headers.Add((name, value));

    /// <summary>Takes user and password out of a URL, for its origin; returns the URL without them.</summary>
    public Uri TakeFrom(Uri url)
    {
        if (url.UserInfo.Length == 0)
            return url;
        string[] parts = url.UserInfo.Split(':', 2);
        string plain = $"{Uri.UnescapeDataString(parts[0])}:{(parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "")}";
        basic[Origin(url)] = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(plain))}";
        return new UriBuilder(url) { UserName = "", Password = "" }.Uri;
    }

    public void AddTo(HttpRequestMessage request)
    {
        if (basic.TryGetValue(Origin(request.RequestUri!), out string? secret))
            _ = request.Headers.TryAddWithoutValidation("Authorization", secret);
        foreach (var (name, value) in headers)
        {
            _ = request.Headers.Remove(name);
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    public static bool IsHttp(Uri url) => url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps;

    /// <summary>Scheme, host and port.</summary>
    public static string Origin(Uri url) => url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
}
