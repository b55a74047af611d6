using BenchmarkDotNet.Attributes;
using DataPrep.Car;
using DataPrep.Ipld;

namespace DataPrep.Benchmarks;

/// <summary>CARs in memory: framing alone, no hashing. 16 MiB of blocks of one length.</summary>
[MemoryDiagnoser]
public class CarBenchmarks
{
    private const int Total = 16 << 20;
    private readonly byte[] payload = Payload.Bytes(Total);
    private readonly Cid cid = Cid.Sha256(1, Multicodec.Raw, Payload.Bytes(32));
    private byte[] written = [];
    private byte[] car = [];

    [Params(1 << 10, 1 << 20)]
    public int BlockLength { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        written = new byte[Total + (Total / BlockLength * 64) + 256];
        car = written[..(int)Write()];
    }

    [Benchmark, Bytes(Total)]
    public long Write()
    {
        using var writer = new CarWriter(new MemoryStream(written), [cid]);
        for (int at = 0; at < payload.Length; at += BlockLength)
            _ = writer.Write(cid, payload.AsSpan(at, BlockLength));
        return writer.Position;
    }

    [Benchmark, Bytes(Total)]
    public long Read() => ReadAll(new CarReadOptions());

    [Benchmark, Bytes(Total)]
    public long ReadWithoutData() => ReadAll(new CarReadOptions { SkipData = true });

    private long ReadAll(CarReadOptions options)
    {
        using var reader = CarReader.Open(new MemoryStream(car), options);
        long length = 0;
        while (reader.TryReadSection(out CarSection section))
            length += section.DataLength;
        return length;
    }
}
