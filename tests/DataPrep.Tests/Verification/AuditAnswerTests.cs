using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Answers that hold the bytes, other ones, fewer, or make no sense.</summary>
public sealed class AuditAnswerTests : HostileAudit
{
    [Fact]
    public async Task ThePieceWithAndWithoutItsZeroTailIsSound()
    {
        string head = "";
        var (findings, report, requests) = await Audit((request, stream, stop) => Serve(Car, new RawRequest(0, head = request.Head, request.From, request.To), stream, stop));
        Assert.Empty(findings);
        Assert.Equal((3, 0, (long)Size, 3), (report.Answers.Count, report.Tails, report.Bytes, requests));
        Assert.Contains("Accept-Encoding: identity\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"GET /piece/{Record.PieceCid} HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("User-Agent: dataprep/", head, StringComparison.Ordinal);

        byte[] padded = [.. Car, .. new byte[Capacity - Size]];
        (findings, report, _) = await Audit((request, stream, stop) => Serve(padded, request, stream, stop));
        Assert.Empty(findings);
        Assert.Equal((4, 1, (long)Capacity), (report.Answers.Count, report.Tails, report.Bytes));
        // Without a length of the whole, an answer shorter than what was asked for may be the end.
        (findings, _, _) = await Audit(async (request, stream, stop) =>
        {
            long to = Math.Min(request.To, Size - 1);
            await HostileServer.Send(stream, $"HTTP/1.1 206 Partial Content\nContent-Range: bytes {request.From}-{to}/*\nConnection: close\n\n");
            await stream.WriteAsync(Car.AsMemory((int)request.From, (int)(to - request.From + 1)), stop);
        });
        Assert.Empty(findings);
    }

    [Fact]
    public async Task ATailThatIsNotZerosIsCorrupt()
    {
        foreach (var (at, segment) in ((int, int)[])[(Size, 2), (Size + 5000, 2), (3 * Segment, 3), (Capacity - 1, 3)])
        {
            byte[] padded = [.. Car, .. new byte[Capacity - Size]];
            padded[at] = 7;
            var (findings, report, _) = await Audit((request, stream, stop) => Serve(padded, request, stream, stop));
            var finding = Assert.Single(findings);
            Assert.Equal(("corrupt", (long)segment * Segment), (finding.Code, finding.Offset));
            Assert.EndsWith($"is not zero is at {at}", finding.Message, StringComparison.Ordinal);
            Assert.Equal(1, report.Count(AuditOutcome.Corrupt));
        }
    }

    [Fact]
    public async Task OtherBytesAreCorruptAndZerosAreNamed()
    {
        byte[] other = [.. Car];
        other[Segment + 5] ^= 1;
        other.AsSpan((2 * Segment) + 300).Clear();
        var (findings, report, _) = await Audit((request, stream, stop) => Serve(other, request, stream, stop));
        Assert.Equal([("corrupt", (long)Segment), ("corrupt", 2L * Segment)], findings.Select(finding => (finding.Code, finding.Offset)));
        Assert.EndsWith("those of the piece CID", findings[0].Message, StringComparison.Ordinal);
        Assert.EndsWith($"from {(2 * Segment) + 300} on they are zeros", findings[1].Message, StringComparison.Ordinal);
        Assert.Equal((1, 2, "failed"), (report.Count(AuditOutcome.Retrievable), report.Count(AuditOutcome.Corrupt), report.Status));
        (findings, _, _) = await Audit((request, stream, stop) => Serve(new byte[Size], request, stream, stop));
        Assert.All(findings, finding => Assert.Contains("all of them are zeros", finding.Message, StringComparison.Ordinal));
        Assert.Equal(3, findings.Count);
    }

    [Theory]
    [InlineData(Size - 1)]
    [InlineData(2 * Segment)]
    [InlineData(1)]
    public async Task APieceThatIsCutOffIsTruncated(int length)
    {
        // Whether the server says so, or does not say how long it is.
        var (findings, report, _) = await Audit((request, stream, stop) => Serve(Car[..length], request, stream, stop));
        Assert.Equal(3, report.Count(AuditOutcome.Truncated));
        Assert.All(findings, finding => Assert.Equal("truncated", finding.Code));
        (findings, report, _) = await Audit(async (request, stream, stop) =>
        {
            byte[] bytes = request.From >= length ? [] : Car[(int)request.From..(int)Math.Min(request.To + 1, length)];
            await HostileServer.Send(stream, $"HTTP/1.1 206 Partial Content\nContent-Range: bytes {request.From}-{request.To}/*\nConnection: close\n\n");
            await stream.WriteAsync(bytes, stop);
        });
        Assert.Equal((AuditOutcome.Truncated, "truncated", 3), Outcomes(report)[2]);
        Assert.Contains("the body ends after", findings[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerWithoutRangesIsNotReadToItsEnd()
    {
        long sent = 0;
        var (findings, report, _) = await Audit(async (request, stream, stop) =>
        {
            await HostileServer.Send(stream, $"HTTP/1.1 200 OK\nContent-Length: {Capacity}\n\n");
            await stream.WriteAsync(Car.AsMemory(0, Size), stop);
            for (; ; sent += 65536)
                await stream.WriteAsync(new byte[65536], stop);
        });
        Assert.Equal([(AuditOutcome.Retrievable, null, 1), (AuditOutcome.Refused, "no-ranges", 1), (AuditOutcome.Refused, "no-ranges", 1)], Outcomes(report));
        Assert.Contains("and the same for 1 more", Assert.Single(findings).Message, StringComparison.Ordinal);
        Assert.InRange(sent, 0, 50_000_000);
        Assert.Equal(Segment, report.Bytes);
    }

    [Theory]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Length: 10\n\n0123456789", "no Content-Range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 1-1000/2000\n\n", "another range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-9999999/99999999\n\n", "another range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-1000/500\n\n", "Content-Range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: leaves 0-1000/5000000\n\n", "another range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 99999999999999999999-1/2\n\n", "Content-Range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Type: multipart/byteranges; boundary=x\nContent-Length: 100\n\n", "no Content-Range")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-1040383/5000000\nContent-Length: 100\n\n", "Content-Length is 100")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-1040383/5000000\nContent-Length: 1040384\n\n", "5000000 bytes of the piece, which holds")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-1040383/9223372036854775807\nContent-Length: 1040384\n\n", "which holds")]
    [InlineData("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 2081768\n\n", "encoded")]
    [InlineData("HTTP/1.1 204 No Content\n\n", "HTTP status 204")]
    [InlineData("HTTP/1.1 400 Bad Request\nContent-Length: 0\n\n", "HTTP status 400")]
    [InlineData("HTTP/1.1 999 What\nContent-Length: 0\n\n", "HTTP")]
    [InlineData("220 mail.example ESMTP\n", "no HTTP")]
    [InlineData("HTTP/1.1 abc\n\n", "no HTTP")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-1040383/*\nTransfer-Encoding: chunked\n\nzz\n", "breaks the rules")]
    public async Task AnAnswerThatMakesNoSenseIsRefused(string answer, string message)
    {
        var (_, report, _) = await Audit(answer);
        var first = report.Answers[0].Answer;
        Assert.Equal((AuditOutcome.Refused, "bad-answer", 1), (first.Outcome, first.Code, first.Attempts));
        Assert.Contains(message, first.Message, StringComparison.Ordinal);
    }
}
