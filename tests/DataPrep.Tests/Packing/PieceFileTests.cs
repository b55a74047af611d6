using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Packing;

public sealed class PieceFileTests : IDisposable
{
    private readonly TempFolder disk = new(onDisk: true);
    private readonly TempFolder memory = new();

    public static TheoryData<string, int, bool> Cases { get; } = new MatrixTheoryData<string, int, bool>(
        Enum.GetNames<OutputIo>(), [1, 4095, 4096, 4097, 8192, (16 << 20) + 1, (80 << 20) + 4095], [false, true]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void ParallelWritesInAnyOrderGiveTheFile(string io, int size, bool inMemory)
    {
        var folder = new OutputFolder(inMemory ? memory.Path : disk.Path);
        using var hold = folder.Hold();
        using var content = new NativeBuffer(size);
        new Random(size).NextBytes(content.Span);
        using (var file = new PieceFile(folder, "piece", size, Enum.Parse<OutputIo>(io)))
        {
            const int Part = 1_040_384;
            int[] parts = [.. Enumerable.Range(0, (size + Part - 1) / Part)];
            new Random(1).Shuffle(parts);
            Parallel.ForEach(parts, part => file.Write((long)part * Part, content.Span.Slice(part * Part, Math.Min(Part, size - (part * Part)))));
            Assert.False(File.Exists(folder.FileOf("name.car")));
            file.Complete(size);
            Assert.False(File.Exists(folder.FileOf("name.car")));
            file.Place("name.car");
        }

        Assert.True(File.ReadAllBytes(folder.FileOf("name.car")).AsSpan().SequenceEqual(content.Span));
    }

    [Fact]
    public void WhatHasThePieceNameIsNeverReplaced()
    {
        var folder = new OutputFolder(disk.Path);
        using var hold = folder.Hold();
        byte[] piece = ScratchFolder.Bytes((2 << 20) + 5, 1), other = [.. piece];
        other[^1] ^= 1;
        string name = folder.FileOf("name.car"), target = memory.Of("elsewhere.car");

        // Another file, a longer one, one cut short: in the way, and the piece waits.
        foreach (byte[] stranger in (byte[][])[other, [.. piece, 0], piece[..^1], []])
        {
            File.WriteAllBytes(name, stranger);
            var error = Assert.Throws<IOException>(() => Place(folder, piece));
            Assert.Contains($"{name} has the name of a piece", error.Message, StringComparison.Ordinal);
            Assert.Equal(stranger, File.ReadAllBytes(name));
            Assert.Equal(piece, File.ReadAllBytes(folder.TemporaryOf("piece")));
        }

        File.Delete(name);
        _ = File.CreateSymbolicLink(name, target);
        File.WriteAllBytes(target, other);
        _ = Assert.Throws<IOException>(() => Place(folder, piece));
        Assert.Equal(other, File.ReadAllBytes(target));

        // The same bytes, there or where a symlink leads: they stay what they are.
        File.WriteAllBytes(target, piece);
        Place(folder, piece);
        Assert.Equal(target, new FileInfo(name).LinkTarget);
        Assert.False(File.Exists(folder.TemporaryOf("piece")));
        File.Delete(name);
        File.WriteAllBytes(name, piece);
        var before = File.GetLastWriteTimeUtc(name);
        Place(folder, piece);
        Assert.Equal(before, File.GetLastWriteTimeUtc(name));

        // Nothing is lost with a symlink that leads to no file.
        File.Delete(name);
        File.Delete(target);
        _ = File.CreateSymbolicLink(name, target);
        Place(folder, piece);
        Assert.Null(new FileInfo(name).LinkTarget);
        Assert.Equal(piece, File.ReadAllBytes(name));
    }

    private static void Place(OutputFolder folder, byte[] content)
    {
        using var file = new PieceFile(folder, "piece", content.Length);
        file.Write(0, content);
        file.Complete(content.Length);
        file.Place("name.car");
    }

    [Fact]
    public void WhatIsNotPlacedCanBeGoneOnWith()
    {
        var folder = new OutputFolder(disk.Path);
        using var hold = folder.Hold();
        using (var file = new PieceFile(folder, "piece", 100))
        {
            Assert.False(file.WasThere);
            file.Write(0, Enumerable.Repeat((byte)7, 100).ToArray());
        }

        Assert.Empty(Directory.GetFiles(disk.Path));
        using (var file = new PieceFile(folder, "piece", 100))
        {
            Assert.True(file.WasThere);
            file.Complete(40); // behind what is a CAR are zeros, whatever stood there
            file.Place("name.car");
        }

        Assert.Equal([.. Enumerable.Repeat((byte)7, 40), .. new byte[60]], File.ReadAllBytes(folder.FileOf("name.car")));
    }

    public void Dispose()
    {
        disk.Dispose();
        memory.Dispose();
    }
}
