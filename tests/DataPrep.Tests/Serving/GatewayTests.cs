using System.Net;
using System.Net.Http.Headers;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Server;
using DataPrep.Tests.Extraction;
using DataPrep.Tests.Packing;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Serving;

public sealed class GatewayTests : IAsyncLifetime
{
    private readonly ScratchFolder scratch = new();
    private readonly Dictionary<string, byte[]> blocks = [];
    private readonly RefWalk twin = new();
    private HttpClient client = new();
    private PackedOutput packed = null!;
    private PieceServer server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Root => packed.Result.Dataset.RootCid;

    public async ValueTask InitializeAsync()
    {
        _ = scratch.Noise("src/large", 300_000);
        _ = scratch.File("src/a b/%41+é", "a");
        _ = scratch.File("src/empty", "");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "large");
        for (int i = 0; i < 60; i++)
            _ = scratch.File($"src/wide/{i}", $"{i / 2}");
        packed = PackedOutput.Pack(new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("out"), LargestCarSize = 100_000, Threads = 2, Profile = new() { ChunkSize = 5000, MaxLinks = 4, HamtThreshold = 500, HamtFanout = 8 } });
        Assert.True(packed.Result.Pieces.Count > 3);
        foreach (var piece in packed.Result.Pieces)
            Add(Path.Join(packed.Folder, piece.CarFile));
        await Serve(packed.Folder);
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        client.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task EveryBlockOfEveryPieceIsServed()
    {
        foreach (var (cid, block) in blocks)
        {
            using var answer = await Get($"/ipfs/{cid}?format=raw");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(block, await answer.Content.ReadAsByteArrayAsync(Cancel));
        }
    }

    [Fact]
    public async Task ABlockHasTheHeadersThatClientsExpect()
    {
        foreach (var (path, accept, location) in ((string, string?, string?)[])[($"/ipfs/{Root}?format=raw", null, null), ($"/ipfs/{Root}", "application/vnd.ipld.raw", $"/ipfs/{Root}?format=raw"), ($"/ipfs/{Root}?format=raw", "application/vnd.ipld.car, text/html", null)])
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
            {
                using var answer = await Get(path, accept, method: method);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal(method == HttpMethod.Get ? blocks[Root] : [], await answer.Content.ReadAsByteArrayAsync(Cancel));
                Assert.Equal(blocks[Root].Length, answer.Content.Headers.ContentLength);
                CheckHeaders(answer, $"\"{Root}.raw\"", "application/vnd.ipld.raw", $"attachment; filename=\"{Root}.bin\"", "bytes", $"/ipfs/{Root}", Root, location);
            }
        }

        using var known = await Get($"/ipfs/{Root}?format=raw", headers: ("If-None-Match", $"\"x\", \"{Root}.raw\""));
        Assert.Equal((HttpStatusCode.NotModified, $"\"{Root}.raw\""), (known.StatusCode, known.Headers.ETag!.ToString()));
        using var named = await Get($"/ipfs/{Root}?format=raw&filename=%C3%A9%22.x");
        Assert.Equal("attachment; filename=\"__.x\"; filename*=UTF-8''%C3%A9%22.x", Raw(named.Content.Headers, "Content-Disposition"));
    }

    [Fact]
    public async Task RangesOfABlockAreServed()
    {
        byte[] block = blocks[Root];
        foreach (var (range, from, to) in ((string, int, int)[])[("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=-4", block.Length - 4, block.Length), ("bytes=7-", 7, block.Length)])
        {
            using var part = await Get($"/ipfs/{Root}?format=raw", headers: ("Range", range));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(block[from..to], await part.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal($"bytes {from}-{to - 1}/{block.Length}", part.Content.Headers.ContentRange!.ToString());
        }

        using var none = await Get($"/ipfs/{Root}?format=raw", headers: ("Range", $"bytes={block.Length}-"));
        Assert.Equal((416, $"bytes */{block.Length}"), ((int)none.StatusCode, none.Content.Headers.ContentRange!.ToString()));
    }

    [Theory]
    [InlineData("", "all", null)]
    [InlineData("", "entity", null)]
    [InlineData("", "block", null)]
    [InlineData("/wide", "all", null)]
    [InlineData("/wide", "entity", null)]
    [InlineData("/wide/17", "all", null)]
    [InlineData("/wide/17/", "block", null)]
    [InlineData("/large", "all", null)]
    [InlineData("/large", "entity", "10000:15000")]
    [InlineData("/large", "all", "-1:*")]
    [InlineData("/large", "block", "0:*")]
    [InlineData("/large", "entity", "300000:*")]
    [InlineData("/wide", "entity", "0:5")]
    [InlineData("/link", "entity", null)]
    [InlineData("/empty", "entity", "0:*")]
    [InlineData("/a%20b/%2541+%C3%A9", "all", null)]
    [InlineData("//a%20b//%25%34%31%2B%c3%A9", "entity", null)]
    public async Task ACarIsThatOfTheSlowTwin(string path, string scope, string? bytes)
    {
        byte[][] names = [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(name => System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(name)))];
        (long, long?)? range = bytes is null ? null : (long.Parse(bytes.Split(':')[0]), bytes.EndsWith('*') ? null : long.Parse(bytes.Split(':')[1]));
        var expected = twin.Blocks(Root, names, scope, range)!;
        foreach (string dups in (string[])["n", "y"])
        {
            string url = $"/ipfs/{Root}{path}?format=car&dag-scope={scope}&car-dups={dups}" + (bytes is null ? "" : "&entity-bytes=" + bytes);
            using var answer = await Get(url);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            byte[] car = await answer.Content.ReadAsByteArrayAsync(Cancel);
            Assert.Equal(dups == "y" ? expected : expected.Distinct(), Sections(car, out var root).Select(section => section.Cid.ToString()));
            string roots = Raw(answer.Headers, "X-Ipfs-Roots")!;
            Assert.Equal((Root, root.ToString(), names.Length + 1), (roots.Split(',')[0], roots.Split(',')[^1], roots.Split(',').Length));
            CheckHeaders(answer, answer.Headers.ETag!.ToString(), $"application/vnd.ipld.car; version=1; order=dfs; dups={dups}", $"attachment; filename=\"{Root}.car\"", "none", $"/ipfs/{Root}{path}", roots, null);
            using var head = await Get(url, method: HttpMethod.Head);
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal(answer.Headers.ETag, head.Headers.ETag);
            using var known = await Get(url, headers: ("If-None-Match", answer.Headers.ETag.ToString()));
            Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        }
    }

    [Theory]
    [InlineData(null, "application/vnd.ipld.car", "n")]
    [InlineData(null, "application/vnd.ipld.car; version=1; order=unk; dups=y", "y")]
    [InlineData(null, "application/vnd.ipld.car;order=dfs;dups=\"y\"", "y")]
    [InlineData(null, "application/vnd.ipld.raw;q=0.1, application/vnd.ipld.car;dups=y;q=0.5", "y")]
    [InlineData(null, "application/vnd.ipld.car;version=2, application/vnd.ipld.car;dups=y;q=0.5, */*", "y")]
    [InlineData(null, "application/vnd.ipld.car;order=, text/html", "n")]
    [InlineData("car", "application/vnd.ipld.car;dups=y", "y")]
    [InlineData("car", "application/vnd.ipld.raw, text/html", "n")]
    [InlineData("car", "not a type", "n")]
    [InlineData("car&car-version=1&car-order=dfs&car-dups=n", "application/vnd.ipld.car;version=2;order=x;dups=y", "n")]
    public async Task TheFormOfACarIsNegotiated(string? format, string accept, string dups)
    {
        using var answer = await Get($"/ipfs/{Root}/wide{(format is null ? "" : "?format=" + format)}", accept);
        Assert.Equal($"application/vnd.ipld.car; version=1; order=dfs; dups={dups}", Raw(answer.Content.Headers, "Content-Type"));
        bool isInUrl = format is not null && (dups == "n" || format.Contains("dups", StringComparison.Ordinal));
        Assert.Equal(isInUrl ? null : $"/ipfs/{Root}/wide?format=car&dag-scope=all&car-version=1&car-order=dfs&car-dups={dups}", Raw(answer.Content.Headers, "Content-Location"));
    }

    [Fact]
    public async Task EachPartHasATagOfItsOwn()
    {
        var tags = new HashSet<string>();
        string[] urls = ["", "/wide", "/wide?dag-scope=block", "/wide?dag-scope=entity", "/large?entity-bytes=0:1", "/large?entity-bytes=0:*", "/large?dag-scope=entity", "/wide?car-dups=y"];
        foreach (string url in urls)
        {
            using var answer = await Get($"/ipfs/{Root}{url}", "application/vnd.ipld.car");
            Assert.True(answer.Headers.ETag!.IsWeak);
            Assert.True(tags.Add(answer.Headers.ETag.Tag), url);
        }
    }

    [Theory]
    [InlineData("/ipfs/{0}", null, 406)]
    [InlineData("/ipfs/{0}", "text/html, */*;q=0.8", 406)]
    [InlineData("/ipfs/{0}", "application/vnd.ipld.raw;q=0", 406)]
    [InlineData("/ipfs/{0}", "application/vnd.ipld.car;version=2", 406)]
    [InlineData("/ipfs/{0}", "application/vnd.ipld.car;order=bfs", 406)]
    [InlineData("/ipfs/{0}?format=html", "application/vnd.ipld.raw", 400)]
    [InlineData("/ipfs/{0}?format=raw&format=car", null, 400)]
    [InlineData("/ipfs/{0}/wide?format=raw", null, 400)]
    [InlineData("/ipfs/{0}/wide", "application/vnd.ipld.raw", 400)]
    [InlineData("/ipfs/{0}?format=car&dag-scope=some", null, 400)]
    [InlineData("/ipfs/{0}?format=car&entity-bytes=5:2", null, 400)]
    [InlineData("/ipfs/{0}?format=car&car-version=2", null, 400)]
    [InlineData("/ipfs/{0}?format=car&car-order=bfs", null, 400)]
    [InlineData("/ipfs/{0}?format=car&car-dups=x", null, 400)]
    [InlineData("/ipfs/{0}/%zz?format=car", null, 400)]
    [InlineData("/ipfs/{0}/%4?format=car", null, 400)]
    [InlineData("/ipfs/?format=car", null, 400)]
    [InlineData("/ipfs/Qm?format=car", null, 400)]
    [InlineData("/ipfs/%00?format=car", null, 400)]
    [InlineData("/ipfs/{0}/none?format=car", null, 404)]
    [InlineData("/ipfs/{0}/wide/none?format=car", null, 404)]
    [InlineData("/ipfs/{0}/wide/1/none?format=car", null, 404)]
    [InlineData("/ipfs/{0}/link/none?format=car", null, 404)]
    [InlineData("/ipfs/{0}/wide%2F1?format=car", null, 404)]
    [InlineData("/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?format=car", null, 404)]
    [InlineData("/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?format=raw", null, 404)]
    [InlineData("/ipns/example.org?format=car", null, 404)]
    public async Task WhatCannotBeHadIsSaid(string path, string? accept, int status)
    {
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var answer = await Get(string.Format(path, Root), accept, method: method);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Null(answer.Headers.CacheControl);
            if (method == HttpMethod.Get)
                Assert.DoesNotContain(scratch.Root, await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ACidHasManyTexts()
    {
        var cid = Cid.Parse(Root);
        foreach (string text in (string[])[cid.ToString(Multibase.Base58Btc), cid.ToString(Multibase.Base36), cid.ToString(Multibase.Base16), cid.ToString(Multibase.Base64Url), Cid.V0(cid.Digest).ToString(), Cid.V1(Multicodec.Raw, Multicodec.Sha256, cid.Digest).ToString()])
            Assert.Equal(blocks[Root], await client.GetByteArrayAsync($"/ipfs/{text}?format=raw", Cancel));
    }

    /// <summary>Such requests are made to find out whether there is a gateway.</summary>
    [Fact]
    public async Task WhatACidHoldsIsServedByAnybody()
    {
        string hello = HandMade.Identity(Multicodec.Raw, "hello"u8.ToArray()).ToString();
        Assert.Equal("hello", await client.GetStringAsync($"/ipfs/{hello}?format=raw", Cancel));
        Assert.Empty(await client.GetByteArrayAsync("/ipfs/bafkqaaa?format=raw", Cancel));
        using var head = await Get("/ipfs/bafkqaaa?format=raw", method: HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, 0), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Empty(Sections(await client.GetByteArrayAsync($"/ipfs/{hello}?format=car&car-dups=y", Cancel), out var root));
        Assert.Equal(hello, root.ToString());
        using var other = await Get($"/ipfs/{Cid.V1(Multicodec.Raw, Multicodec.Blake2b256, new byte[32])}?format=raw");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        using var cached = await Get($"/ipfs/{HandMade.Missing()}?format=raw", headers: ("Cache-Control", "only-if-cached"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, cached.StatusCode);
    }

    [Fact]
    public async Task ADamagedBlockEndsTheAnswerAndIsCounted()
    {
        var large = twin.Blocks(Root, ["large"u8.ToArray()], "all", null)!;
        string leaf = large[^1];
        foreach (var piece in packed.Result.Pieces)
        {
            string path = Path.Join(packed.Folder, piece.CarFile);
            byte[] car = await File.ReadAllBytesAsync(path, Cancel);
            int at = car.AsSpan().IndexOf(blocks[leaf]);
            if (at < 0)
                continue;
            car[at] ^= 1;
            await File.WriteAllBytesAsync(path, car, Cancel);
        }

        using var raw = await Get($"/ipfs/{leaf}?format=raw");
        Assert.Equal(HttpStatusCode.InternalServerError, raw.StatusCode);
        using var whole = await Get($"/ipfs/{leaf}?format=car");
        Assert.Equal(HttpStatusCode.InternalServerError, whole.StatusCode);
        _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetByteArrayAsync($"/ipfs/{Root}/large?format=car", Cancel));
        _ = Sections(await client.GetByteArrayAsync($"/ipfs/{Root}/large?format=car&entity-bytes=0:9", Cancel), out _);
        string metrics = await client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("dataprep_damaged_blocks_total 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains("dataprep_gateway_broken_off_total 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APieceThatWasHandedOnIsMissing()
    {
        string leaf = twin.Blocks(Root, ["large"u8.ToArray()], "all", null)![^1];
        using (var before = await Get($"/ipfs/{leaf}?format=raw"))
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        foreach (var piece in packed.Result.Pieces.Where(piece => piece.Kind == "data"))
            File.Delete(Path.Join(packed.Folder, piece.CarFile));
        foreach (bool isAgain in (bool[])[false, true])
        {
            using var raw = await Get($"/ipfs/{leaf}?format=raw");
            Assert.Equal(HttpStatusCode.NotFound, raw.StatusCode);
            using var whole = await Get($"/ipfs/{leaf}?format=car");
            Assert.Equal(HttpStatusCode.NotFound, whole.StatusCode);
            _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetByteArrayAsync($"/ipfs/{Root}/large?format=car", Cancel));
            Assert.Equal(HttpStatusCode.OK, (await Get($"/ipfs/{Root}?format=car&dag-scope=entity")).StatusCode);
            if (!isAgain)
            {
                await server.DisposeAsync();
                await Serve(packed.Folder);
            }
        }
    }

    [Fact]
    public async Task WhatANewVersionKeepsComesFromTheOldOne()
    {
        _ = scratch.File("src/new", "new");
        var next = PackedOutput.Pack(new PackOptions { Sources = [scratch.At("src")], Output = scratch.At("next"), Previous = packed.Folder, Threads = 2, Profile = new() { ChunkSize = 5000, MaxLinks = 4, HamtThreshold = 500, HamtFanout = 8 } });
        foreach (var piece in next.Result.Pieces)
            Add(Path.Join(next.Folder, piece.CarFile));
        string root = next.Result.Dataset.RootCid;
        var expected = twin.Blocks(root, [], "all", null)!.Distinct();
        await server.DisposeAsync();
        await Serve(next.Folder, packed.Folder);
        Assert.Equal(expected, Sections(await client.GetByteArrayAsync($"/ipfs/{root}?format=car", Cancel), out _).Select(section => section.Cid.ToString()));
        await server.DisposeAsync();
        await Serve(next.Folder);
        _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetByteArrayAsync($"/ipfs/{root}?format=car", Cancel));
    }

    [Fact]
    public async Task ManyAskAtOnceAndAllIsCounted()
    {
        string[] cids = [.. blocks.Keys];
        await Parallel.ForAsync(0, 400, Cancel, async (i, cancel) =>
        {
            string cid = cids[i * 31 % cids.Length];
            Assert.Equal(blocks[cid], await client.GetByteArrayAsync($"/ipfs/{cid}?format=raw", cancel));
            if (i % 40 == 0)
                _ = Sections(await client.GetByteArrayAsync($"/ipfs/{Root}?format=car", cancel), out _);
        });
        string metrics = await client.GetStringAsync("/metrics", Cancel);
        Assert.Contains("dataprep_gateway_requests_total 410\n", metrics, StringComparison.Ordinal);
        Assert.Contains($"dataprep_gateway_blocks_total {400 + (10 * twin.Blocks(Root, [], "all", null)!.Distinct().Count())}\n", metrics, StringComparison.Ordinal);
        Assert.Contains("dataprep_damaged_blocks_total 0\n", metrics, StringComparison.Ordinal);
    }

    /// <summary>Nobody reads on: the walk stops, and what comes after is answered.</summary>
    [Fact]
    public async Task AClientThatGoesAwayIsNoFault()
    {
        for (int i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/ipfs/{Root}?format=car&car-dups=y");
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        _ = Sections(await client.GetByteArrayAsync($"/ipfs/{Root}?format=car", Cancel), out _);
        Assert.Contains("dataprep_gateway_broken_off_total 0\n", await client.GetStringAsync("/metrics", Cancel), StringComparison.Ordinal);
    }

    /// <summary>Raw targets that no client library writes.</summary>
    [Theory]
    [InlineData("GET http://example.org/ipfs/{0}?format=raw HTTP/1.1", 200)]
    [InlineData("GET /ipfs/./{0}?format=raw HTTP/1.1", 400)]
    [InlineData("GET /piece/../ipfs/{0}?format=raw HTTP/1.1", 400)]
    [InlineData("GET /ipfs/{0}/../{0}?format=car HTTP/1.1", 404)]
    public async Task OddTargetsAreAnsweredWithoutHarm(string line, int status)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(client.BaseAddress!.Host, client.BaseAddress.Port, Cancel);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(string.Format(line, Root) + "\r\nHost: example.org\r\nConnection: close\r\n\r\n"), Cancel);
        using var reader = new StreamReader(stream);
        Assert.StartsWith($"HTTP/1.1 {status} ", await reader.ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    private static void CheckHeaders(HttpResponseMessage answer, string tag, string type, string disposition, string ranges, string path, string roots, string? location)
    {
        var content = answer.Content.Headers;
        Assert.Equal((tag, type, disposition, ranges), (answer.Headers.ETag!.ToString(), Raw(content, "Content-Type"), Raw(content, "Content-Disposition"), Raw(answer.Headers, "Accept-Ranges")));
        Assert.Equal(("public, max-age=29030400, immutable", "nosniff", path, roots), (answer.Headers.CacheControl!.ToString(), Raw(answer.Headers, "X-Content-Type-Options"), Raw(answer.Headers, "X-Ipfs-Path"), Raw(answer.Headers, "X-Ipfs-Roots")));
        Assert.Equal((location, "Accept"), (Raw(content, "Content-Location"), Raw(answer.Headers, "Vary")));
    }

    private static string? Raw(HttpHeaders headers, string name) => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    private static List<(Cid Cid, byte[] Data)> Sections(byte[] car, out Cid root)
    {
        using var reader = CarReader.Open(new MemoryStream(car));
        root = Assert.Single(reader.Roots);
        var sections = new List<(Cid, byte[])>();
        while (reader.TryReadSection(out var section))
        {
            Assert.Equal(BlockCheck.Match, BlockHash.Verify(section.Cid, section.Data.Span));
            sections.Add((section.Cid, section.Data.ToArray()));
        }

        return sections;
    }

    private void Add(string car)
    {
        using var reader = CarReader.Open(car, new CarReadOptions { AllowZeroPadding = true });
        while (reader.TryReadSection(out var section))
        {
            blocks[section.Cid.ToString()] = section.Data.ToArray();
            twin.Add(section.Cid.ToString(), section.Data.ToArray());
        }
    }

    private async Task Serve(params string[] outputs)
    {
        server = new PieceServer(new ServerOptions { Outputs = outputs, Endpoint = new(IPAddress.Loopback, 0) });
        string address = await server.Start();
        client.Dispose();
        client = new HttpClient { BaseAddress = new Uri(address) };
    }

    private Task<HttpResponseMessage> Get(string path, string? accept = null, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (accept is not null)
            Assert.True(request.Headers.TryAddWithoutValidation("Accept", accept));
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return client.SendAsync(request, Cancel);
    }
}
