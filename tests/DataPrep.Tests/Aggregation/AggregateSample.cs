using DataPrep.Aggregation;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Aggregation;

/// <summary>Files as pieces of an aggregate, and the same aggregate made slowly: all padded bytes laid out, and hashed by the reference.</summary>
internal sealed class AggregateSample : IDisposable
{
    private readonly TempFolder folder = new();

    public AggregateSample(params int[] lengths)
    {
        for (int i = 0; i < lengths.Length; i++)
        {
            string path = folder.Of($"{i}.car");
            File.WriteAllBytes(path, ScratchFolder.Bytes(lengths[i], i + 1));
            Paths.Add(path);
        }
    }

    public List<string> Paths { get; } = [];

    public string Out => folder.Of("out");

    public IReadOnlyList<AggregatePiece> Pieces() => new AggregateInputs(2, new PackCounters(), default).Read(Paths);

    /// <summary>Writes the payload; gives its bytes.</summary>
    public byte[] Write(Aggregate aggregate, int threads = 2)
    {
        var output = new OutputFolder(Out);
        using var hold = output.Hold();
        string name = AggregateRecord.Of(aggregate).PayloadFile;
        using var payload = new AggregatePayload(aggregate, null);
        Assert.True(new Materializer(output, threads, new PackCounters(), default).Make(name, payload.Length, payload.Read, payload.Check, reserve: false));
        return File.ReadAllBytes(output.FileOf(name));
    }

    /// <summary>The leaves of the deal, 32 bytes each: of each piece by the reference, at its offset, and the entries at the end.</summary>
    public List<byte[]> SlowLeaves(Aggregate aggregate)
    {
        var leaves = Enumerable.Range(0, (int)(aggregate.DealSize / 32)).Select(_ => new byte[32]).ToList();
        for (int i = 0; i < Paths.Count; i++)
        {
            byte[] content = File.ReadAllBytes(Paths[i]);
            var own = ReferenceCommP.Leaves(content, ReferenceCommP.NaturalSize(content.Length));
            for (int leaf = 0; leaf < own.Count; leaf++)
                leaves[(int)(aggregate.OffsetOf(i) / 32) + leaf] = own[leaf];
            byte[][] entry = [.. aggregate.Entry(i).ToArray().Chunk(32)];
            entry.CopyTo(leaves, (int)(aggregate.IndexStart / 32) + (2 * i));
        }

        return leaves;
    }

    public void Dispose() => folder.Dispose();
}

internal static class ListCopy
{
    public static void CopyTo(this byte[][] from, List<byte[]> to, int at)
    {
        foreach (byte[] item in from)
            to[at++] = item;
    }
}
