using System.Text;
using DataPrep.Packing;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class RemotePackTests : IDisposable
{
    private readonly RemotePack pack = new();

    private ObjectServer Server => pack.Server;

    public void Dispose() => pack.Dispose();

    [Theory]
    [InlineData(1, 30, 3 << 20)]
    [InlineData(2, 200, 100_000)]
    [InlineData(3, 3, 9 << 20)]
    public void WhatIsServedIsPackedAsIfItWereLocal(int seed, int files, int largest) => AssertAsLocal(pack.RandomFiles(seed, files, largest));

    private void AssertAsLocal(string list)
    {
        string local = pack.NewOutput(), remote = pack.NewOutput();
        _ = pack.PackLocal(local);
        using var source = pack.OfList(list);
        Assert.Empty(pack.Pack(source, remote).Skipped);
        RemotePack.AssertSame(local, remote);
        Assert.All(Server.Requests.Where(request => request.Method == "GET"), request =>
        {
            Assert.Equal(Server.Objects[request.Path].ETag, request.Header("If-Match"));
            Assert.Equal("identity", request.Header("Accept-Encoding"));
        });
    }

    public static TheoryData<string> Faults => ["storm", "wait", "reset", "cut", "close", "stall"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void FaultsThatPassLeaveNoTrace(string kind)
    {
        string list = pack.RandomFiles(7, 12, 2 << 20);
        Server.Fault = request => kind switch
        {
            "storm" when request.Number < 40 || request.Number % 3 == 0 => new ServedFault { Status = request.Number % 2 == 0 ? 503 : 500 },
            "wait" when request.Number % 10 == 0 => new ServedFault { Status = 429, Lines = "Retry-After: 0\r\n" },
            "reset" when request.Number % 2 == 0 => new ServedFault { ResetAfter = request.Number * 1000 % 70_000 },
            "cut" when request.Number % 2 == 0 && request.Method == "GET" => new ServedFault { Short = request.Number * 1000 % 70_000 },
            "close" when request.Number % 3 == 0 => new ServedFault { Closes = true },
            "stall" when request.Method == "GET" && request.Number is 20 or 25 => new ServedFault { Stalls = true },
            _ => null,
        };
        AssertAsLocal(list);
    }

    [Fact]
    public void ABrokenRangeGoesOnFromTheByteWhereItBroke()
    {
        pack.File("one", ScratchFolder.Bytes(900_000, 1));
        Server.PutAll(pack.Folder);
        Server.Fault = request => request is { Method: "GET", From: 0 } ? new ServedFault { Short = 500_000 } : null;
        using var source = pack.OfUrls(Server.Url + "/one");
        string local = pack.NewOutput(), remote = pack.NewOutput();
        _ = pack.Pack(source, remote);
        _ = pack.PackLocal(local, Path.Join(pack.Folder, "one"));
        RemotePack.AssertSame(local, remote);
        Assert.Contains(Server.Requests, request => request.From == 400_000);
        Assert.Equal(900_000, 400_000 + Server.Requests.Where(request => request.From >= 400_000).Max(request => request.To + 1 - 400_000));
    }

    public static TheoryData<string> Replacements => ["condition", "ignored", "weak", "time", "size"];

    [Theory]
    [MemberData(nameof(Replacements))]
    public void AnObjectThatIsReplacedIsNeverPackedTorn(string kind)
    {
        byte[] before = ScratchFolder.Bytes(6 << 20, 1), after = ScratchFolder.Bytes(kind == "size" ? 5 << 20 : 6 << 20, 2);
        string? Tag(int version) => kind switch { "weak" => $"W/\"{version}\"", "time" or "size" => null, _ => $"\"{version}\"" };
        string? Time(int version) => kind is "weak" or "size" ? null : $"Mon, 06 Jan 2025 10:00:0{version} GMT";
        Server.Put("/big", before, Tag(1), Time(1));
        Server.Put("/small", before[..1000]);
        int gets = 0;
        Server.Fault = request =>
        {
            if (request is { Method: "GET", Path: "/big" } && ++gets == 4)
                Server.Put("/big", after, Tag(2), Time(2));
            return kind == "condition" ? null : new ServedFault { IgnoresConditions = true };
        };
        using var source = pack.OfList(pack.List("/big", "/small"));
        string remote = pack.NewOutput(), local = pack.NewOutput();
        var result = pack.Pack(source, remote);
        Assert.Empty(result.Skipped);
        Assert.Contains(pack.Warnings, warning => warning.Contains("/big: ", StringComparison.Ordinal) && warning.Contains("packing it again", StringComparison.Ordinal));
        pack.File("big", after);
        pack.File("small", before[..1000]);
        Assert.Equal(pack.PackLocal(local).Dataset.RootCid, result.Dataset.RootCid);
    }

    [Theory]
    [InlineData(404, "vanished")]
    [InlineData(410, "vanished")]
    [InlineData(403, "unreadable")]
    [InlineData(412, "changed")]
    public void WhatCannotBeReadAnyMoreIsLeftOut(int status, string reason)
    {
        string list = pack.RandomFiles(5, 9, 300_000);
        string victim = Server.Objects.OrderBy(pair => pair.Value.Content.Length).Last().Key;
        Server.Fault = request => request.Method == "GET" && request.Path == victim ? new ServedFault { Status = status } : null;
        using var source = pack.OfList(list);
        var skipped = Assert.Single(pack.Pack(source, pack.NewOutput(), OnChange.Skip).SkippedInputs);
        Assert.Equal((reason, Uri.UnescapeDataString(victim[1..])), (skipped.Reason, Encoding.UTF8.GetString(skipped.Path)));
    }

    public static TheoryData<string> Unfit => ["whole", "shifted", "encoded"];

    [Theory]
    [MemberData(nameof(Unfit))]
    public void AnswersThatAreNotWhatWasAskedForAreRefused(string kind)
    {
        Server.Put("/ok", ScratchFolder.Bytes(1000, 1));
        Server.Put("/bad", ScratchFolder.Bytes(3 << 20, 1));
        Server.Fault = request => request is not { Method: "GET", Path: "/bad" } ? null : kind switch
        {
            "whole" => new ServedFault { Whole = true },
            "shifted" => new ServedFault { Shift = 1 },
            _ => new ServedFault { Lines = "Content-Encoding: gzip\r\n" },
        };
        using var source = pack.OfList(pack.List("/ok", "/bad"));
        Assert.Equal("unreadable", Assert.Single(pack.Pack(source, pack.NewOutput()).Skipped).Reason);
    }

    [Fact]
    public void AtTheScanWhatIsNotThereIsLeftOut()
    {
        Server.Put("/a/ok", [1, 2, 3]);
        Server.Put("/a/secret", [1, 2, 3]);
        Server.Fault = request => request.Path == "/a/secret" ? new ServedFault { Status = 403 } : null;
        using var source = pack.OfList(pack.List("/a/ok", "/a/gone", "/a/secret"));
        var result = pack.Pack(source, pack.NewOutput());
        Assert.Equal(1, result.Dataset.Files);
        Assert.Equal(["a/gone vanished", "a/secret unreadable"], result.SkippedInputs.Select(skipped => $"{Encoding.UTF8.GetString(skipped.Path)} {skipped.Reason}").Order());
        using var alone = pack.OfUrls(Server.Url + "/a/gone");
        Assert.Contains("404", Assert.Throws<SourceException>(() => pack.Pack(alone, pack.NewOutput())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HeadThatIsRefusedIsDoneWithout()
    {
        Server.Put("/a", [1, 2, 3]);
        Server.Put("/empty", []);
        Server.Fault = request => request.Method == "HEAD" ? new ServedFault { Status = 405 } : null;
        using var source = pack.OfList(pack.List("/a", "/empty"));
        var result = pack.Pack(source, pack.NewOutput());
        Assert.Equal((2, 3), (result.Dataset.Files, result.Dataset.Bytes));
    }

    [Fact]
    public void RedirectsAreFollowedWithoutSecrets()
    {
        using var other = new ObjectServer();
        byte[] content = ScratchFolder.Bytes(200_000, 3);
        other.Put("/there", content);
        Server.Fault = request => request.Path switch
        {
            "/here" => new ServedFault { Status = 302, Lines = "Location: /next\r\n" },
            "/next" => new ServedFault { Status = 307, Lines = $"Location: {other.Url}/there\r\n" },
            "/loop" => new ServedFault { Status = 301, Lines = "Location: /loop\r\n" },
            _ => null,
        };
        var access = new HttpAccess();
        access.AddHeader("X-Token", "t0ken");
        using var source = new HttpSource([$"{Server.Url.Replace("//", "//user:p%40ss@", StringComparison.Ordinal)}/here"], access, RemotePack.Quick);
        string output = pack.NewOutput();
        Assert.Equal(200_000, pack.Pack(source, output).Dataset.Bytes);
        Assert.All(Server.Requests, request => Assert.Equal(("t0ken", "Basic dXNlcjpwQHNz"), (request.Header("X-Token"), request.Header("Authorization"))));
        Assert.All(other.Requests, request => Assert.Equal("", request.Header("X-Token") + request.Header("Authorization")));
        Assert.NotEmpty(other.Requests);
        Assert.All(Directory.EnumerateFiles(output, "*", SearchOption.AllDirectories), file => Assert.DoesNotContain("p%40ss", File.ReadAllText(file), StringComparison.Ordinal));
        using var loop = pack.OfUrls(Server.Url + "/loop");
        Assert.Contains("redirects", Assert.Throws<SourceException>(() => pack.Pack(loop, pack.NewOutput())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ThePatienceEnds()
    {
        string list = pack.RandomFiles(3, 5, 100_000);
        string output = pack.NewOutput();
        using (var source = pack.OfList(list, RemotePack.Quick with { Patience = TimeSpan.FromSeconds(0.2) }))
        {
            Server.Fault = request => request.Method == "GET" ? new ServedFault { Status = 503 } : null;
            Assert.Contains("503", Assert.Throws<PassingFaultException>(() => pack.Pack(source, output)).Message, StringComparison.Ordinal);
        }

        // The same command goes on.
        Server.Fault = _ => null;
        using var again = pack.OfList(list);
        string local = pack.NewOutput();
        _ = pack.Pack(again, output);
        _ = pack.PackLocal(local);
        RemotePack.AssertSame(local, output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARunThatGoesOnReadsTheVersionsThatWereListed(bool isReplaced)
    {
        string list = pack.RandomFiles(11, 40, 1 << 20);
        string output = pack.NewOutput(), local = pack.NewOutput();
        using var cancel = new CancellationTokenSource();
        int gets = 0;
        Server.Fault = request =>
        {
            if (request.Method == "GET" && Interlocked.Increment(ref gets) == 25)
                cancel.Cancel();
            return null;
        };
        using (var source = pack.OfList(list))
            Assert.ThrowsAny<OperationCanceledException>(() => pack.PackUntil(source, output, cancel.Token));
        var listed = Server.Objects.ToDictionary(pair => pair.Key, pair => pair.Value.ETag);
        if (isReplaced)
        {
            foreach (var (path, item) in Server.Objects.Where(pair => pair.Value.Content.Length > 0))
            {
                byte[] other = [.. item.Content.Reverse()];
                pack.File(Uri.UnescapeDataString(path[1..]), other);
                Server.Put(path, other, "\"new\"", item.LastModified);
            }
        }

        Server.Requests.Clear();
        using var again = pack.OfList(list);
        var result = pack.Pack(again, output);
        Assert.DoesNotContain(Server.Requests, request => request.Method == "HEAD" && !isReplaced);
        Assert.All(Server.Requests.Where(request => request.Method == "GET"), request =>
            Assert.True(request.Header("If-Match") == listed[request.Path] || (isReplaced && request.Header("If-Match") == "\"new\"")));
        if (isReplaced)
        {
            Assert.NotEmpty(pack.Warnings);
            return;
        }

        _ = pack.PackLocal(local);
        RemotePack.AssertSame(local, output);
        Assert.Empty(result.Skipped);
    }
}
