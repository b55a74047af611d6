using System.Security.Cryptography;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Fuzz;

/// <summary>A decoder that takes bytes from strangers.</summary>
/// <param name="Corpus">Sound inputs, to be changed.</param>
/// <param name="Run">Decodes an input as a command would; may end with a typed error.</param>
internal sealed record Target(string Name, IReadOnlyList<byte[]> Corpus, Action<byte[]> Run)
{
    /// <summary>What decoding may allocate, whatever the input's length.</summary>
    public long MostBytes { get; init; } = 8 << 20;
}

/// <summary>What is fuzzed, and the inputs that mutations begin with: of a small packed dataset, and of files that were given.</summary>
internal static class Targets
{
    private const int ChecksumLength = 32;

    /// <param name="extra">Folder with CARs of other programs; null for none.</param>
    public static Target[] All(string? extra)
    {
        byte[][] cars = [.. Samples.Cars(), .. extra is null ? [] : Directory.EnumerateFiles(extra, "*.car", SearchOption.AllDirectories).Where(path => new FileInfo(path).Length < 100_000).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        byte[][] whole = [.. cars.Where(IsWhole)];
        byte[][] nodes = [.. whole.SelectMany(Blocks).Where(block => block.Cid.Codec == Multicodec.DagPb && block.Bytes.Length < 10_000).Select(block => block.Bytes).Take(500)];
        byte[][] data = [.. nodes.Select(Data).Where(message => message.Length > 0)];
        var dags = new Dags(whole);
        byte[][] sidecars = Samples.Sidecars();
        return
        [
            new Target("car", cars, ReadCar),
            new Target("header", [.. cars.Select(car => car[1..Math.Min(car.Length, 100)])], input => _ = CarHeader.Decode(input)),
            new Target("cid", [.. whole.SelectMany(Blocks).Take(200).Select(block => block.Cid.ToByteArray())], ReadCid),
            new Target("dag-pb", nodes, input => _ = DagPbNode.Decode(input)),
            new Target("unixfs", data, input => _ = UnixFsData.Decode(input).Encode()),
            new Target("dag", dags.Corpus(), dags.Read) { MostBytes = 64 << 20 },
            new Target("sidecar", sidecars, input => _ = TreeSidecar.Read(input)),
            new Target("sidecar-sealed", [.. sidecars.Select(sidecar => sidecar[..^ChecksumLength])], input => _ = TreeSidecar.Read((byte[])[.. input, .. SHA256.HashData(input)])),
            new Target("proof", Samples.Proofs(), ReadProof),
            new Target("records", Samples.Records(), ReadRecord),
        ];
    }

    /// <summary>Whether a CAR can be read to its end, as not all of other programs' tests can.</summary>
    private static bool IsWhole(byte[] car)
    {
        try
        {
            using var reader = CarReader.Open(new MemoryStream(car), new CarReadOptions { AllowZeroPadding = true });
            while (reader.TryReadSection(out _)) { }
            return reader.Roots.Count > 0;
        }
        catch (MalformedDataException)
        {
            return false;
        }
    }

    private static byte[] Data(byte[] block)
    {
        try
        {
            return DagPbNode.Decode(block).Data.ToArray();
        }
        catch (MalformedDataException)
        {
            return [];
        }
    }

    public static IEnumerable<(Cid Cid, byte[] Bytes)> Blocks(byte[] car)
    {
        using var reader = CarReader.Open(new MemoryStream(car), new CarReadOptions { AllowZeroPadding = true });
        while (reader.TryReadSection(out var section))
            yield return (section.Cid, section.Data.ToArray());
    }

    private static void ReadCar(byte[] input)
    {
        bool takesZeros = input.Length % 2 == 0;
        using var reader = CarReader.Open(new MemoryStream(input), new CarReadOptions { AllowZeroPadding = takesZeros });
        while (reader.TryReadSection(out var section))
            _ = BlockHash.Verify(section.Cid, section.Data.Span);
    }

    private static void ReadCid(byte[] input)
    {
        if (Cid.TryRead(input, out var cid, out _) && (!Cid.TryParse(cid.ToString(), out var again) || again != cid))
            throw new InvalidOperationException($"{cid} is not read as what it is written as.");
        string text = string.Concat(input.Select(value => (char)value));
        if (Cid.TryParse(text, out cid))
            _ = cid.ToString();
        if (Cid.TryRead(input, out cid, out _) && cid.DigestLength > 0)
            _ = PieceCid.Decode(cid);
    }

    private static void ReadProof(byte[] input)
    {
        var (proof, piece) = RecordFile.Parse(input, 0, "proof", ProofJson.Default.ProofRecord).Decode();
        _ = proof.FoldsTo(piece.Root);
        _ = proof.IsOf(new MemoryStream(input));
    }

    private static void ReadRecord(byte[] input)
    {
        if (input.AsSpan().IndexOf("\"carFile\""u8) >= 0)
            _ = RecordFile.Parse(input, 0, "pieces.jsonl", RecordJson.Default.PieceRecord);
        else if (input.AsSpan().IndexOf("\"parts\""u8) >= 0)
            _ = RecordFile.Parse(input, 0, "files.jsonl", RecordJson.Default.FileRecord);
        else
            _ = RecordFile.Parse(input, 0, "dataset.json", RecordJson.Default.DatasetRecord).DagProfile()?.Problem();
    }
}
