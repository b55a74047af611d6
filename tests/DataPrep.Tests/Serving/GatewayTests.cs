using System.Net;
using System.Net.Http.Headers;
using DataPrep.Ipld;
using DataPrep.Tests.Extraction;
using Xunit;

namespace DataPrep.Tests.Serving;

public sealed class GatewayTests(ServedTree served) : IClassFixture<ServedTree>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryBlockOfEveryPieceIsServed()
    {
        foreach (var (cid, block) in served.Blocks)
        {
            using var answer = await served.Get($"/ipfs/{cid}?format=raw");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(block, await answer.Content.ReadAsByteArrayAsync(Cancel));
        }
    }

    [Fact]
    public async Task ABlockHasTheHeadersThatClientsExpect()
    {
        foreach (var (path, accept, location) in ((string, string?, string?)[])[($"/ipfs/{served.Root}?format=raw", null, null), ($"/ipfs/{served.Root}", "application/vnd.ipld.raw", $"/ipfs/{served.Root}?format=raw"), ($"/ipfs/{served.Root}?format=raw", "application/vnd.ipld.car, text/html", null)])
        {
            foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
            {
                using var answer = await served.Get(path, accept, method: method);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Equal(method == HttpMethod.Get ? served.Blocks[served.Root] : [], await answer.Content.ReadAsByteArrayAsync(Cancel));
                Assert.Equal(served.Blocks[served.Root].Length, answer.Content.Headers.ContentLength);
                CheckHeaders(answer, $"\"{served.Root}.raw\"", "application/vnd.ipld.raw", $"attachment; filename=\"{served.Root}.bin\"", "bytes", $"/ipfs/{served.Root}", served.Root, location);
            }
        }

        using var known = await served.Get($"/ipfs/{served.Root}?format=raw", headers: ("If-None-Match", $"\"x\", \"{served.Root}.raw\""));
        Assert.Equal((HttpStatusCode.NotModified, $"\"{served.Root}.raw\""), (known.StatusCode, known.Headers.ETag!.ToString()));
        using var named = await served.Get($"/ipfs/{served.Root}?format=raw&filename=%C3%A9%22.x");
        Assert.Equal("attachment; filename=\"__.x\"; filename*=UTF-8''%C3%A9%22.x", Raw(named.Content.Headers, "Content-Disposition"));
    }

    [Fact]
    public async Task RangesOfABlockAreServed()
    {
        byte[] block = served.Blocks[served.Root];
        foreach (var (range, from, to) in ((string, int, int)[])[("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=-4", block.Length - 4, block.Length), ("bytes=7-", 7, block.Length)])
        {
            using var part = await served.Get($"/ipfs/{served.Root}?format=raw", headers: ("Range", range));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(block[from..to], await part.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal($"bytes {from}-{to - 1}/{block.Length}", part.Content.Headers.ContentRange!.ToString());
        }

        using var none = await served.Get($"/ipfs/{served.Root}?format=raw", headers: ("Range", $"bytes={block.Length}-"));
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
    [InlineData("//a%20b//%2541%2B%C3%A9", "entity", null)]
    public async Task ACarIsThatOfTheSlowTwin(string path, string scope, string? bytes)
    {
        byte[][] names = [.. path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(name => System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(name)))];
        (long, long?)? range = bytes is null ? null : (long.Parse(bytes.Split(':')[0]), bytes.EndsWith('*') ? null : long.Parse(bytes.Split(':')[1]));
        var expected = served.Twin.Blocks(served.Root, names, scope, range)!;
        foreach (string dups in (string[])["n", "y"])
        {
            string url = $"/ipfs/{served.Root}{path}?format=car&dag-scope={scope}&car-dups={dups}" + (bytes is null ? "" : "&entity-bytes=" + bytes);
            using var answer = await served.Get(url);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            byte[] car = await answer.Content.ReadAsByteArrayAsync(Cancel);
            Assert.Equal(dups == "y" ? expected : expected.Distinct(), ServedTree.Sections(car, out var root).Select(section => section.Cid.ToString()));
            string roots = Raw(answer.Headers, "X-Ipfs-Roots")!;
            Assert.Equal((served.Root, root.ToString(), names.Length + 1), (roots.Split(',')[0], roots.Split(',')[^1], roots.Split(',').Length));
            CheckHeaders(answer, answer.Headers.ETag!.ToString(), $"application/vnd.ipld.car; version=1; order=dfs; dups={dups}", $"attachment; filename=\"{served.Root}.car\"", "none", $"/ipfs/{served.Root}{path}", roots, null);
            using var head = await served.Get(url, method: HttpMethod.Head);
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancel));
            Assert.Equal(answer.Headers.ETag, head.Headers.ETag);
            using var known = await served.Get(url, headers: ("If-None-Match", answer.Headers.ETag.ToString()));
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
        using var answer = await served.Get($"/ipfs/{served.Root}/wide{(format is null ? "" : "?format=" + format)}", accept);
        Assert.Equal($"application/vnd.ipld.car; version=1; order=dfs; dups={dups}", Raw(answer.Content.Headers, "Content-Type"));
        bool isInUrl = format is not null && (dups == "n" || format.Contains("dups", StringComparison.Ordinal));
        Assert.Equal(isInUrl ? null : $"/ipfs/{served.Root}/wide?format=car&dag-scope=all&car-version=1&car-order=dfs&car-dups={dups}", Raw(answer.Content.Headers, "Content-Location"));
    }

    [Fact]
    public async Task EachPartHasATagOfItsOwn()
    {
        var tags = new HashSet<string>();
        string[] urls = ["", "/wide", "/wide?dag-scope=block", "/wide?dag-scope=entity", "/large?entity-bytes=0:1", "/large?entity-bytes=0:*", "/large?dag-scope=entity", "/wide?car-dups=y"];
        foreach (string url in urls)
        {
            using var answer = await served.Get($"/ipfs/{served.Root}{url}", "application/vnd.ipld.car");
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
            using var answer = await served.Get(string.Format(path, served.Root), accept, method: method);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Null(answer.Headers.CacheControl);
            if (method == HttpMethod.Get)
                Assert.DoesNotContain(served.Folder, await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ACidHasManyTexts()
    {
        var cid = Cid.Parse(served.Root);
        foreach (string text in (string[])[cid.ToString(Multibase.Base58Btc), cid.ToString(Multibase.Base36), cid.ToString(Multibase.Base16), cid.ToString(Multibase.Base64Url), Cid.V0(cid.Digest).ToString(), Cid.V1(Multicodec.Raw, Multicodec.Sha256, cid.Digest).ToString()])
            Assert.Equal(served.Blocks[served.Root], await served.Client.GetByteArrayAsync($"/ipfs/{text}?format=raw", Cancel));
    }

    /// <summary>Such requests are made to find out whether there is a gateway.</summary>
    [Fact]
    public async Task WhatACidHoldsIsServedByAnybody()
    {
        string hello = HandMade.Identity(Multicodec.Raw, "hello"u8.ToArray()).ToString();
        Assert.Equal("hello", await served.Client.GetStringAsync($"/ipfs/{hello}?format=raw", Cancel));
        Assert.Empty(await served.Client.GetByteArrayAsync("/ipfs/bafkqaaa?format=raw", Cancel));
        using var head = await served.Get("/ipfs/bafkqaaa?format=raw", method: HttpMethod.Head);
        Assert.Equal((HttpStatusCode.OK, 0), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Empty(ServedTree.Sections(await served.Client.GetByteArrayAsync($"/ipfs/{hello}?format=car&car-dups=y", Cancel), out var root));
        Assert.Equal(hello, root.ToString());
        using var other = await served.Get($"/ipfs/{Cid.V1(Multicodec.Raw, Multicodec.Blake2b256, new byte[32])}?format=raw");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        using var cached = await served.Get($"/ipfs/{HandMade.Missing()}?format=raw", headers: ("Cache-Control", "only-if-cached"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, cached.StatusCode);
    }

    /// <summary>Raw targets that no client library writes.</summary>
    [Theory]
    [InlineData("GET http://example.org/ipfs/{0}?format=raw HTTP/1.1", 200)]
    [InlineData("GET /ipfs/{0}/a%20b/%25%34%31%2b%c3%A9?format=car HTTP/1.1", 200)]
    [InlineData("GET /ipfs/{0}/%zz?format=car HTTP/1.1", 400)]
    [InlineData("GET /ipfs/{0}/%4?format=car HTTP/1.1", 400)]
    [InlineData("GET /ipfs/{0}/%?format=car HTTP/1.1", 400)]
    [InlineData("GET /ipfs/./{0}?format=raw HTTP/1.1", 400)]
    [InlineData("GET /piece/../ipfs/{0}?format=raw HTTP/1.1", 400)]
    [InlineData("GET /ipfs/{0}/../{0}?format=car HTTP/1.1", 404)]
    public async Task OddTargetsAreAnsweredWithoutHarm(string line, int status)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(served.Client.BaseAddress!.Host, served.Client.BaseAddress.Port, Cancel);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(string.Format(line, served.Root) + "\r\nHost: example.org\r\nConnection: close\r\n\r\n"), Cancel);
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
}
