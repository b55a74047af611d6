using DataPrep.Car;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Tests.Packing;
using Xunit;

namespace DataPrep.Tests.Inline;

/// <summary>The same source packed twice: as CARs, and inline.</summary>
internal sealed record InlineTwin(PackedOutput Stored, PackedOutput Inline)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>The data pieces, as the inline dataset lists them.</summary>
    public IEnumerable<PieceRecord> Pieces => Inline.Result.Pieces.Where(piece => piece.Inline);

    public static InlineTwin Pack(PackOptions options) =>
        new(PackedOutput.Pack(options), PackedOutput.Pack(options with { Output = options.Output + "-inline", Inline = true, MoreOutputs = [.. options.MoreOutputs.Select(more => more + "-inline")] }));

    public string InlineFile(PieceRecord piece) => Path.Join(Inline.Folder, StoredPiece.NameOf(piece));

    public byte[] Car(PieceRecord piece) => File.ReadAllBytes(Path.Join(Stored.Folder, piece.CarFile));

    /// <summary>Makes the CARs of all inline pieces in a folder.</summary>
    public static void Materialize(string output, string target, int threads = 2, string? source = null)
    {
        var folder = new OutputFolder(target);
        using var hold = folder.Hold();
        foreach (var piece in RecordFile.ReadPieces(output).Where(piece => piece.Inline))
        {
            using var inline = new InlinePiece(Path.Join(output, StoredPiece.NameOf(piece)), source);
            Assert.True(new Materializer(folder, threads, new PackCounters(), Cancel).Make(inline, piece.CarFile));
        }
    }

    /// <summary>Everything but the flag is the same, and the CARs that are made are those that were stored.</summary>
    /// <returns>Number of pieces.</returns>
    public int Check(Random random)
    {
        CheckRecords();
        foreach (var piece in Pieces)
            CheckPiece(piece, random);
        string made = Inline.Folder + "-made";
        Materialize(Inline.Folder, made, threads: random.Next(1, 4));
        foreach (var piece in Pieces)
            Assert.True(Car(piece).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Join(made, piece.CarFile))), $"{piece.CarFile} is made as something else");
        Inline.VerifyFindsNothing();
        return Inline.Result.Pieces.Count;
    }

    private void CheckRecords()
    {
        Assert.Equal(Stored.Result.Pieces.Select(piece => piece with { Inline = piece.Kind == "data" }), Inline.Result.Pieces);
        Assert.Equal(Inline.Result.Pieces, Inline.Lines(RecordFile.Pieces, RecordJson.Default.PieceRecord));
        // Lists are compared by what they hold.
        var (stored, inline) = (Stored.Result.Dataset, Inline.Result.Dataset);
        Assert.Equal(stored.DagPieces, inline.DagPieces);
        Assert.Equal(stored with { Inline = true, DagPieces = [] }, inline with { DagPieces = [] });
        var (left, made) = (PackedOutput.Everything(Stored.Folder), PackedOutput.Everything(Inline.Folder));
        foreach (var piece in Pieces)
        {
            Assert.True(left.Remove(piece.CarFile));
            Assert.True(made.Remove(StoredPiece.NameOf(piece)));
        }

        Assert.Equal(left.Keys, made.Keys);
        foreach (string name in left.Keys.Except([RecordFile.Dataset, RecordFile.Pieces]))
            Assert.True(left[name].AsSpan().SequenceEqual(made[name]), $"{name} differs");
    }

    private void CheckPiece(PieceRecord record, Random random)
    {
        byte[] car = Car(record);
        using var piece = new InlinePiece(InlineFile(record));
        Assert.Equal(car.Length, piece.Length);
        piece.CheckIntact();
        byte[] all = new byte[car.Length + 7];
        Assert.Equal(car.Length, piece.ReadAt(0, all));
        Assert.True(car.AsSpan().SequenceEqual(all.AsSpan(0, car.Length)), "all of it is made as something else");
        for (int i = 0; i < 12; i++)
        {
            int from = random.Next(car.Length), length = random.Next(i % 2 == 0 ? 40 : car.Length + 5);
            var expected = car.AsSpan(from, Math.Min(length, car.Length - from));
            var range = new byte[length].AsSpan();
            Assert.Equal(expected.Length, i < 6 ? piece.ReadAt(from, range) : piece.Read(from, range));
            Assert.True(expected.SequenceEqual(range[..expected.Length]), $"the {length} bytes at {from} are made as something else");
        }

        Assert.Equal(0, piece.ReadAt(car.Length, all));
        using var headers = CarBytes.OpenReader(InlineFile(record), new CarReadOptions { SkipData = true, AllowZeroPadding = true });
        using var sections = CarReader.Open(new MemoryStream(car), new CarReadOptions { SkipData = true, AllowZeroPadding = true });
        while (sections.TryReadSection(out var section))
        {
            Assert.True(headers.TryReadSection(out var same));
            Assert.Equal((section.Cid, section.Offset, section.DataLength), (same.Cid, same.Offset, same.DataLength));
        }

        Assert.False(headers.TryReadSection(out _));
    }
}
