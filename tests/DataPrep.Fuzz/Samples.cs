using System.Text;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Unixfs;

namespace DataPrep.Fuzz;

/// <summary>Sound inputs: what packing a small tree of everything leaves, under several profiles.</summary>
internal static class Samples
{
    private static readonly Lazy<(List<byte[]> Cars, List<byte[]> Sidecars, List<byte[]> Proofs, List<byte[]> Records)> All = new(Make);

    public static byte[][] Cars() => [.. All.Value.Cars];

    public static byte[][] Sidecars() => [.. All.Value.Sidecars];

    public static byte[][] Proofs() => [.. All.Value.Proofs];

    public static byte[][] Records() => [.. All.Value.Records];

    private static (List<byte[]> Cars, List<byte[]> Sidecars, List<byte[]> Proofs, List<byte[]> Records) Make()
    {
        string folder = Directory.CreateTempSubdirectory("dataprep-fuzz").FullName;
        var all = (Cars: new List<byte[]>(), Sidecars: new List<byte[]>(), Proofs: new List<byte[]>(), Records: new List<byte[]>());
        try
        {
            string source = MakeTree(folder);
            UnixFsProfile small = UnixFsProfile.V1Of2025 with { ChunkSize = 64, MaxLinks = 3, HamtThreshold = 300, HamtFanout = 8 };
            UnixFsProfile old = UnixFsProfile.V0Of2015 with { ChunkSize = 100, MaxLinks = 2, PreserveMode = true, PreserveMtime = true };
            foreach (var (profile, capacity) in ((UnixFsProfile, long?)[])[(small, null), (small, 4000), (old, null), (UnixFsProfile.V1Of2025, null)])
                Add(new PackOptions { Sources = [source], Output = Path.Join(folder, $"out{all.Cars.Count}"), Profile = profile, LargestCarSize = capacity, Threads = 1 });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return all;

        void Add(PackOptions options)
        {
            var result = new DatasetPacker(options, new PackCounters(), default).Run();
            foreach (var piece in result.Pieces)
            {
                string car = Path.Join(options.Output, piece.CarFile);
                byte[] sidecar = File.ReadAllBytes(Path.Join(options.Output, piece.PieceCid + ".tree"));
                all.Cars.Add(File.ReadAllBytes(car));
                all.Sidecars.Add(sidecar);
                using var stream = File.OpenRead(car);
                var tree = TreeSidecar.Read(sidecar);
                var proof = new InclusionProver(tree, stream, car).Prove(100, 200);
                using var text = new MemoryStream();
                RecordFile.Write(text, ProofRecord.Of(tree.Commitment, proof, 100, 200), ProofJson.Default.ProofRecord);
                all.Proofs.Add(text.ToArray());
            }

            all.Records.Add(File.ReadAllBytes(Path.Join(options.Output, RecordFile.Dataset)));
            foreach (string name in (string[])[RecordFile.Pieces, RecordFile.Files])
                all.Records.AddRange(File.ReadLines(Path.Join(options.Output, name)).Take(20).Select(Encoding.UTF8.GetBytes));
        }
    }

    public static string MakeTree(string folder)
    {
        string source = Path.Join(folder, "src");
        _ = Directory.CreateDirectory(Path.Join(source, "wide"));
        _ = Directory.CreateDirectory(Path.Join(source, "deep", "er", "still"));
        _ = Directory.CreateDirectory(Path.Join(source, "void"));
        byte[] noise = new byte[3000];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes(Path.Join(source, "long"), noise);
        File.WriteAllBytes(Path.Join(source, "zeros"), new byte[700]);
        File.WriteAllText(Path.Join(source, "deep", "er", "still", "short"), "short");
        File.WriteAllText(Path.Join(source, "empty"), "");
        _ = File.CreateSymbolicLink(Path.Join(source, "link"), "deep/er");
        for (int i = 0; i < 40; i++)
            File.WriteAllText(Path.Join(source, "wide", $"{i}.txt"), $"{i}");
        return source;
    }
}
