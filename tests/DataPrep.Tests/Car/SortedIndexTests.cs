using System.Buffers.Binary;
using DataPrep.Car;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Car;

public sealed class SortedIndexTests : IDisposable
{
    private readonly TempFolder folder = new();

    /// <summary>What go-car has written behind the payload of CARv2 files, and as a file of its own, is reproduced byte for byte.</summary>
    [Theory]
    [InlineData("sample-wrapped-v2.car", null)]
    [InlineData("sample-unixfs-v2.car", null)]
    [InlineData("sample-rw-bs-v2.car", null)]
    [InlineData("sample-wrapped-v2.car", "sample-multihash-index-sorted.carindex")]
    public void PublishedIndexesAreReproduced(string car, string? index)
    {
        string path = SharedVectors.Require("vectors", "public", "car", car);
        byte[] expected;
        using (var reader = CarReader.Open(path))
            expected = index is null ? File.ReadAllBytes(path)[(int)reader.IndexOffset..] : File.ReadAllBytes(SharedVectors.Require("vectors", "public", "car", index));
        Assert.Equal(expected, Written(SortedIndex.Of(path, TestContext.Current.CancellationToken)));
    }

    /// <summary>Read back by a plain reader: every section once, sorted, of several codes and widths, equal digests in the order of the file.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public void EveryBlockIsListedWhereItsSectionBegins(int blocks)
    {
        var random = new Random(blocks);
        string path = folder.Of("some.car");
        var expected = new List<(ulong Code, byte[] Digest, long Offset)>();
        using (var writer = new CarWriter(File.Create(path), [CarSamples.RawCid([])]))
        {
            for (int i = 0; i < blocks; i++)
            {
                byte[] data = ScratchFolder.Bytes(random.Next(1, 50), random.Next(blocks));
                var cid = (i % 5) switch
                {
                    0 => Cid.V1(Multicodec.Raw, Multicodec.Identity, data),
                    1 => Cid.V1(Multicodec.Raw, Multicodec.Blake2b256, ScratchFolder.Bytes(32, i)),
                    2 => Cid.V1(Multicodec.DagPb, Multicodec.Sha256, ScratchFolder.Bytes(20, i)),
                    _ => CarSamples.RawCid(data),
                };
                var at = writer.Write(cid, data);
                if (cid.MultihashCode != Multicodec.Identity)
                    expected.Add((cid.MultihashCode, cid.Digest.ToArray(), at.Offset));
            }
        }

        var index = SortedIndex.Of(path, TestContext.Current.CancellationToken);
        Assert.Equal(expected.Count, index.Count);
        var read = Read(Written(index));
        Assert.Equal(
            expected.OrderBy(e => e.Code).ThenBy(e => e.Digest.Length).ThenBy(e => Convert.ToHexString(e.Digest), StringComparer.Ordinal).ThenBy(e => e.Offset).Select(Show),
            read.Select(Show));

        static string Show((ulong Code, byte[] Digest, long Offset) record) => $"{record.Code:x} {Convert.ToHexString(record.Digest)} {record.Offset}";
    }

    public void Dispose() => folder.Dispose();

    private static byte[] Written(SortedIndex index)
    {
        using var stream = new MemoryStream();
        index.Write(stream);
        return stream.ToArray();
    }

    private static List<(ulong Code, byte[] Digest, long Offset)> Read(byte[] bytes)
    {
        var records = new List<(ulong, byte[], long)>();
        Assert.Equal([0x81, 0x08], bytes[..2]);
        int at = 2;
        for (int codes = Int32(); codes > 0; codes--)
        {
            ulong code = UInt64();
            for (int widths = Int32(); widths > 0; widths--)
            {
                int width = Int32();
                for (ulong left = UInt64(); left > 0; left -= (ulong)width)
                {
                    byte[] digest = bytes[at..(at + width - 8)];
                    at += width - 8;
                    records.Add((code, digest, (long)UInt64()));
                }
            }
        }

        Assert.Equal(bytes.Length, at);
        return records;

        int Int32() => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan((at += 4) - 4));

        ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan((at += 8) - 8));
    }
}
