using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Distribution.Drives;

/// <summary>
/// Copies pieces to a drive. Each CAR is held against its piece CID on the way, and gets its name when it is complete and flushed; so the same command goes on where one was broken
/// off. The label comes first, what the provider reads last.
/// </summary>
/// <param name="dataset">The packed dataset.</param>
/// <param name="drive">The folder that the drive is mounted at, kept from other runs by the caller.</param>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class DriveCopy(string dataset, OutputFolder drive, string? source, int threads, PackCounters progress, CancellationToken cancel)
{
    public const string Label = "drive.json", Manifest = "MANIFEST.jsonl", Sums = "SHA256SUMS", Text = "README.txt";

    /// <summary>Copies what is not there yet, and then writes manifest, checksums and README.</summary>
    /// <param name="readBack">Whether each CAR is read from the drive again, and not from memory, before it counts.</param>
    /// <returns>Pieces that were there before.</returns>
    /// <exception cref="IOException">The drive is another one, too small, or cannot be written; a piece cannot be read, or is not what its CID says.</exception>
    /// <exception cref="MalformedDataException">A record or an inline piece is not what it should be.</exception>
    public int Run(DriveLabel label, IReadOnlyList<PieceRecord> pieces, bool readBack)
    {
        RequireLabel(label);
        RequireRoom(pieces);
        progress.Begin(pieces.Sum(piece => piece.CarSize) * (readBack ? 2 : 1));
        drive.Write(Label, stream => RecordFile.Write(stream, label, DriveJson.Default.DriveLabel));
        int there = 0;
        var sums = new StringBuilder();
        foreach (var piece in pieces)
        {
            cancel.ThrowIfCancellationRequested();
            there += Copy(piece, readBack) ? 0 : 1;
            string sum = PieceSum.Noted(drive, piece.PieceCid) ?? SumOf(piece);
            _ = sums.Append(sum).Append("  ").Append(piece.CarFile).Append('\n');
        }

        drive.Write(Manifest, stream => RecordFile.WriteLines(stream, pieces.Select(piece => piece with { Inline = false }), RecordWriting.Default.PieceRecord));
        drive.Write(Sums, stream => stream.Write(Encoding.ASCII.GetBytes(sums.ToString())));
        drive.Write(Text, stream => stream.Write(Encoding.UTF8.GetBytes(DriveReadme.Of(label, pieces))));
        return there;
    }

    private void RequireLabel(DriveLabel label)
    {
        string path = drive.FileOf(Label);
        if (!File.Exists(path))
            return;
        var there = RecordFile.Read(path, DriveJson.Default.DriveLabel);
        if (there with { Drives = label.Drives } != label)
            throw new IOException($"{drive.Path} is drive {there.Provider}/{there.Drive} of {there.Dataset} ({there.RootCid}), and not {label.Provider}/{label.Drive} of {label.Dataset} ({label.RootCid})");
    }

    private void RequireRoom(IReadOnlyList<PieceRecord> pieces)
    {
        long needed = pieces.Where(piece => !File.Exists(drive.FileOf(piece.CarFile))).Sum(piece => piece.CarSize);
        if (drive.FreeSpace is var free && free < needed)
            throw new IOException($"too little room in {drive.Path}: {needed} bytes are needed, {free} are free");
    }

    private bool Copy(PieceRecord piece, bool readBack)
    {
        string path = StoredPiece.FileIn(dataset, piece);
        if (LinkedFile.Absence(path) is { } absence)
            throw new FileNotFoundException($"{path}: the piece {absence}");
        using var car = CarBytes.Open(path, source);
        if (car.Length != piece.CarSize)
            throw new IOException($"{path}: has {car.Length} bytes, the piece has {piece.CarSize}");
        var commitment = piece.Commitment();
        var tree = new SegmentTree(commitment);
        var materializer = new Materializer(drive, threads, progress, cancel);
        bool isNew = car is InlinePiece inline
            ? materializer.Make(inline, piece.CarFile)
            : materializer.Make(piece.CarFile, car.Length, Read, Require);
        if (!isNew)
        {
            progress.Add(readBack ? piece.CarSize : 0);
            return false;
        }

        if (readBack)
            ReadBack(piece, commitment);
        return true;

        int Read(long offset, Span<byte> destination)
        {
            int got = car.Read(offset, destination);
            if (got < destination.Length)
                throw new IOException($"{path}: ended early at offset {offset + got}");
            tree.Hash(offset, destination);
            return got;
        }

        void Require()
        {
            if (!tree.IsExpected)
                throw new IOException($"{path}: is not the piece {commitment.CidV1} any more; verify says what is wrong with it");
        }
    }

    /// <summary>Reads a CAR from the device, and removes it if that gives other bytes than were written.</summary>
    private void ReadBack(PieceRecord piece, PieceCommitment commitment)
    {
        string path = drive.FileOf(piece.CarFile);
        using (var file = File.OpenHandle(path))
            Posix.DropFromCache((int)file.DangerousGetHandle(), 0, 0);
        if (FileCommP.Compute(path, threads, progress.Add, cancel).Commitment.CidV2 == commitment.CidV2)
            return;
        File.Delete(path);
        throw new IOException($"{path}: other bytes came back from the drive than were written to it; the file was removed");
    }

    /// <summary>The checksum of a CAR as it is on the drive, noted there for a run that goes on.</summary>
    private string SumOf(PieceRecord piece)
    {
        string sum = piece.Sha256 ?? PieceSum.Compute(drive.FileOf(piece.CarFile), cancel);
        PieceSum.Note(drive, piece.PieceCid, sum);
        return sum;
    }
}
