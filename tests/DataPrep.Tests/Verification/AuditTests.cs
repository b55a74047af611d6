using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Server;
using DataPrep.Tests.Packing;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Audits of the project's own server, and how often damage is found.</summary>
public sealed class AuditTests : IDisposable
{
    private readonly AuditSet set = new();
    private readonly ScratchFolder scratch = new();

    public void Dispose()
    {
        set.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task AnHonestServerNeverFails()
    {
        _ = scratch.Noise("src/a", 4_000_000);
        _ = scratch.File("src/zeros", new byte[1_500_000]);
        var packed = PackedOutput.Pack(new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("out"), PieceSize = 2 << 20, LeastPieceSize = 2 << 20, Threads = 2, Profile = new() { ChunkSize = 100_000 } });
        Assert.True(packed.Result.Pieces.Count > 3);
        long segments = packed.Result.Pieces.Sum(Strata.SegmentsOf);
        await using var server = new PieceServer(new ServerOptions { Outputs = [packed.Folder], Endpoint = new(IPAddress.Loopback, 0) });
        string address = await server.Start();
        var options = set.Options($"{address}/piece/{{pieceCid}}", $"{address}/piece?id={{pieceCidV2}}") with { PieceList = Path.Join(packed.Folder, RecordFile.Pieces) };
        foreach (var piece in packed.Result.Pieces)
            File.Move(Path.Join(packed.Folder, piece.PieceCid + ".tree"), scratch.Folder("trees") + $"/{piece.PieceCid}.tree");
        options = options with { Trees = scratch.At("trees") };
        for (int seed = 0; seed < 100; seed++)
        {
            var (findings, reports) = AuditSet.Audit(options with { Samples = seed == 0 ? segments : 1, Providers = seed == 0 ? options.Providers : [options.Providers[seed % 2]] }, $"{seed}");
            Assert.Empty(findings);
            Assert.All(reports, report => Assert.Equal(report.Answers.Count, report.Count(AuditOutcome.Retrievable)));
            Assert.All(reports, report => Assert.Equal(report.Plan.Count + report.Tails, report.Answers.Count));
            Assert.All(reports, report => Assert.Equal(segments, report.Plan.Population));
        }
    }

    /// <summary>Through real sockets: 1 % of the segments of a server have one other byte.</summary>
    [Fact]
    public async Task AServerWithDamageIsFoundOut()
    {
        _ = set.AddSparse(70, 1, withCar: true);
        _ = set.AddSparse(50, 2, withCar: true);
        var (server, template) = await set.Serve();
        await using var running = server;
        int found = 0;
        for (int seed = 0; seed < 6; seed++)
        {
            var damaged = new SampleNumbers($"damage {seed}", "").Distinct(2, 120).Select(Place).ToHashSet();
            server.Fault = (piece, offset, bytes) =>
            {
                foreach (var (cid, at) in damaged)
                {
                    if (piece.PieceCid == cid && at >= offset && at < offset + bytes.Length)
                        bytes[(int)(at - offset)] ^= 1;
                }
            };
            var (findings, reports) = AuditSet.Audit(set.Options(template), $"{seed}");
            Assert.InRange(reports[0].Plan.Count, 90, 115);
            Assert.All(findings, finding =>
            {
                Assert.Equal(("error", "corrupt", reports[0].Provider.Id), (finding.Severity, finding.Code, finding.Provider));
                Assert.Contains(damaged, place => finding.Path.EndsWith(place.Cid, StringComparison.Ordinal) && finding.Offset == place.At / AuditSet.Segment * AuditSet.Segment);
            });
            Assert.Equal(findings.Count, reports[0].Count(AuditOutcome.Corrupt));
            found += findings.Count > 0 ? 1 : 0;
        }

        // Each with a probability of 99 %.
        Assert.InRange(found, 5, 6);

        (string Cid, long At) Place(long unit) => unit < 70 ? (set.Pieces[0].PieceCid, (unit * AuditSet.Segment) + 500_000) : (set.Pieces[1].PieceCid, ((unit - 70) * AuditSet.Segment) + 700);
    }

    /// <summary>The same without sockets, of 100 seeds.</summary>
    [Fact]
    public void DamageToOnePercentIsFoundIn97Of100Runs()
    {
        const int First = 61, Second = 40;
        _ = set.AddSparse(First, 1);
        _ = set.AddSparse(Second, 2);
        int found = 0, honest = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            var damaged = new SampleNumbers($"damage {seed}", "").Distinct(2, First + Second)
                .Select(unit => unit < First ? (set.Pieces[0].PieceCid, unit) : (set.Pieces[1].PieceCid, unit - First)).ToHashSet();
            var options = set.Options("bad=http://bad.example/{pieceCid}", "good=http://good.example/{pieceCid}");
            using var transport = new SparseTransport(set.Pieces, damaged);
            var (findings, reports) = AuditSet.Audit(options with { Samples = seed % 10 == 0 ? null : 5, Providers = options.Providers.Skip(1).ToList() }, $"{seed}", new SparseTransport(set.Pieces, []));
            Assert.Empty(findings);
            honest += reports.Count(report => report.Status == "ok");
            (findings, reports) = AuditSet.Audit(options with { Providers = options.Providers.Take(1).ToList() }, $"{seed}", transport);
            Assert.Equal(findings.Count, reports.Sum(report => report.Count(AuditOutcome.Corrupt)));
            found += findings.Count > 0 ? 1 : 0;
        }

        Assert.InRange(found, 97, 100);
        Assert.Equal(100, honest);
    }

    [Fact]
    public async Task TokensSubsetsAndLimitsAreKept()
    {
        _ = set.AddNoise(2_500_000, 1, withCar: true);
        _ = set.AddNoise(300, 2, withCar: true);
        _ = set.AddNoise(127, 3, withCar: true);
        var (server, template) = await set.Serve("secret");
        await using var running = server;
        var provider = AuditProvider.Parse($"f01@EU={template}");
        Assert.Equal(("f01", "EU"), (provider.Id, provider.Region));
        var options = set.Options() with { Providers = [provider], Rate = new RateLimit(100_000_000), Concurrency = 1 };
        var (findings, reports) = AuditSet.Audit(options);
        Assert.Equal("forbidden", Assert.Single(findings).Code);
        Assert.Equal(5, reports[0].Count(AuditOutcome.Refused));

        Environment.SetEnvironmentVariable("AUDIT_TEST_TOKEN", "secret");
        options = options with { Providers = [provider with { TokenVariable = "AUDIT_TEST_TOKEN" }] };
        (findings, reports) = AuditSet.Audit(options);
        Assert.Empty(findings);
        Assert.Equal(5, reports[0].Count(AuditOutcome.Retrievable));
        Assert.Equal(set.Pieces.Sum(piece => piece.CarSize), reports[0].Bytes);

        (_, reports) = AuditSet.Audit(options with { Providers = [options.Providers[0] with { Pieces = new HashSet<string> { set.Pieces[1].PieceCid } }] });
        Assert.Equal((1, 1L), (reports[0].Pieces, reports[0].Plan.Population));
        Assert.Throws<IOException>(() => AuditSet.Audit(options with { Providers = [provider with { Pieces = new HashSet<string>() }] }));
        Assert.Throws<IOException>(() => AuditSet.Audit(options with { Providers = [provider with { TokenVariable = "AUDIT_TEST_NONE" }] }));
    }

    [Fact]
    public async Task SlownessIsAWarningOrAnError()
    {
        _ = set.AddNoise(3_000_000, withCar: true);
        var (server, template) = await set.Serve();
        await using var running = server;
        var options = set.Options(template);
        foreach (var slow in (AuditOptions[])[options with { SlowLatency = TimeSpan.FromTicks(1) }, options with { SlowRate = long.MaxValue }])
        {
            var (findings, reports) = AuditSet.Audit(slow);
            Assert.Equal(("warning", "slow"), (Assert.Single(findings).Severity, findings[0].Code));
            Assert.Equal((3, "slow", false), (reports[0].Count(AuditOutcome.Slow), reports[0].Status, reports[0].HasFailed));
            Assert.True(Assert.Single(AuditSet.Audit(slow with { FailSlow = true }).Findings).IsError);
        }

        Assert.Empty(AuditSet.Audit(options with { SlowLatency = TimeSpan.FromMinutes(1), SlowRate = 1 }).Findings);
    }

    [Fact]
    public void WhatIsMissingHereIsSaidAndTheRestIsAudited()
    {
        _ = set.AddSparse(3, 1);
        _ = set.AddSparse(3, 2);
        string tree = Path.Join(set.Out, set.Pieces[0].PieceCid + ".tree");
        byte[] bytes = File.ReadAllBytes(tree);
        bytes[60] ^= 1;
        File.WriteAllBytes(tree, bytes);
        using var transport = new SparseTransport(set.Pieces, []);
        var (findings, reports) = AuditSet.Audit(set.Options("http://a.example/{pieceCid}"), transport: transport);
        Assert.Equal(("sidecar", tree), (Assert.Single(findings).Code, findings[0].Path));
        Assert.Equal((3, "incomplete"), (reports[0].Answers.Count, reports[0].Status));
        File.Delete(Path.Join(set.Out, set.Pieces[1].PieceCid + ".tree"));
        Assert.Contains("--trees", Assert.Throws<IOException>(() => AuditSet.Audit(set.Options("http://a.example/{pieceCid}"), transport: transport)).Message, StringComparison.Ordinal);
    }

    /// <summary>Answers as a server of sparse pieces would.</summary>
    private sealed class SparseTransport(IReadOnlyList<PieceRecord> pieces, HashSet<(string, long)> damaged) : HttpMessageHandler
    {
        private static readonly byte[] Zeros = new byte[AuditSet.Segment];
        private readonly ConcurrentDictionary<string, PieceRecord> byCid = new(pieces.Select(piece => KeyValuePair.Create(piece.PieceCid, piece)));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var piece = byCid[request.RequestUri!.AbsolutePath[1..]];
            var range = request.Headers.Range!.Ranges.Single();
            long segment = range.From!.Value / AuditSet.Segment, last = (piece.CarSize / AuditSet.Segment) - 1;
            bool isDamaged = damaged.Contains((piece.PieceCid, segment));
            byte[] bytes = segment == 0 || segment == last || isDamaged ? new byte[AuditSet.Segment] : Zeros;
            byte mark = (byte)(1 + pieces.ToList().IndexOf(piece));
            if (segment == 0)
                bytes[0] = mark;
            if (segment == last)
                bytes[^1] = mark;
            if (isDamaged)
                bytes[12345] ^= 1;
            var content = new ByteArrayContent(bytes);
            content.Headers.ContentRange = new ContentRangeHeaderValue(range.From.Value, range.To!.Value, piece.CarSize);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.PartialContent) { Content = content });
        }
    }
}
