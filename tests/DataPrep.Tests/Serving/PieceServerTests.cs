using System.Net;
using System.Net.Http.Headers;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Server;
using DataPrep.Tests.Packing;
using Xunit;

namespace DataPrep.Tests.Serving;

public sealed class PieceServerTests : IAsyncLifetime
{
    private readonly ScratchFolder scratch = new();
    private HttpClient client = new();
    private PackedOutput packed = null!;
    private PieceServer server = null!;
    private byte[] first = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PieceRecord Piece => packed.Result.Pieces[0];

    public async ValueTask InitializeAsync()
    {
        _ = scratch.Noise("src/a", 2_500_000);
        packed = PackedOutput.Pack(new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("out"), MoreOutputs = [scratch.At("more")], PieceSize = 1 << 20, Threads = 2, Profile = new() { ChunkSize = 100_000 } });
        first = await File.ReadAllBytesAsync(packed.Folder + "/" + Piece.CarFile, Cancel);
        await Serve(new ServerOptions { Outputs = [packed.Folder], Endpoint = new(IPAddress.Loopback, 0) });
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        client.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task EveryPieceIsServedWholeByBothItsCids()
    {
        Assert.True(packed.Result.Pieces.Count > 2);
        foreach (var piece in packed.Result.Pieces)
        {
            byte[] expected = await File.ReadAllBytesAsync(Path.Join(packed.Folder, piece.CarFile), Cancel);
            foreach (string path in (string[])[$"/piece/{piece.PieceCid}", $"/piece/{piece.PieceCidV2}", $"/piece?id={piece.PieceCid}"])
            {
                using var answer = await Get(path);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal(expected, await answer.Content.ReadAsByteArrayAsync(Cancel));
                Assert.Equal($"\"{piece.PieceCid}\"", answer.Headers.ETag!.Tag);
                Assert.Equal("application/vnd.ipld.car; version=1", answer.Content.Headers.ContentType!.ToString());
                Assert.Equal("public, max-age=29030400, immutable", answer.Headers.CacheControl!.ToString());
                using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Cancel);
                Assert.Equal(expected.Length, head.Content.Headers.ContentLength);
                Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancel));
            }
        }
    }

    [Fact]
    public async Task RangesAreThoseOfTheFile()
    {
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            int from = random.Next(first.Length), to = Math.Min(first.Length + 3, from + random.Next(i % 2 == 0 ? 10 : first.Length));
            using var answer = await Get($"/piece/{Piece.PieceCid}", new RangeHeaderValue(from, i % 7 == 0 ? null : to));
            int end = i % 7 == 0 ? first.Length : Math.Min(first.Length, to + 1);
            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal(first[from..end], await answer.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal($"bytes {from}-{end - 1}/{first.Length}", answer.Content.Headers.ContentRange!.ToString());
        }

        using var last = await Get($"/piece/{Piece.PieceCid}", new RangeHeaderValue(null, 10));
        Assert.Equal(first[^10..], await last.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Theory]
    [InlineData("bytes=0-0,5-9", 416)]
    [InlineData("bytes=999999999-", 416)]
    [InlineData("bytes=-0", 416)]
    [InlineData("bytes=5-2", 200)]
    [InlineData("bytes", 200)]
    [InlineData("leaves=1-2", 200)]
    [InlineData("bytes=0-", 206)]
    [InlineData("bytes=-99999999", 206)]
    public async Task OddRangesAreAnsweredAsTheRuleSays(string range, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/piece/{Piece.PieceCid}");
        Assert.True(request.Headers.TryAddWithoutValidation("Range", range));
        using var answer = await client.SendAsync(request, Cancel);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 416)
            Assert.Equal($"bytes */{first.Length}", answer.Content.Headers.ContentRange!.ToString());
        else
            Assert.Equal(first, await answer.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact]
    public async Task WhatTheClientHasIsNotSentAgain()
    {
        string tag = $"\"{Piece.PieceCid}\"";
        Assert.Equal(HttpStatusCode.NotModified, await Status("If-None-Match", tag));
        Assert.Equal(HttpStatusCode.NotModified, await Status("If-None-Match", $"\"other\", W/{tag}"));
        Assert.Equal(HttpStatusCode.OK, await Status("If-None-Match", "\"other\""));
        Assert.Equal(HttpStatusCode.PartialContent, await Status("If-Range", tag, "bytes=0-1"));
        Assert.Equal(HttpStatusCode.OK, await Status("If-Range", "\"other\"", "bytes=0-1"));

        async Task<HttpStatusCode> Status(string header, string value, string? range = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/piece/{Piece.PieceCid}");
            Assert.True(request.Headers.TryAddWithoutValidation(header, value));
            if (range is not null)
                Assert.True(request.Headers.TryAddWithoutValidation("Range", range));
            using var answer = await client.SendAsync(request, Cancel);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task OthersAreRefused()
    {
        string other = PieceCid.V1(new byte[32]).ToString();
        foreach (var (path, status) in ((string, int)[])[("/piece/" + other, 404), ("/piece?id=" + other, 404), ("/piece/x", 400), ("/piece/bafkqaaa", 400), ("/piece", 404), ("/piece/", 400), ("/", 404), ("/../" + Piece.CarFile, 404), ("/piece/..%2fdataset.json", 400)])
        {
            using var answer = await Get(path);
            Assert.Equal((path, status), (path, (int)answer.StatusCode));
        }

        using var post = await client.PostAsync($"/piece/{Piece.PieceCid}", new StringContent(""), Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        File.Delete(Path.Join(packed.Folder, Piece.CarFile));
        using var gone = await Get($"/piece/{Piece.PieceCid}");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, gone.StatusCode);
    }

    [Fact]
    public async Task ATokenIsAskedFor()
    {
        await server.DisposeAsync();
        await Serve(new ServerOptions { Outputs = [packed.Folder], Endpoint = new(IPAddress.Loopback, 0), Token = "secret" });
        foreach (string path in (string[])[$"/piece/{Piece.PieceCid}", "/metrics", "/piece/x", "/ipfs/bafkqaaa?format=raw"])
        {
            foreach (var (scheme, token, isRight) in ((string, string, bool)[])[("Bearer", "secret", true), ("bearer", "secret", true), ("Bearer", "Secret", false), ("Bearer", "secre", false), ("Basic", "secret", false)])
            {
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(scheme, token);
                using var answer = await Get(path);
                Assert.Equal(isRight, answer.StatusCode != HttpStatusCode.Unauthorized);
            }

            client.DefaultRequestHeaders.Authorization = null;
            using var without = await Get(path);
            Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        }

        Assert.Equal("ok\n", await client.GetStringAsync("/healthz", Cancel));
    }

    [Fact]
    public async Task WhatIsServedIsCounted()
    {
        using (var all = await Get($"/piece/{Piece.PieceCid}"))
            _ = await all.Content.ReadAsByteArrayAsync(Cancel);
        using var none = await Get("/piece/x");
        string text = await client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("dataprep_requests_total{status=\"200\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("dataprep_requests_total{status=\"400\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"dataprep_sent_bytes_total {first.Length}\n", text, StringComparison.Ordinal);
        Assert.Contains($"dataprep_pieces {packed.Result.Pieces.Count}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyReadersAtOnceGetTheirBytes() =>
        await Parallel.ForAsync(0, 500, Cancel, async (i, cancel) =>
        {
            int from = i * 977 % first.Length, length = Math.Min(first.Length - from, 300_000);
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/piece/{Piece.PieceCid}") { Headers = { Range = new RangeHeaderValue(from, from + length - 1) } };
            using var answer = await client.SendAsync(request, cancel);
            Assert.True((await answer.Content.ReadAsByteArrayAsync(cancel)).AsSpan().SequenceEqual(first.AsSpan(from, length)));
        });

    private async Task Serve(ServerOptions options)
    {
        server = new PieceServer(options);
        string address = await server.Start();
        client.Dispose();
        client = new HttpClient { BaseAddress = new Uri(address) };
    }

    private Task<HttpResponseMessage> Get(string path, RangeHeaderValue? range = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Range = range;
        return client.SendAsync(request, Cancel);
    }
}
