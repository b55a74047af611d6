using System.Net;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Server;
using DataPrep.Verification;

namespace DataPrep.Tests.Verification;

/// <summary>Pieces of any bytes with their records and sidecars, and who audits them.</summary>
internal sealed class AuditSet : IDisposable
{
    public const int Segment = SubTreeHasher.SegmentRaw;

    private readonly ScratchFolder scratch = new();
    private readonly List<PieceRecord> pieces = [];

    public string Out => scratch.Root;

    public IReadOnlyList<PieceRecord> Pieces => pieces;

    /// <param name="payload">Bytes of it that are not zero-fill; all where it is not given.</param>
    /// <param name="withCar">Whether the CAR is written too, as a server needs it.</param>
    public PieceRecord Add(byte[] car, int? payload = null, bool withCar = false)
    {
        long size = PieceSize.Padded(car.Length);
        int height = PieceSize.Height(size), nodeHeight = Math.Min(height, SubTreeHasher.SegmentHeight);
        byte[] nodes = new byte[height > nodeHeight ? PieceSize.NodeLength * SubTreeHasher.SegmentCount(car.Length) : PieceSize.NodeLength], root = new byte[PieceSize.NodeLength];
        var hasher = new SubTreeHasher(Sha256Kernels.Current);
        if (height > nodeHeight)
            hasher.HashSegments(car, nodes);
        else
            hasher.Root(car, nodeHeight, nodes);
        PieceTree.Fold(nodes, nodeHeight, height, root);
        var commitment = new PieceCommitment(root, car.Length, size);
        var record = PieceRecord.Of(commitment.CidV1, commitment, payload ?? car.Length, "data", 1);
        pieces.Add(record);
        _ = scratch.File(record.PieceCid + ".tree", new TreeSidecar(commitment, nodes).ToArray());
        if (withCar)
            _ = scratch.File(record.CarFile, car);
        using var list = File.Create(scratch.At(RecordFile.Pieces));
        RecordFile.WriteLines(list, pieces, RecordJson.Default.PieceRecord);
        return record;
    }

    /// <summary>A piece of noise.</summary>
    public PieceRecord AddNoise(int length, int seed = 1, bool withCar = false) => Add(ScratchFolder.Bytes(length, seed), withCar: withCar);

    /// <summary>Zeros but for both ends: cheap to hash.</summary>
    public PieceRecord AddSparse(int segments, byte mark = 1, bool withCar = false)
    {
        byte[] car = new byte[segments * Segment];
        (car[0], car[^1]) = (mark, mark);
        return Add(car, withCar: withCar);
    }

    public AuditOptions Options(params string[] templates) => new()
    {
        PieceList = scratch.At(RecordFile.Pieces),
        Trees = scratch.Root,
        Providers = [.. templates.Select(AuditProvider.Parse)],
        Pause = TimeSpan.FromMilliseconds(1),
        Timeout = TimeSpan.FromSeconds(20),
    };

    public static (List<Finding> Findings, IReadOnlyList<ProviderReport> Reports) Audit(AuditOptions options, string seed = "seed", HttpMessageHandler? transport = null)
    {
        var findings = new List<Finding>();
        using var auditor = new Auditor(options, new PackCounters(), transport);
        return (findings, auditor.Run(seed, new FindingLog(findings.Add), default));
    }

    public async Task<(PieceServer Server, string Template)> Serve(string? token = null)
    {
        var server = new PieceServer(new ServerOptions { Outputs = [Out], Endpoint = new(IPAddress.Loopback, 0), Token = token });
        return (server, await server.Start() + "/piece/{pieceCid}");
    }

    public void Dispose() => scratch.Dispose();
}
