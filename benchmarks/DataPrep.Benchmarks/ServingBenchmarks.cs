using System.Net;
using System.Net.Http.Headers;
using BenchmarkDotNet.Attributes;
using DataPrep.Server;

namespace DataPrep.Benchmarks;

/// <summary>Requests over one connection on this machine: client and server are in the figures, and so is the network stack.</summary>
[MemoryDiagnoser]
public class ServingBenchmarks : IAsyncDisposable
{
    private const int Range = 8 << 20;
    private readonly byte[] buffer = new byte[1 << 20];
    private readonly HttpClient client = new();
    private PackedFolder? packed;
    private PieceServer? server;
    private string address = "";

    [GlobalSetup]
    public async Task Setup()
    {
        packed = new PackedFolder();
        server = new PieceServer(new ServerOptions { Outputs = [packed.Output], Endpoint = new IPEndPoint(IPAddress.Loopback, 0) });
        address = await server.Start().ConfigureAwait(false);
    }

    [GlobalCleanup]
    public async Task Cleanup() => await DisposeAsync().ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (server is not null)
        {
            await server.Stop().ConfigureAwait(false);
            await server.DisposeAsync().ConfigureAwait(false);
        }

        packed?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>8 MiB out of the middle of a stored piece, from the page cache.</summary>
    [Benchmark, Bytes(Range)]
    public Task<long> RangeOfAPiece() => Get($"{address}/piece/{packed!.PieceCid}", Range);

    /// <summary>127 bytes of it: what a request costs beside its bytes.</summary>
    [Benchmark]
    public Task<long> SmallRange() => Get($"{address}/piece/{packed!.PieceCid}", 127);

    /// <summary>The root block, by CID.</summary>
    [Benchmark]
    public Task<long> Block() => Get($"{address}/ipfs/{packed!.RootCid}?format=raw", 0);

    private async Task<long> Get(string url, int range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (range > 0)
            request.Headers.Range = new RangeHeaderValue(1 << 20, (1 << 20) + range - 1);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
        _ = response.EnsureSuccessStatusCode();
        using var body = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        long length = 0;
        for (int got; (got = await body.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            length += got;
        return range == 0 || length == range ? length : throw new InvalidOperationException("the range has another length");
    }
}
