using System.Net;
using Xunit;

namespace DataPrep.Tests.Serving;

/// <summary>The gateway when pieces are damaged, gone or in several folders, and under load.</summary>
public sealed class GatewayFaultTests : IAsyncLifetime
{
    private readonly ServedTree served = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => served.InitializeAsync();

    public ValueTask DisposeAsync() => served.DisposeAsync();

    [Fact]
    public async Task ADamagedBlockEndsTheAnswerAndIsCounted()
    {
        var large = served.Twin.Blocks(served.Root, ["large"u8.ToArray()], "all", null)!;
        string leaf = large[^1];
        foreach (var piece in served.Packed.Result.Pieces)
        {
            string path = Path.Join(served.Packed.Folder, piece.CarFile);
            byte[] car = await File.ReadAllBytesAsync(path, Cancel);
            int at = car.AsSpan().IndexOf(served.Blocks[leaf]);
            if (at < 0)
                continue;
            car[at] ^= 1;
            await File.WriteAllBytesAsync(path, car, Cancel);
        }

        using var raw = await served.Get($"/ipfs/{leaf}?format=raw");
        Assert.Equal(HttpStatusCode.InternalServerError, raw.StatusCode);
        using var whole = await served.Get($"/ipfs/{leaf}?format=car");
        Assert.Equal(HttpStatusCode.InternalServerError, whole.StatusCode);
        _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => served.Client.GetByteArrayAsync($"/ipfs/{served.Root}/large?format=car", Cancel));
        _ = ServedTree.Sections(await served.Client.GetByteArrayAsync($"/ipfs/{served.Root}/large?format=car&entity-bytes=0:9", Cancel), out _);
        string metrics = await served.Client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("dataprep_damaged_blocks_total 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains("dataprep_gateway_broken_off_total 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APieceThatWasHandedOnIsMissing()
    {
        string leaf = served.Twin.Blocks(served.Root, ["large"u8.ToArray()], "all", null)![^1];
        using (var before = await served.Get($"/ipfs/{leaf}?format=raw"))
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        foreach (var piece in served.Packed.Result.Pieces.Where(piece => piece.Kind == "data"))
            File.Delete(Path.Join(served.Packed.Folder, piece.CarFile));
        foreach (bool isAgain in (bool[])[false, true])
        {
            using var raw = await served.Get($"/ipfs/{leaf}?format=raw");
            Assert.Equal(HttpStatusCode.NotFound, raw.StatusCode);
            using var whole = await served.Get($"/ipfs/{leaf}?format=car");
            Assert.Equal(HttpStatusCode.NotFound, whole.StatusCode);
            _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => served.Client.GetByteArrayAsync($"/ipfs/{served.Root}/large?format=car", Cancel));
            Assert.Equal(HttpStatusCode.OK, (await served.Get($"/ipfs/{served.Root}?format=car&dag-scope=entity")).StatusCode);
            if (!isAgain)
            {
                await served.Server.DisposeAsync();
                await served.Serve(served.Packed.Folder);
            }
        }
    }

    [Fact]
    public async Task WhatANewVersionKeepsComesFromTheOldOne()
    {
        var next = served.PackNext();
        string root = next.Result.Dataset.RootCid;
        var expected = served.Twin.Blocks(root, [], "all", null)!.Distinct();
        await served.Server.DisposeAsync();
        await served.Serve(next.Folder, served.Packed.Folder);
        Assert.Equal(expected, ServedTree.Sections(await served.Client.GetByteArrayAsync($"/ipfs/{root}?format=car", Cancel), out _).Select(section => section.Cid.ToString()));
        await served.Server.DisposeAsync();
        await served.Serve(next.Folder);
        _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => served.Client.GetByteArrayAsync($"/ipfs/{root}?format=car", Cancel));
    }

    [Fact]
    public async Task ManyAskAtOnceAndAllIsCounted()
    {
        string[] cids = [.. served.Blocks.Keys];
        await Parallel.ForAsync(0, 400, Cancel, async (i, cancel) =>
        {
            string cid = cids[i * 31 % cids.Length];
            Assert.Equal(served.Blocks[cid], await served.Client.GetByteArrayAsync($"/ipfs/{cid}?format=raw", cancel));
            if (i % 40 == 0)
                _ = ServedTree.Sections(await served.Client.GetByteArrayAsync($"/ipfs/{served.Root}?format=car", cancel), out _);
        });
        string metrics = await served.Client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("dataprep_gateway_requests_total 410\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"dataprep_gateway_blocks_total {400 + (10 * served.Twin.Blocks(served.Root, [], "all", null)!.Distinct().Count())}\n", metrics, StringComparison.Ordinal);
        Assert.Contains("dataprep_damaged_blocks_total 0\n", metrics, StringComparison.Ordinal);
    }

    /// <summary>Nobody reads on: the walk stops, and what comes after is answered.</summary>
    [Fact]
    public async Task AClientThatGoesAwayIsNoFault()
    {
        for (int i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/ipfs/{served.Root}?format=car&car-dups=y");
            using var answer = await served.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        _ = ServedTree.Sections(await served.Client.GetByteArrayAsync($"/ipfs/{served.Root}?format=car", Cancel), out _);
        Assert.Contains("dataprep_gateway_broken_off_total 0\n", await served.Client.GetStringAsync("/metrics", Cancel), StringComparison.Ordinal);
    }
}
