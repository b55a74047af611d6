using BenchmarkDotNet.Attributes;
using DataPrep.Hashing;
using DataPrep.Piece;

namespace DataPrep.Benchmarks;

/// <summary>fr32, sub-trees and commitments with the kernel of this process, on one thread.</summary>
[MemoryDiagnoser]
public class PieceBenchmarks
{
    private const int Segments = 16;
    private const int Raw = Segments * SubTreeHasher.SegmentRaw;

    // Nodes of the segments of a 32 GiB piece
    private const int FoldNodes = 32 << 10;

    private readonly byte[] payload = Payload.Bytes(Raw);
    private readonly byte[] padded = new byte[Segments * SubTreeHasher.SegmentPadded];
    private readonly byte[] nodes = new byte[Segments * 32];
    private readonly byte[] foldNodes = Payload.Bytes(FoldNodes * 32);
    private readonly byte[] root = new byte[32];
    private SubTreeHasher hasher = new(new PortableSha256());

    [GlobalSetup]
    public void Setup() => hasher = new SubTreeHasher(Sha256Kernels.Current);

    [Benchmark, Bytes(Raw)]
    public void Fr32Pad() => Fr32.Pad(payload, padded);

    [Benchmark, Bytes(Raw)]
    public void SubTrees() => hasher.HashSegments(payload, nodes);

    /// <summary>Appended in pieces of 64 KiB, as a stream comes.</summary>
    [Benchmark, Bytes(Raw)]
    public long CommPHasherAppend()
    {
        const int Step = 64 << 10;
        using var commitment = new CommPHasher();
        for (int at = 0; at < payload.Length; at += Step)
            commitment.Append(payload.AsSpan(at, Math.Min(Step, payload.Length - at)));
        return commitment.GetCommitmentAndReset().PieceSize;
    }

    [Benchmark]
    public void FoldOf32GiB() => PieceTree.Fold(foldNodes, SubTreeHasher.SegmentHeight, SubTreeHasher.SegmentHeight + 15, root);
}
