using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace DataPrep.Server;

/// <summary>What requests say of what the client has already (RFC 9110, section 13).</summary>
internal static class Preconditions
{
    /// <summary>Whether the client has what a tag stands for (If-None-Match).</summary>
    public static bool IsKnown(HttpRequest request, EntityTagHeaderValue tag) =>
        EntityTagHeaderValue.TryParseList([.. request.Headers.IfNoneMatch.OfType<string>()], out var known) && known.Any(other => other.Tag == "*" || other.Compare(tag, useStrongComparison: false));

    /// <summary>The range that is asked for; all where the client has something of another tag (If-Range).</summary>
    /// <returns>Null where the range cannot be satisfied.</returns>
    public static ByteRange? RangeOf(HttpRequest request, EntityTagHeaderValue tag, long size)
    {
        bool holds = request.Headers.IfRange.Count == 0 || (EntityTagHeaderValue.TryParse(request.Headers.IfRange.ToString(), out var had) && had.Compare(tag, useStrongComparison: true));
        return ByteRange.Of(holds && request.Headers.Range.Count > 0 ? request.Headers.Range.ToString() : null, size);
    }
}
