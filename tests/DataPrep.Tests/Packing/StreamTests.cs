using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>What is packed from a stream is what is packed from a file of the same name and bytes, which is the slow twin here.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void AnyStreamGivesWhatAFileGives()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int i = 0; i < 40; i++)
        {
            var options = RandomOptions(random);
            int size = random.Next(4) switch { 0 => random.Next(3), 1 => random.Next(2) + options.Profile.ChunkSize, 2 => random.Next(300_000), _ => random.Next(5_000_000) };
            string what = $"seed {seed}, case {i}: {size} bytes, {Describe(options)}";
            byte[] content = ScratchFolder.Bytes(size, i);
            Same(content, options, new Uneven(content, random.Next()), what);
        }
    }

    [Theory]
    [InlineData(1000, 20_000, false, false)]
    [InlineData(1000, 20_000, true, false)]
    [InlineData(1000, 20_000, false, true)]
    [InlineData(64, 8_000, true, true)]
    [InlineData(64 << 10, 1_040_384, false, false)]
    [InlineData(256 << 10, 1_040_384, true, true)]
    public void SizesAroundEveryBoundaryGiveWhatAFileGives(int chunk, long capacity, bool wrap, bool old)
    {
        var profile = (old ? UnixFsProfile.V0Of2015 : UnixFsProfile.V1Of2025) with { ChunkSize = chunk };
        var options = Options(profile) with { PieceSize = 1 << 20, LargestCarSize = capacity, Scan = new ScanOptions(Wrap: wrap) };
        var cutter = new StreamCutter(StreamTree.DefaultName, wrap, profile, options.Cut, TestContext.Current.CancellationToken);
        long leaf = 0;
        for (int piece = 0; piece < 3; piece++)
        {
            var cut = cutter.Next(leaf);
            leaf = cut.Range.End.Leaf;
            foreach (long size in new[] { (leaf * chunk) - 1, leaf * chunk, (leaf * chunk) + 1, cut.Most - 1, cut.Most, cut.Most + 1, cut.Most + chunk }.Distinct())
            {
                byte[] content = ScratchFolder.Bytes((int)size, piece);
                Same(content, options with { Threads = 1 + (piece % 2) }, new MemoryStream(content), $"{size} bytes, piece {piece} ends at {leaf * chunk}, or holds up to {cut.Most}");
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 3)]
    public void AStreamThatBreaksOffIsGoneOnWith(int threads, int seed)
    {
        var random = new Random(seed);
        byte[] content = ScratchFolder.Bytes(9_000_000, seed);
        var profile = UnixFsProfile.V1Of2025 with { ChunkSize = 32 << 10 };
        foreach (int size in new[] { 1 << 20, 4 << 20, 64 << 20 })
        {
            var options = Options(profile) with { PieceSize = size, Threads = threads, SlabSize = 1 << 20, Checkpoint = TimeSpan.Zero };
            var expected = OfFile(content, options);
            for (int end = random.Next(500_000); end < content.Length; end += random.Next(2_500_000))
            {
                var written = Cars();
                var error = Assert.Throws<IOException>(() => Pack(options, new Uneven(content, random.Next(), end)));
                Assert.Contains($"standard input at offset {end}", error.Message, StringComparison.Ordinal);
                Assert.False(File.Exists(Path.Join(Out, "dataset.json")));
                foreach (var (name, bytes) in PackedOutput.Everything(Out))
                    Assert.True(bytes.AsSpan().SequenceEqual(expected[name]), $"{name} is none of the whole");
                Assert.All(written, car => Assert.Equal(car.Value, File.GetLastWriteTimeUtc(car.Key)));
            }

            var before = Cars();
            Assert.False(Pack(options, new Uneven(content, random.Next())).AlreadyDone);
            Compare(expected, $"pieces of {size}");
            Assert.All(before, car => Assert.Equal(car.Value, File.GetLastWriteTimeUtc(car.Key)));
            Directory.Delete(Out, true);
        }
    }

    [Theory]
    [InlineData(1 << 20)]
    [InlineData(64 << 20)]
    public void AnotherStreamIsNotGoneOnWith(int pieceSize)
    {
        byte[] content = ScratchFolder.Bytes(6_000_000, 1);
        var options = Options(UnixFsProfile.V1Of2025 with { ChunkSize = 32 << 10 }) with { PieceSize = pieceSize, SlabSize = 1 << 20, Checkpoint = TimeSpan.Zero };
        var expected = OfFile(content, options);
        _ = Assert.Throws<IOException>(() => Pack(options, new Uneven(content, 1, 5_000_000)));

        byte[] other = [.. content];
        other[(32 << 10) + 5] ^= 1;
        var error = Assert.Throws<IOException>(() => Pack(options, new MemoryStream(other)));
        Assert.Contains("has other bytes from offset 32768 on", error.Message, StringComparison.Ordinal);
        Assert.Contains("--restart", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<IOException>(() => Pack(options, new MemoryStream(content, 0, 600_000)));
        Assert.Contains("ends at offset 600000", error.Message, StringComparison.Ordinal);

        _ = Pack(options, new MemoryStream(content));
        Compare(expected, "after other streams");
    }

    [Fact]
    public void BeginningAnewTakesAnotherStream()
    {
        byte[] content = ScratchFolder.Bytes(6_000_000, 1), other = ScratchFolder.Bytes(3_000_000, 2);
        var options = Options(UnixFsProfile.V1Of2025 with { ChunkSize = 32 << 10 }) with { PieceSize = 1 << 20, SlabSize = 1 << 20, Checkpoint = TimeSpan.Zero };
        _ = Assert.Throws<IOException>(() => Pack(options, new Uneven(content, 1, 5_000_000)));
        _ = Pack(options with { Restart = true }, new MemoryStream(other));
        Compare(OfFile(other, options), "anew");
    }

    [Fact]
    public void AStreamWhoseEndWasSeenMustEndThereAgain()
    {
        byte[] content = ScratchFolder.Bytes(3_000_000, 1);
        var options = Options(UnixFsProfile.V1Of2025 with { ChunkSize = 32 << 10 }) with { PieceSize = 1 << 20, SlabSize = 1 << 20 };
        var expected = OfFile(content, options);
        // The run fails when all pieces are there.
        _ = Directory.CreateDirectory(Path.Join(Out, ".dataprep/files.jsonl.part"));
        _ = Assert.ThrowsAny<Exception>(() => Pack(options, new MemoryStream(content)));
        Directory.Delete(Path.Join(Out, ".dataprep/files.jsonl.part"));

        byte[] longer = [.. content, 1];
        Assert.Contains("goes on behind offset 3000000", Assert.Throws<IOException>(() => Pack(options, new MemoryStream(longer))).Message, StringComparison.Ordinal);
        Assert.Contains("ends at offset 2999999, but had 3000000", Assert.Throws<IOException>(() => Pack(options, new MemoryStream(content, 0, 2_999_999))).Message, StringComparison.Ordinal);
        var before = Cars();
        _ = Pack(options, new Uneven(content, 3));
        Compare(expected, "once more");
        Assert.All(before, car => Assert.Equal(car.Value, File.GetLastWriteTimeUtc(car.Key)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(2_500_000)]
    public void AFinishedDatasetIsHeldAgainstTheStream(int size)
    {
        byte[] content = ScratchFolder.Bytes(size, 1);
        var options = Options(UnixFsProfile.V1Of2025 with { ChunkSize = 32 << 10 }) with { PieceSize = 1 << 20 };
        _ = Pack(options, new MemoryStream(content));
        var before = ScratchFolder.Snapshot(Out);
        Assert.True(Pack(options, new Uneven(content, 1)).AlreadyDone);
        foreach (byte[] other in new[] { [.. content, 1], content.Length > 0 ? content[..^1] : [1, 2], content.Select((b, i) => i == size / 2 ? (byte)~b : b).Append((byte)7).Take(Math.Max(size, 1)).ToArray() })
            Assert.Contains("holds another dataset", Assert.Throws<IOException>(() => Pack(options, new MemoryStream(other))).Message, StringComparison.Ordinal);
        Assert.Contains("holds another dataset", Assert.Throws<IOException>(() => Pack(options with { Name = "other" }, new MemoryStream(content))).Message, StringComparison.Ordinal);
        Assert.Equal(before, ScratchFolder.Snapshot(Out));
    }

    [Fact]
    public void AStreamThatDoesNotFitInAPieceIsWrongUsageAndLeavesNothing()
    {
        byte[] content = ScratchFolder.Bytes(2_000_000, 1);
        var options = Options(UnixFsProfile.V1Of2025) with { PieceSize = 1 << 20 };
        Assert.Contains("--chunk-size", Assert.Throws<UsageException>(() => Pack(options, new MemoryStream(content))).Message, StringComparison.Ordinal);
        _ = Pack(options, new MemoryStream(content, 0, 1_000_000));
    }

    private string Out => scratch.At("out");

    private static PackOptions Options(UnixFsProfile profile) => new() { Sources = [], Output = "", Profile = profile, Threads = 2 };

    private static PackOptions RandomOptions(Random random)
    {
        var profile = (random.Next(2) == 0 ? UnixFsProfile.V1Of2025 : UnixFsProfile.V0Of2015) with { ChunkSize = new[] { 4 << 10, 10_007, 64 << 10, 256 << 10 }[random.Next(4)] };
        return Options(profile) with
        {
            PieceSize = 1L << random.Next(20, 24),
            LeastPieceSize = random.Next(4) == 0 ? 1 << 20 : 0,
            Threads = random.Next(1, 4),
            SlabSize = random.Next(2) == 0 ? 1 << random.Next(20, 23) : null,
            Name = random.Next(3) == 0 ? "name" : null,
            Scan = new ScanOptions(Wrap: random.Next(2) == 0),
        };
    }

    private static string Describe(PackOptions options) =>
        $"chunks of {options.Profile.ChunkSize}, pieces of {options.PieceSize}, slabs of {options.SlabSize}, {options.Threads} threads, {options.Profile.Name}, name {options.Name}, wrap {options.Scan.Wrap}";

    private void Same(byte[] content, PackOptions options, Stream stream, string what)
    {
        var expected = OfFile(content, options);
        var result = Pack(options, stream);
        Assert.False(result.AlreadyDone);
        Compare(expected, what);
        Directory.Delete(Out, true);
    }

    private PackResult Pack(PackOptions options, Stream stream) =>
        PackedOutput.Pack(options with { Output = Out, Input = () => stream }).Result;

    /// <summary>All that packing a file of these bytes makes.</summary>
    private SortedDictionary<string, byte[]> OfFile(byte[] content, PackOptions options)
    {
        string file = scratch.File(options.Name ?? StreamTree.DefaultName, content);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        scratch.Mode(file, 0x1A4);
        string folder = scratch.At("expected");
        _ = PackedOutput.Pack(options with { Sources = [file], Output = folder });
        var all = PackedOutput.Everything(folder);
        Directory.Delete(folder, true);
        return all;
    }

    private void Compare(SortedDictionary<string, byte[]> expected, string what)
    {
        var actual = PackedOutput.Everything(Out);
        Assert.True(expected.Keys.SequenceEqual(actual.Keys), $"{what}: {string.Join(' ', actual.Keys)} instead of {string.Join(' ', expected.Keys)}");
        foreach (var (name, bytes) in expected)
            Assert.True(bytes.AsSpan().SequenceEqual(actual[name]), $"{what}: {name} is another");
        Assert.All(Directory.GetFiles(Path.Join(Out, ".dataprep")), file => Assert.True(Leftovers.Stays(Path.GetFileName(file)), file));
    }

    private Dictionary<string, DateTime> Cars() =>
        Directory.Exists(Out) ? Directory.GetFiles(Out, "*.car").ToDictionary(car => car, File.GetLastWriteTimeUtc) : [];

    /// <summary>A stream that comes in pieces of any length, and may break off.</summary>
    private sealed class Uneven(byte[] content, int seed, int end = -1) : ReadStream
    {
        private readonly Random random = new(seed);
        private int at;

        public override int Read(Span<byte> buffer)
        {
            int left = (end < 0 ? content.Length : end) - at;
            if (left == 0 && end >= 0)
                throw new IOException("the line is dead");
            int count = Math.Min(Math.Min(left, buffer.Length), random.Next(3) switch { 0 => random.Next(1, 9), 1 => random.Next(1, 5000), _ => random.Next(1, 2_000_000) });
            content.AsSpan(at, count).CopyTo(buffer);
            at += count;
            return count;
        }
    }
}
