using System.Net;
using System.Net.Http.Headers;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Server;
using DataPrep.Tests.Inline;
using Xunit;

namespace DataPrep.Tests.Serving;

public sealed class InlineServerTests : IAsyncLifetime
{
    private readonly ScratchFolder scratch = new();
    private readonly List<string> warnings = [];
    private readonly HttpClient client = new();
    private InlineTwin twin = null!;
    private PieceServer server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Address(string piece) => $"{client.BaseAddress}piece/{piece}";

    public async ValueTask InitializeAsync()
    {
        _ = scratch.Noise("src/a", 2_500_000);
        _ = scratch.Noise("src/b", 1_500_000, 2);
        twin = InlineTwin.Pack(new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("out"), PieceSize = 4 << 20, Threads = 2, Profile = new() { ChunkSize = 100_000 } });
        server = new PieceServer(new ServerOptions { Outputs = [twin.Inline.Folder], Endpoint = new(IPAddress.Loopback, 0), Warn = warnings.Add });
        client.BaseAddress = new Uri(await server.Start());
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        client.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task TheyAreServedLikeStoredOnes()
    {
        await using var stored = new PieceServer(new ServerOptions { Outputs = [twin.Stored.Folder], Endpoint = new(IPAddress.Loopback, 0) });
        string other = await stored.Start();
        var random = new Random(3);
        foreach (var piece in twin.Inline.Result.Pieces)
        {
            for (int i = 0; i < 25; i++)
            {
                long from = random.NextInt64(piece.CarSize), to = Math.Min(piece.CarSize - 1, from + random.Next(i % 3 == 0 ? 3_000_000 : 10_000));
                var range = i == 0 ? null : i == 1 ? new RangeHeaderValue(piece.CarSize, null) : i == 2 ? new RangeHeaderValue(null, 10) : new RangeHeaderValue(from, to);
                var method = i % 5 == 0 ? HttpMethod.Head : HttpMethod.Get;
                using var answer = await Send(method, Address(i % 2 == 0 ? piece.PieceCid : piece.PieceCidV2), range);
                using var expected = await Send(method, $"{other}/piece/{piece.PieceCid}", range);
                Assert.Equal(expected.StatusCode, answer.StatusCode);
                Assert.Equal(Headers(expected), Headers(answer));
                byte[] bytes = await answer.Content.ReadAsByteArrayAsync(Cancel);
                Assert.True((await expected.Content.ReadAsByteArrayAsync(Cancel)).AsSpan().SequenceEqual(bytes));
            }
        }

        Assert.Empty(warnings);

        static IEnumerable<string> Headers(HttpResponseMessage answer) =>
            answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key != "Date").Select(header => $"{header.Key}: {string.Join(", ", header.Value)}").Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task NoWrongByteIsSentOfAPieceWhoseSourceHasChanged()
    {
        string path = scratch.At("src/a");
        byte[] bytes = await File.ReadAllBytesAsync(path, Cancel);
        bytes[1_500_000] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Cancel);
        var piece = twin.Pieces.First();
        byte[] car = twin.Car(piece);

        // Before the first byte it can be said in words.
        const int Segment = SubTreeHasher.SegmentRaw;
        using (var refused = await Send(HttpMethod.Get, Address(piece.PieceCid), new RangeHeaderValue(Segment + 5, Segment + 9)))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Null(refused.Headers.CacheControl);
            Assert.Null(refused.Headers.ETag);
        }

        // Behind it only by ending.
        using var request = new HttpRequestMessage(HttpMethod.Get, Address(piece.PieceCid));
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        using var got = new MemoryStream();
        _ = await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(got, Cancel));
        Assert.InRange(got.Length, 0, Segment);
        Assert.True(car.AsSpan().StartsWith(got.ToArray()));

        // What lies elsewhere is served as before.
        using var last = await Send(HttpMethod.Get, Address(piece.PieceCid), new RangeHeaderValue(car.Length - 1000, null));
        Assert.Equal(car[^1000..], await last.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(2, warnings.Count);
        Assert.All(warnings, warning => Assert.Contains($"{path} at offset 1500000: has changed", warning, StringComparison.Ordinal));
        Assert.Contains("dataprep_inline_failures_total 2\n", await client.GetStringAsync("/metrics", Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneThatCannotBeOpenedIsNotAtHand()
    {
        var piece = twin.Pieces.First();
        string tree = Path.ChangeExtension(twin.InlineFile(piece), ".tree"), inline = twin.InlineFile(piece);
        File.Move(tree, tree + "x");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Status());
        File.Move(tree + "x", tree);
        byte[] bytes = await File.ReadAllBytesAsync(inline, Cancel);
        await File.WriteAllBytesAsync(inline, bytes[..^1], Cancel);
        _ = await Status();
        File.Delete(inline);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Status());
        InlineTwin.Materialize(twin.Stored.Folder, scratch.At("none"));
        File.Copy(Path.Join(twin.Stored.Folder, piece.CarFile), Path.Join(twin.Inline.Folder, piece.CarFile));
        Assert.Equal(HttpStatusCode.OK, await Status());

        async Task<HttpStatusCode> Status()
        {
            using var answer = await Send(HttpMethod.Get, Address(piece.PieceCid), null);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task ManyReadersAtOnceGetTheirBytes()
    {
        var piece = twin.Pieces.First();
        byte[] car = twin.Car(piece);
        await Parallel.ForAsync(0, 60, Cancel, async (i, cancel) =>
        {
            int from = i * 97_777 % car.Length, length = Math.Min(car.Length - from, 300_000);
            using var answer = await Send(HttpMethod.Get, Address(piece.PieceCid), new RangeHeaderValue(from, from + length - 1));
            Assert.True((await answer.Content.ReadAsByteArrayAsync(cancel)).AsSpan().SequenceEqual(car.AsSpan(from, length)));
        });
    }

    private async Task<HttpResponseMessage> Send(HttpMethod method, string address, RangeHeaderValue? range)
    {
        using var request = new HttpRequestMessage(method, address) { Headers = { Range = range } };
        return await client.SendAsync(request, Cancel);
    }
}
