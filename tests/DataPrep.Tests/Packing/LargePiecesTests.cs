using System.Buffers.Binary;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Tests.Reference;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Files of more than a gibibyte with the parameters that everyone uses, cut into pieces of half of one.</summary>
public sealed class LargePiecesTests
{
    private const long Gibibyte = 1L << 30;
    private const int Chunk = 1 << 20;

    /// <summary>One byte more than is under one node; three nodes, as the dataset itself.</summary>
    [Theory]
    [InlineData(Gibibyte + 1, false)]
    [InlineData(3 * Gibibyte, true)]
    public void AFileOfGibibytesIsCutAsTheReferenceBuildsIt(long size, bool isRoot)
    {
        RequireRoom(size);
        using var temp = new TempFolder();
        string folder = Directory.CreateDirectory(temp.Of("src")).FullName, path = Path.Combine(folder, "large");
        MakeSparse(path, size);
        if (!isRoot)
            File.WriteAllText(Path.Combine(folder, "small"), "beside it");
        var options = new PackOptions { Sources = [isRoot ? path : folder], Output = temp.Of("out"), PieceSize = Gibibyte / 2, Threads = 2 };
        var plan = SeveralPieces.Plan(options);
        var output = PackedOutput.Pack(options);

        // What the reference makes of the file, and what the layout of the uncut tree says.
        var dag = RefUnixfs.Build(new RefFile(() => File.OpenRead(path)), RefOptions.V1_2025);
        var row = output.Files.Single(file => file.Size == size);
        Assert.Equal(dag.Cid.Text, row.Cid);
        Assert.Equal(dag.Tsize, PieceLayout.Create(plan.Tree, options.Profile).DagSize(isRoot ? 0 : 1));
        if (isRoot)
            Assert.Equal(dag.Cid.Text, output.Result.Dataset.RootCid);

        var data = output.Result.Pieces.Where(piece => piece.Kind == "data").ToList();
        Assert.Equal(plan.Pieces.Select(piece => piece.CarSize).Concat(plan.DagSizes), output.Result.Pieces.Select(piece => piece.CarSize));
        Assert.All(data.SkipLast(1), piece => Assert.InRange(piece.CarSize, options.Capacity - Chunk - 40, options.Capacity));
        CheckParts(row.Parts, output, path, size);
    }

    /// <summary>The parts are the file without gap, and each begins and ends where its record says.</summary>
    private static void CheckParts(IReadOnlyList<FilePart> parts, PackedOutput output, string path, long size)
    {
        const int Section = 3 + 36 + Chunk;
        long at = 0;
        using var file = File.OpenHandle(path);
        foreach (var part in parts)
        {
            Assert.Equal(at, part.FileOffset);
            long leaves = (part.Length + Chunk - 1) / Chunk;
            using var car = File.OpenHandle(Path.Combine(output.Folder, part.PieceCid + ".car"));
            foreach (long leaf in (long[])[0, leaves / 2, leaves - 1])
            {
                var section = RefReader.Section(Read(car, part.CarOffset + (leaf * Section), Section), 0);
                Assert.True(section.Block.AsSpan().SequenceEqual(Read(file, at + (leaf * Chunk), (int)Math.Min(Chunk, part.Length - (leaf * Chunk)))), $"leaf {leaf} of the part at {at} is another");
            }

            at += part.Length;
        }

        Assert.Equal(size, at);
    }

    private static byte[] Read(SafeFileHandle file, long offset, int length)
    {
        byte[] bytes = new byte[length];
        return bytes[..RandomAccess.Read(file, bytes, offset)];
    }

    /// <summary>A file of holes, with a number in every chunk of some, so that they cannot be taken for one another.</summary>
    private static void MakeSparse(string path, long size)
    {
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.SetLength(file, size);
        byte[] number = new byte[8];
        for (long chunk = 0; chunk * Chunk < size - 8; chunk += 37)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, chunk + 1);
            RandomAccess.Write(file, number, chunk * Chunk);
        }
    }

    private static void RequireRoom(long size)
    {
        using var temp = new TempFolder();
        long needed = size + (Gibibyte / 2), free = new DriveInfo(temp.Path).AvailableFreeSpace;
        Assert.SkipWhen(free < needed, $"The pieces take {needed} bytes in {Path.GetDirectoryName(temp.Path)}, {free} are free.");
        // What is written may be memory.
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        Assert.SkipWhen(memory < 2 * needed, $"The pieces may take {needed} bytes of memory, and the machine has {memory}.");
    }
}
