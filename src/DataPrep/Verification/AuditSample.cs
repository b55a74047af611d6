using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>What became of a sample. Only the first two mean that the provider has these bytes.</summary>
internal enum AuditOutcome
{
    /// <summary>The bytes are those of the piece CID.</summary>
    Retrievable,

    /// <summary>They are too, but took longer than was asked for.</summary>
    Slow,

    /// <summary>Other bytes were sent.</summary>
    Corrupt,

    /// <summary>Fewer bytes were sent, or the server says that it has fewer.</summary>
    Truncated,

    /// <summary>No answer, none in time, or a server in trouble (5xx).</summary>
    Unreachable,

    /// <summary>An answer, but not with these bytes: 4xx, no ranges, or one that breaks the rules of HTTP.</summary>
    Refused,
}

/// <summary>A segment of a piece, and the node that its bytes have to hash to.</summary>
/// <param name="IsTail">Whether it lies behind the payload: asked for where a server says that it has zeros there.</param>
internal sealed record AuditSample(PieceRecord Piece, long Segment, byte[] Node, int NodeHeight, bool IsTail = false)
{
    public long Offset => Segment * SubTreeHasher.SegmentRaw;

    /// <summary>Bytes that the node stands for.</summary>
    public int Length => (int)PieceSize.Unpadded(PieceSize.OfHeight(NodeHeight));

    /// <summary>Bytes of them that have to be sent; zeros follow.</summary>
    public int Needed => IsTail ? Length : (int)Math.Min(Length, Piece.PayloadSize - Offset);
}

/// <summary>What came of asking for a segment, once.</summary>
internal sealed record SegmentAnswer(AuditOutcome Outcome)
{
    /// <summary>A short name of what was wrong, that scripts can rely on; null where nothing was.</summary>
    public string? Code { get; init; }

    /// <summary>What was wrong, for people.</summary>
    public string? Message { get; init; }

    /// <summary>Whether it may go better another time.</summary>
    public bool IsPassing { get; init; }

    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>HTTP status; null where there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Bytes of the piece that the server says it has; null where it does not.</summary>
    public long? Total { get; init; }

    /// <summary>Bytes of the body that were taken.</summary>
    public int Bytes { get; init; }

    /// <summary>Time from the request to the answer's head.</summary>
    public TimeSpan FirstByte { get; init; }

    /// <summary>Time from the request to the last byte.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>Number of requests made, repetitions among them; 0 where a provider was given up before.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>Whether the bytes were proved.</summary>
    public bool IsProved => Outcome is AuditOutcome.Retrievable or AuditOutcome.Slow;

    /// <summary>Bytes a second.</summary>
    public double Rate => Bytes / Math.Max(Time.TotalSeconds, 1e-6);

    public static SegmentAnswer Fault(AuditOutcome outcome, string code, string message, bool isPassing = false) => new(outcome) { Code = code, Message = message, IsPassing = isPassing };
}
