using BenchmarkDotNet.Attributes;
using DataPrep.Ipld;

namespace DataPrep.Benchmarks;

/// <summary>CIDs as text and bytes, varints, dag-pb blocks.</summary>
[MemoryDiagnoser]
public class IpldBenchmarks
{
    private const int Count = 1024;
    private const ulong Tsize = 1_048_576;
    private readonly Cid[] cids = new Cid[Count];
    private readonly string[] texts = new string[Count];
    private readonly ulong[] values = new ulong[Count];
    private readonly byte[] binary = new byte[Count * 36];
    private readonly byte[] varints = new byte[Count * Varint.MaxLength];
    private byte[] block = [];
    private DagPbNode node = new([]);

    [GlobalSetup]
    public void Setup()
    {
        byte[] digests = Payload.Bytes(Count * 32);
        for (int i = 0; i < Count; i++)
        {
            cids[i] = Cid.Sha256(1, i % 2 == 0 ? Multicodec.Raw : Multicodec.DagPb, digests.AsSpan(i * 32, 32));
            texts[i] = cids[i].ToString();
            _ = cids[i].WriteTo(binary.AsSpan(i * 36));
            values[i] = (ulong)i << (i % 53);
        }

        _ = VarintWrite();
        node = new DagPbNode([.. cids.Select(cid => new DagPbLink(cid, ReadOnlyMemory<byte>.Empty, true, Tsize, true))]);
        block = node.Encode();
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public Cid CidParse()
    {
        Cid last = default;
        foreach (string text in texts)
            last = Cid.Parse(text);
        return last;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int CidFormat()
    {
        int length = 0;
        foreach (ref readonly Cid cid in cids.AsSpan())
            length += cid.ToString().Length;
        return length;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int CidReadBinary()
    {
        int at = 0;
        while (at < binary.Length)
        {
            _ = Cid.Read(binary.AsSpan(at), out int length);
            at += length;
        }

        return at;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int CidWriteBinary()
    {
        int at = 0;
        foreach (ref readonly Cid cid in cids.AsSpan())
            at += cid.WriteTo(binary.AsSpan(at));
        return at;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public int VarintWrite()
    {
        int at = 0;
        foreach (ulong value in values)
            at += Varint.Write(varints.AsSpan(at), value);
        return at;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public ulong VarintRead()
    {
        ulong sum = 0;
        int at = 0;
        for (int i = 0; i < Count; i++)
        {
            _ = Varint.TryRead(varints.AsSpan(at), out ulong value, out int length);
            sum += value;
            at += length;
        }

        return sum;
    }

    /// <summary>Links of a file node into a span, as packing writes them.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public int DagPbWriteLinks()
    {
        int at = 0;
        for (int i = 0; i < Count; i++)
            at += DagPb.WriteLink(block.AsSpan(at), binary.AsSpan(i * 36, 36), [], Tsize);
        return at;
    }

    /// <summary>A node of 1024 links from objects.</summary>
    [Benchmark]
    public byte[] DagPbEncode() => node.Encode();

    /// <summary>A block of 1024 links into objects.</summary>
    [Benchmark]
    public object DagPbDecode() => DagPbNode.Decode(block);
}
