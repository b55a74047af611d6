using System.Runtime.CompilerServices;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Packing as embedders do it: by what is public alone.</summary>
public sealed class PackerTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task FolderIsPackedEstimatedVerifiedAndRead()
    {
        Tree();
        var options = Options("out");
        var estimate = new Packer(options).Estimate(cancellationToken: Cancel);
        var seen = new List<PackProgress>();
        var result = await new Packer(options).PackAsync(new Listener(seen), Cancel);
        Assert.Equal(estimate.Pieces.Select(piece => (piece.Kind, piece.CarSize, piece.PieceSize)), result.Pieces.Select(piece => (piece.Kind, piece.CarSize, piece.PieceSize)));
        Assert.True(seen[^1].BytesDone == seen[^1].BytesTotal && seen[^1].BytesTotal > 0);
        Assert.True(new PieceVerifier().VerifyDataset(options.Output, cancellationToken: Cancel).IsSound);
        Assert.True((await new Packer(options).PackAsync(cancellationToken: Cancel)).AlreadyDone);

        var manifest = DatasetManifest.Read(options.Output);
        Assert.Equal(result.Dataset.RootCid, manifest.Dataset.RootCid);
        Assert.Equal(["a", "a/1", "a/2", "b"], manifest.Files().Select(file => file.Path));
        Assert.Empty(manifest.Skipped());
    }

    [Fact]
    public void SourceOfOnesOwnGivesThePieceOfTheSameFiles()
    {
        Tree();
        var local = new Packer(Options("local")).Pack(cancellationToken: Cancel);
        var own = new OwnSource(scratch.At("data")) { FailEvery = 3 };
        var result = new Packer(Options("own") with { Sources = [], Source = own }).Pack(cancellationToken: Cancel);
        Assert.Equal(local.Dataset.RootCid, result.Dataset.RootCid);
        Assert.Equal(local.Pieces.Select(piece => piece.PieceCid), result.Pieces.Select(piece => piece.PieceCid));
        Assert.True(own.Opened > 0);
        Assert.True(new Packer(Options("own") with { Sources = [], Source = own }).Pack(cancellationToken: Cancel).AlreadyDone);
    }

    [Fact]
    public void WhatChangesInASourceIsNeverPackedTorn()
    {
        Tree();
        var own = new OwnSource(scratch.At("data")) { Changing = "b" };
        var result = new Packer(Options("own") with { Sources = [], Source = own, OnChange = OnChange.Skip }).Pack(cancellationToken: Cancel);
        Assert.Equal("b", Assert.Single(result.Skipped).Path);
        Assert.True(new PieceVerifier().VerifyDataset(scratch.At("own"), cancellationToken: Cancel).IsSound);
    }

    [Fact]
    public void StreamIsPackedAsOneFile()
    {
        byte[] content = ScratchFolder.Bytes((5 << 20) + 3, 9);
        scratch.File("data/one", content);
        var file = new Packer(Options("file") with { Sources = [scratch.At("data/one")] }).Pack(cancellationToken: Cancel);
        var stream = new Packer(Options("stream") with { Sources = [], Input = () => new MemoryStream(content), Name = "one" }).Pack(cancellationToken: Cancel);
        Assert.Equal(file.Dataset.RootCid, stream.Dataset.RootCid);
        Assert.Equal(file.Pieces[0].PieceCid, stream.Pieces[0].PieceCid);
    }

    [Fact]
    public void PatternsSelect()
    {
        Tree();
        var result = new Packer(Options("out") with { Include = ["a"], Exclude = ["2"], Hidden = false }).Pack(cancellationToken: Cancel);
        Assert.Equal(["a", "a/1"], DatasetManifest.Read(scratch.At("out")).Files().Select(file => file.Path));
        Assert.Equal(["a"], result.Dataset.Selection!.Include);
        Assert.Throws<UsageException>(() => Options("x") with { Include = ["!a"] });
        Assert.Throws<UsageException>(() => Options("x") with { Exclude = [""] });
    }

    [Fact]
    public async Task CancelledRunIsGoneOnWith()
    {
        scratch.Noise("data/large", 40 << 20);
        var whole = new Packer(Options("whole")).Pack(cancellationToken: Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var options = Options("out") with { MaxRate = 20 << 20, Checkpoint = TimeSpan.FromMilliseconds(10) };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Packer(options).PackAsync(new Trigger(stop, 8 << 20), stop.Token));
        Assert.False(File.Exists(Path.Join(options.Output, "dataset.json")));
        var result = await new Packer(options with { MaxRate = null }).PackAsync(cancellationToken: Cancel);
        Assert.Equal(whole.Pieces[0].PieceCid, result.Pieces[0].PieceCid);
    }

    [Fact]
    public void OptionsThatMakeNoSenseAreRefused()
    {
        Tree();
        Assert.Throws<UsageException>(() => new Packer(Options("x") with { Sources = [] }).Pack(cancellationToken: Cancel));
        Assert.Throws<UsageException>(() => new Packer(Options("x") with { Input = () => Stream.Null }).Pack(cancellationToken: Cancel));
        Assert.Throws<UsageException>(() => new Packer(Options("x") with { PieceSize = 3 << 20 }).Pack(cancellationToken: Cancel));
        Assert.Throws<UsageException>(() => new Packer(Options("x") with { Output = "" }).Pack(cancellationToken: Cancel));
        Assert.Throws<SourceException>(() => new Packer(Options("x") with { Sources = [scratch.At("nowhere")] }).Pack(cancellationToken: Cancel));
        Assert.Throws<ArgumentException>(() => new Packer(Options("x") with { Sources = [], Source = new OwnSource(scratch.At("data")) { Name = "a\nb" } }).Pack(cancellationToken: Cancel));
        Assert.Throws<SourceException>(() => new Packer(Options("x") with { Sources = [], Source = new OwnSource(scratch.At("data")) { Prefix = "../" } }).Pack(cancellationToken: Cancel));
        Assert.False(Directory.Exists(scratch.At("x")));
    }

    private PackOptions Options(string output) => new() { Sources = [scratch.At("data")], Output = scratch.At(output), PieceSize = 64 << 20, Threads = 2 };

    private void Tree()
    {
        scratch.File("data/a/1", ScratchFolder.Bytes(3_000_000, 1));
        scratch.File("data/a/2", ScratchFolder.Bytes(1_048_577, 2));
        scratch.File("data/b", "small");
    }

    private sealed class Listener(List<PackProgress> seen) : IProgress<PackProgress>
    {
        public void Report(PackProgress value) => seen.Add(value);
    }

    private sealed class Trigger(CancellationTokenSource stop, long bytes) : IProgress<PackProgress>
    {
        public void Report(PackProgress value)
        {
            if (value.BytesDone >= bytes)
                stop.Cancel();
        }
    }

    /// <summary>A folder behind the interface.</summary>
    private sealed class OwnSource(string folder) : ISource
    {
        private int calls;

        public string Name { get; init; } = "own:data";

        public string Prefix { get; init; } = "";

        /// <summary>Each so many calls there is a fault that passes.</summary>
        public int FailEvery { get; init; } = int.MaxValue;

        /// <summary>A file that is another whenever it is looked at.</summary>
        public string? Changing { get; init; }

        public int Opened => calls;

        public async IAsyncEnumerable<SourceFile> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order().Reverse())
            {
                await Task.Yield();
                yield return Describe(Path.GetRelativePath(folder, file), isListed: true);
            }
        }

        public Task<Stream> OpenAsync(string path, long offset, long length, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref calls) % FailEvery == 0)
                throw new IOException("the line is busy");
            var stream = File.OpenRead(Path.Join(folder, path));
            stream.Position = offset;
            return Task.FromResult<Stream>(stream);
        }

        public Task<SourceFile?> StatAsync(string path, CancellationToken cancellationToken) => Task.FromResult<SourceFile?>(Describe(path, isListed: false));

        private SourceFile Describe(string path, bool isListed) =>
            new(Prefix + path, new FileInfo(Path.Join(folder, path)).Length) { Version = path == Changing && !isListed ? Guid.NewGuid().ToString() : "v1" };
    }
}
