using System.Net;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Server;
using DataPrep.Tests.Packing;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Serving;

/// <summary>A small tree in several pieces, with a sharded folder, as it is served.</summary>
public sealed class ServedTree : IAsyncLifetime
{
    private readonly ScratchFolder scratch = new();

    internal Dictionary<string, byte[]> Blocks { get; } = [];

    internal RefWalk Twin { get; } = new();

    internal HttpClient Client { get; private set; } = new();

    internal PackedOutput Packed { get; private set; } = null!;

    internal PieceServer Server { get; private set; } = null!;

    internal string Root => Packed.Result.Dataset.RootCid;

    internal string Folder => scratch.Root;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _ = scratch.Noise("src/large", 300_000);
        _ = scratch.File("src/a b/%41+é", "a");
        _ = scratch.File("src/empty", "");
        _ = File.CreateSymbolicLink(scratch.At("src/link"), "large");
        for (int i = 0; i < 60; i++)
            _ = scratch.File($"src/wide/{i}", $"{i / 2}");
        Packed = Pack("out", null);
        Assert.True(Packed.Result.Pieces.Count > 3);
        await Serve(Packed.Folder);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Client.Dispose();
        scratch.Dispose();
    }

    /// <summary>Packs the tree again, with one more file.</summary>
    internal PackedOutput PackNext()
    {
        _ = scratch.File("src/new", "new");
        return Pack("next", Packed.Folder);
    }

    private PackedOutput Pack(string output, string? previous)
    {
        var packed = PackedOutput.Pack(new PackOptions
        {
            Sources = [scratch.At("src")],
            Output = scratch.At(output),
            LargestCarSize = previous is null ? 100_000 : null,
            Previous = previous,
            Threads = 2,
            Profile = new() { ChunkSize = 5000, MaxLinks = 4, HamtThreshold = 500, HamtFanout = 8 },
        });
        foreach (var piece in packed.Result.Pieces)
            Add(Path.Join(packed.Folder, piece.CarFile));
        return packed;
    }

    /// <summary>The sections of a CAR, every block held against its CID.</summary>
    internal static List<(Cid Cid, byte[] Data)> Sections(byte[] car, out Cid root)
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
            Blocks[section.Cid.ToString()] = section.Data.ToArray();
            Twin.Add(section.Cid.ToString(), section.Data.ToArray());
        }
    }

    internal async Task Serve(params string[] outputs)
    {
        Server = new PieceServer(new ServerOptions { Outputs = outputs, Endpoint = new(IPAddress.Loopback, 0) });
        string address = await Server.Start();
        Client.Dispose();
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    internal Task<HttpResponseMessage> Get(string path, string? accept = null, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (accept is not null)
            Assert.True(request.Headers.TryAddWithoutValidation("Accept", accept));
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return Client.SendAsync(request, Cancel);
    }
}
