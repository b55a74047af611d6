using System.Net.Sockets;
using DataPrep.Records;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Servers that answer badly, slowly, wrongly or not at all. The piece has three segments, its size room for a fourth.</summary>
public abstract class HostileAudit : IDisposable
{
    private protected const int Segment = AuditSet.Segment, Size = (2 * Segment) + 1000, Capacity = 4 * Segment;

    private protected AuditSet Set { get; } = new();

    private protected byte[] Car { get; } = ScratchFolder.Bytes(Size, 1);

    private protected PieceRecord Record { get; }

    protected HostileAudit() => Record = Set.Add(Car);

    public void Dispose()
    {
        Set.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Sends what was asked for, of any content.</summary>
    private protected static async Task Serve(byte[] content, RawRequest request, NetworkStream stream, CancellationToken stop)
    {
        if (request.From >= content.Length)
        {
            await HostileServer.Send(stream, $"HTTP/1.1 416 Range Not Satisfiable\nContent-Range: bytes */{content.Length}\nContent-Length: 0\nConnection: close\n\n");
            return;
        }

        long to = Math.Min(request.To, content.Length - 1);
        await HostileServer.Send(stream, HostileServer.Partial(request.From, to, content.Length));
        await stream.WriteAsync(content.AsMemory((int)request.From, (int)(to - request.From + 1)), stop);
    }

    private protected async Task<(List<Finding> Findings, ProviderReport Report, int Requests)> Audit(Func<RawRequest, NetworkStream, CancellationToken, Task> answer, Func<AuditOptions, AuditOptions>? change = null)
    {
        await using var server = new HostileServer(answer);
        var options = Set.Options(server.Address + "/piece/{pieceCid}") with { Samples = 100, Retries = 2 };
        var (findings, reports) = AuditSet.Audit(change?.Invoke(options) ?? options);
        Assert.All(findings, finding => Assert.True(finding.IsError));
        return (findings, reports[0], server.Requests);
    }

    private protected async Task<(List<Finding> Findings, ProviderReport Report, int Requests)> Audit(string answer, Func<AuditOptions, AuditOptions>? change = null) =>
        await Audit((_, stream, _) => HostileServer.Send(stream, answer).AsTask(), change);

    private protected static (AuditOutcome, string?, int)[] Outcomes(ProviderReport report) => [.. report.Answers.Select(row => (row.Answer.Outcome, row.Answer.Code, row.Answer.Attempts))];
}
