using System.Globalization;
using DataPrep.Packing;

namespace DataPrep.Benchmarks;

/// <summary>A dataset of one piece in the temporary folder: a file of 32 MiB and 1,000 of 1,000 bytes.</summary>
internal sealed class PackedFolder : IDisposable
{
    public const int SmallFiles = 1000, SmallSize = 1000, LargeSize = 32 << 20;
    private readonly string root = Directory.CreateTempSubdirectory("dataprep-packed-").FullName;

    public PackedFolder()
    {
        byte[] content = Payload.Bytes(LargeSize);
        string source = Directory.CreateDirectory(Path.Join(root, "source")).FullName;
        File.WriteAllBytes(Path.Join(source, "large.bin"), content);
        for (int i = 0; i < SmallFiles; i++)
            File.WriteAllBytes(Path.Join(source, string.Create(CultureInfo.InvariantCulture, $"small-{i:D4}.bin")), content.AsSpan(i, SmallSize));
        Output = Path.Join(root, "out");
        var result = new DatasetPacker(new PackOptions { Sources = [source], Output = Output }, new PackCounters(), CancellationToken.None).Run();
        PieceCid = result.Pieces[0].PieceCid;
        Car = Path.Join(Output, result.Pieces[0].CarFile);
        RootCid = result.Dataset.RootCid;
    }

    public string Output { get; }

    /// <summary>Path of the piece.</summary>
    public string Car { get; }

    public string PieceCid { get; }

    public string RootCid { get; }

    public void Dispose() => Directory.Delete(root, recursive: true);
}
