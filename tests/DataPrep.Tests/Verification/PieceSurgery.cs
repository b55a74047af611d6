using System.Text.Json.Nodes;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Tests.Verification;

/// <summary>Puts another CAR in the place of a piece, and lets commitment, sidecar and all records agree with it: what only a bug or a liar does.</summary>
internal static class PieceSurgery
{
    public static List<(Cid Cid, byte[] Data)> Sections(string car)
    {
        var sections = new List<(Cid, byte[])>();
        using var reader = CarReader.Open(car);
        while (reader.TryReadSection(out var section))
            sections.Add((section.Cid, section.Data.ToArray()));
        return sections;
    }

    /// <returns>Path of the new CAR.</returns>
    public static string Replace(string folder, PieceRecord piece, IReadOnlyList<(Cid Cid, byte[] Data)> sections, Cid? root = null)
    {
        string old = Path.Join(folder, piece.CarFile), car = Path.Join(folder, "new.car");
        root ??= Cid.Parse(piece.RootCid);
        var moved = new Dictionary<long, long>();
        using (var before = CarReader.Open(old))
        using (var stream = File.Create(car))
        using (var writer = new CarWriter(stream, [root.Value]))
        {
            var offsets = new Dictionary<Cid, long>();
            foreach (var (cid, data) in sections)
                offsets[cid] = writer.Write(cid, data).Offset;
            while (before.TryReadSection(out var section))
            {
                if (offsets.TryGetValue(section.Cid, out long offset))
                    moved[section.Offset] = offset;
            }
        }

        var tree = FileCommP.Compute(car, 1, _ => { }, default);
        string pieceCid = tree.Commitment.CidV1.ToString(), placed = Path.Join(folder, pieceCid + ".car");
        long size = new FileInfo(car).Length;
        File.Delete(old);
        File.Delete(Path.Join(folder, piece.PieceCid + ".tree"));
        File.Move(car, placed);
        using (var sidecar = File.Create(Path.Join(folder, pieceCid + ".tree")))
            tree.Write(sidecar);

        Edit(folder, RecordFile.Pieces, line =>
        {
            if (line["pieceCid"]!.GetValue<string>() != piece.PieceCid)
                return;
            (line["pieceCid"], line["pieceCidV2"], line["carFile"]) = (pieceCid, tree.Commitment.CidV2.ToString(), pieceCid + ".car");
            (line["pieceSize"], line["carSize"], line["payloadSize"], line["rootCid"]) = (tree.Commitment.PieceSize, size, size, root.ToString());
        });
        Edit(folder, RecordFile.Files, line =>
        {
            foreach (var part in line["parts"]!.AsArray().Where(part => part!["pieceCid"]!.GetValue<string>() == piece.PieceCid))
            {
                part!["pieceCid"] = pieceCid;
                part["carOffset"] = moved.GetValueOrDefault(part["carOffset"]!.GetValue<long>(), part["carOffset"]!.GetValue<long>());
            }
        });
        string dataset = Path.Join(folder, RecordFile.Dataset);
        File.WriteAllText(dataset, File.ReadAllText(dataset).Replace(piece.PieceCid, pieceCid, StringComparison.Ordinal).Replace($"\"rootCid\": \"{piece.RootCid}\"", $"\"rootCid\": \"{root}\"", StringComparison.Ordinal));
        return placed;
    }

    /// <summary>Changes every line of a JSON Lines file.</summary>
    public static void Edit(string folder, string name, Action<JsonNode> change)
    {
        string path = Path.Join(folder, name);
        var lines = File.ReadAllLines(path).Select(line => JsonNode.Parse(line)!).ToList();
        lines.ForEach(change);
        File.WriteAllText(path, string.Concat(lines.Select(line => line.ToJsonString() + "\n")));
    }

    /// <summary>A copy of a packed dataset, to be changed for good.</summary>
    public static string Copy(string folder, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        _ = Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(folder))
            File.Copy(file, Path.Join(to, Path.GetFileName(file)));
        return to;
    }
}
