using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>Writes the blocks of the dataset DAG into dag pieces, one after the other. The last block of each is its root.</summary>
/// <param name="sizes">Exact CAR sizes, as measured.</param>
/// <param name="headerLength">Bytes before the first section.</param>
/// <param name="open">Makes the file of the piece with that number among the dag pieces.</param>
/// <param name="onFinished">Takes each piece that is complete but for its name.</param>
internal sealed class DagWriter(
    IReadOnlyList<long> sizes,
    int headerLength,
    UnixFsProfile profile,
    Func<int, long, IPieceFile> open,
    Action<IPieceFile, PackedDag> onFinished,
    PackCounters progress,
    CancellationToken cancel) : IBlockSink, IDisposable
{
    private readonly SubTreeHasher hasher = new(Sha256Kernels.Current);
    private int number = -1;
    private IPieceFile? file;
    private PieceBytes? bytes;
    private TailWriter? tail;

    public StageClock Clock { get; } = new();

    public void Append(ReadOnlySpan<byte> block, Span<byte> digest)
    {
        if (tail is null)
            Begin();
        tail!.Append(block, digest);
        if (tail.Position == sizes[number])
            End(profile.CidOf(raw: false, digest));
    }

    public void Dispose()
    {
        bytes?.Dispose();
        file?.Dispose();
    }

    private void Begin()
    {
        number++;
        file = open(number, sizes[number]);
        bytes = new PieceBytes(sizes[number], file.Size, file, progress);
        tail = new TailWriter(bytes, profile, headerLength, hasher, Clock, cancel);
    }

    private void End(Cid root)
    {
        tail!.End();
        var commitment = bytes!.End(hasher, Clock, root, headerLength);
        onFinished(file!, new PackedDag(root, commitment, bytes.Nodes, sizes[number]));
        Dispose();
        (file, bytes, tail) = (null, null, null);
    }
}

/// <summary>A finished dag piece.</summary>
/// <param name="Nodes">One 32-byte node for each started segment; of a smaller piece its root.</param>
internal sealed record PackedDag(Cid Root, PieceCommitment Commitment, byte[] Nodes, long PayloadSize);
