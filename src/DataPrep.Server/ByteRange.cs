using Microsoft.Net.Http.Headers;

namespace DataPrep.Server;

/// <summary>What of a resource a request asks for (RFC 9110, section 14).</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes.</param>
/// <param name="IsPartial">Whether it is a range that was asked for, and the answer 206.</param>
internal readonly record struct ByteRange(long Offset, long Length, bool IsPartial)
{
    /// <param name="header">Value of the Range header; null or what is no range of bytes asks for all.</param>
    /// <returns>Null where the range cannot be satisfied: it begins behind the end, has no byte, or is more than one.</returns>
    public static ByteRange? Of(string? header, long size)
    {
        var all = new ByteRange(0, size, false);
        if (header is null || !RangeHeaderValue.TryParse(header, out var ranges) || !ranges.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase))
            return all;
        if (ranges.Ranges.Count != 1)
            return null;
        var range = ranges.Ranges.First();
        if (range.From is not { } from)
            return range.To is > 0 and { } last && size > 0 ? new ByteRange(Math.Max(0, size - last), Math.Min(last, size), true) : null;
        return from < size ? new ByteRange(from, Math.Min(size - 1, range.To ?? long.MaxValue) - from + 1, true) : null;
    }
}
