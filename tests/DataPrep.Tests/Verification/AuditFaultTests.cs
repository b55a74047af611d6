using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Servers that refuse, fail, redirect, never end, or are not there.</summary>
public sealed class AuditFaultTests : HostileAudit
{
    [Theory]
    [InlineData(404, "missing")]
    [InlineData(410, "missing")]
    [InlineData(451, "missing")]
    [InlineData(401, "forbidden")]
    [InlineData(403, "forbidden")]
    [InlineData(304, "redirect")]
    public async Task ARefusalIsNotAskedAgain(int status, string code)
    {
        var (findings, report, requests) = await Audit($"HTTP/1.1 {status} No\nContent-Length: 0\nConnection: close\n\n");
        Assert.Equal(code, Assert.Single(findings).Code);
        Assert.All(Outcomes(report), row => Assert.Equal((AuditOutcome.Refused, code, 1), row));
        Assert.Equal(3, requests);
        Assert.True(report.HasAnswered);
    }

    [Theory]
    [InlineData("HTTP/1.1 429 Later\nRetry-After: 0\nContent-Length: 0\nConnection: close\n\n")]
    [InlineData("HTTP/1.1 503 Later\nRetry-After: Sat, 01 Jan 2000 00:00:00 GMT\nContent-Length: 0\nConnection: close\n\n")]
    [InlineData("HTTP/1.1 500 Oh\nRetry-After: soon\nContent-Length: 0\nConnection: close\n\n")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-1040383/*\nContent-Length: 1040384\n\nshort")]
    [InlineData("HTTP/1.1 206 Partial Content\nContent-Length: ")]
    public async Task AFaultThatMayPassIsAskedAgain(string answer)
    {
        var (findings, report, requests) = await Audit(
            (request, stream, stop) => request.Number == 1 ? HostileServer.Send(stream, answer).AsTask() : Serve(Car, request, stream, stop),
            options => options with { PerProvider = 1 });
        Assert.Empty(findings);
        Assert.Equal(4, requests);
        Assert.Equal(1, report.Retries);
        Assert.Equal([2, 1, 1], report.Answers.Select(row => row.Answer.Attempts));
    }

    [Theory]
    [InlineData("HTTP/1.1 429 Later\nContent-Length: 0\nConnection: close\n\n", "Refused", "busy", 3)]
    [InlineData("HTTP/1.1 429 Later\nRetry-After: 3600\nContent-Length: 0\nConnection: close\n\n", "Refused", "busy", 1)]
    [InlineData("HTTP/1.1 429 Later\nRetry-After: 2147483647\nContent-Length: 0\nConnection: close\n\n", "Refused", "busy", 1)]
    [InlineData("HTTP/1.1 503 Later\nRetry-After: Tue, 01 Jan 2999 00:00:00 GMT\nContent-Length: 0\nConnection: close\n\n", "Unreachable", "server-error", 1)]
    [InlineData("HTTP/1.1 502 Bad Gateway\nContent-Length: 0\nConnection: close\n\n", "Unreachable", "server-error", 3)]
    [InlineData("", "Unreachable", "connection", 3)]
    public async Task AFaultThatDoesNotPassIsReportedOnce(string answer, string outcome, string code, int attempts)
    {
        var (findings, report, _) = await Audit(answer);
        Assert.All(Outcomes(report), row => Assert.Equal((Enum.Parse<AuditOutcome>(outcome), code, attempts), row));
        Assert.Equal(code, Assert.Single(findings).Code);
        Assert.Equal(code != "connection", report.HasAnswered);
    }

    [Fact]
    public async Task RedirectionsAreFollowedUpToALimitAndNoTokenGoesWithThem()
    {
        Environment.SetEnvironmentVariable("AUDIT_TEST_REDIRECT", "secret");
        var heads = new System.Collections.Concurrent.ConcurrentBag<string>();
        var (findings, _, _) = await Audit(
            (request, stream, stop) =>
            {
                heads.Add(request.Head);
                return request.Head.StartsWith("GET /piece/", StringComparison.Ordinal)
                    ? HostileServer.Send(stream, "HTTP/1.1 302 Found\nLocation: /elsewhere\nContent-Length: 0\nConnection: close\n\n").AsTask()
                    : Serve(Car, request, stream, stop);
            },
            options => options with { Providers = [options.Providers[0] with { TokenVariable = "AUDIT_TEST_REDIRECT" }] });
        Assert.Empty(findings);
        Assert.All(heads, head => Assert.Equal(head.StartsWith("GET /piece/", StringComparison.Ordinal), head.Contains("Bearer secret", StringComparison.Ordinal)));

        var (_, report, requests) = await Audit("HTTP/1.1 307 Round\nLocation: /again\nContent-Length: 0\nConnection: close\n\n");
        Assert.All(Outcomes(report), row => Assert.Equal((AuditOutcome.Refused, "redirect", 1), row));
        Assert.Equal(18, requests);
        foreach (string location in (string[])["file:///etc/passwd", "gopher://x/", "http://", "http://[::", "", "//", "\u00e9:\u00e9"])
        {
            (_, report, _) = await Audit($"HTTP/1.1 302 Found\nLocation: {location}\nContent-Length: 0\nConnection: close\n\n");
            Assert.All(report.Answers, row => Assert.False(row.Answer.IsProved));
        }
    }

    /// <summary>Whatever bytes of an answer are others, it is an outcome and no crash.</summary>
    [Fact]
    public async Task ADamagedHeadIsAnOutcome()
    {
        var random = new Random(7);
        var (_, report, _) = await Audit(
            async (request, stream, stop) =>
            {
                string head = request.Number % 2 == 0
                    ? HostileServer.Partial(request.From, Math.Min(request.To, Size - 1), Size).Replace("Connection", "Retry-After: 5\nContent-Encoding: identity\nConnection", StringComparison.Ordinal)
                    : "HTTP/1.1 302 Found\nLocation: http://127.0.0.1:1/x?y\nContent-Length: 0\nConnection: close\n\n";
                byte[] bytes = System.Text.Encoding.Latin1.GetBytes(head.Replace("\n", "\r\n", StringComparison.Ordinal));
                lock (random)
                {
                    for (int i = random.Next(1, 4); i > 0; i--)
                        bytes[random.Next(12, bytes.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)"0123456789 -/:*%[]\r\n"[random.Next(20)];
                }

                await stream.WriteAsync(bytes, stop);
                await stream.WriteAsync(Car.AsMemory((int)request.From, (int)(Math.Min(request.To, Size - 1) - request.From + 1)), stop);
            },
            options => options with
            {
                Providers = [.. Enumerable.Range(0, 100).Select(i => options.Providers[0] with { Id = $"{i}" })],
                Retries = 0,
                Timeout = TimeSpan.FromSeconds(2),
            });
        Assert.Equal(3, report.Answers.Count);
    }

    [Fact]
    public async Task BodiesWithoutAnEndAreNotReadOn()
    {
        var (_, report, _) = await Audit(async (request, stream, stop) =>
        {
            await HostileServer.Send(stream, $"HTTP/1.1 206 Partial Content\nContent-Range: bytes {request.From}-{Math.Min(request.To, Size - 1)}/{Size}\nConnection: close\n\n");
            while (true)
                await stream.WriteAsync(Car.AsMemory(0, 65536), stop);
        });
        Assert.All(Outcomes(report), row => Assert.Equal((AuditOutcome.Refused, "bad-answer", 1), row));
        (_, report, _) = await Audit(async (_, stream, stop) =>
        {
            await HostileServer.Send(stream, "HTTP/1.1 206 Partial Content\n");
            while (true)
                await HostileServer.Send(stream, "X-Fill: " + new string('x', 4000) + "\n");
        });
        Assert.All(report.Answers, row => Assert.Equal("bad-answer", row.Answer.Code));
    }

    [Fact]
    public async Task WhatComesTooSlowlyEndsWithTheTimeout()
    {
        Func<AuditOptions, AuditOptions> brief = options => options with { Timeout = TimeSpan.FromMilliseconds(300), Retries = 0 };
        var (_, report, _) = await Audit((_, _, stop) => Task.Delay(Timeout.Infinite, stop), brief);
        Assert.All(report.Answers, row => Assert.Equal((AuditOutcome.Unreachable, "timeout", "no answer in 0.3 s"), (row.Answer.Outcome, row.Answer.Code, row.Answer.Message)));
        Assert.False(report.HasAnswered);
        (_, report, _) = await Audit(async (request, stream, stop) =>
        {
            await HostileServer.Send(stream, HostileServer.Partial(request.From, Math.Min(request.To, Size - 1), Size));
            for (int i = 0; ; i++)
            {
                await stream.WriteAsync(Car.AsMemory((int)request.From + i, 1), stop);
                await Task.Delay(10, stop);
            }
        }, brief);
        Assert.All(report.Answers, row => Assert.Equal((AuditOutcome.Unreachable, "timeout", 206), (row.Answer.Outcome, row.Answer.Code, row.Answer.Status)));
        Assert.All(report.Answers, row => Assert.InRange(row.Answer.Bytes, 0, 100));
    }

    [Fact]
    public async Task NoConnectionNoNameAndNoTlsAreToldApart()
    {
        await using var plain = new HostileServer((_, stream, _) => HostileServer.Send(stream, "HTTP/1.1 400 No\n\n").AsTask());
        var options = Set.Options("http://127.0.0.1:1/{pieceCid}", "http://audit.invalid/{pieceCid}", plain.Address.Replace("http:", "https:", StringComparison.Ordinal) + "/{pieceCid}") with { Retries = 1, Timeout = TimeSpan.FromSeconds(5) };
        var (findings, reports) = AuditSet.Audit(options);
        Assert.Equal(["connection", "dns", "tls"], findings.Select(finding => finding.Code));
        Assert.Equal([2, 2, 1], reports.Select(report => report.Answers[0].Answer.Attempts));
        Assert.All(reports, report => Assert.Equal(3, report.Count(AuditOutcome.Unreachable)));
        Assert.Equal([false, false, true], reports.Select(report => report.HasAnswered));
    }

    [Fact]
    public async Task AServerThatIsDownIsGivenUp()
    {
        _ = Set.AddSparse(60);
        var (findings, report, requests) = await Audit("HTTP/1.1 ", options => options with { Retries = 0, PerProvider = 2 });
        Assert.InRange(requests, ProviderAudit.MostInARow, ProviderAudit.MostInARow + 2);
        Assert.Equal(["connection", "given-up"], findings.Select(finding => finding.Code));
        Assert.Equal(63, report.Count(AuditOutcome.Unreachable));
    }
}
