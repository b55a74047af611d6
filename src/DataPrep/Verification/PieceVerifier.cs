using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Verification;

/// <summary>Verifies pieces by reading every byte of them: framing, the hash of every block, completeness of the DAG, piece commitment.</summary>
public sealed class PieceVerifier
{
    /// <summary>How many work at the same time.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Folders that hold earlier versions of datasets, where these are not where they are noted to be.</summary>
    public IReadOnlyList<string> Previous { get; init; } = [];

    /// <summary>Verifies a CAR file.</summary>
    /// <param name="path">A CAR, version 1 or 2, of any program.</param>
    /// <param name="pieceCid">What it is to be, as version 1 or 2; not defined to find that out. A CAR that is known to be a piece may end in zeros.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public VerificationResult VerifyCar(string path, Cid pieceCid = default, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var findings = new List<Finding>();
        var log = new FindingLog(findings.Add);
        var counters = new PackCounters();
        var car = log.Observe("verify", counters, () => Verify(path, pieceCid, log, counters, cancellationToken));
        return new VerificationResult(findings, car?.Tree.Commitment);
    }

    private VerifiedCar? Verify(string path, Cid pieceCid, FindingLog log, PackCounters counters, CancellationToken cancellationToken)
    {
        VerifiedCar? car = null;
        new CarSetVerifier(log, Threads, counters, cancellationToken) { PieceCid = pieceCid }.Verify([path], verified => car = verified);
        if (car is not null && pieceCid.IsDefined && pieceCid != car.Tree.Commitment.CidV1 && pieceCid != car.Tree.Commitment.CidV2)
            log.Error("piece-cid", path, -1, $"the piece CID is {(PieceCid.Decode(pieceCid).Version == 2 ? car.Tree.Commitment.CidV2 : car.Tree.Commitment.CidV1)}, expected {pieceCid}");
        return car;
    }

    /// <summary>Verifies a packed dataset: its pieces, and that the records and tree sidecars beside them say what the pieces hold.</summary>
    /// <param name="folder">What was packed into.</param>
    /// <param name="quick">Whether only names, sizes, records and tree sidecars are looked at, and no CAR is read.</param>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public VerificationResult VerifyDataset(string folder, bool quick = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{folder}: no such folder");
        var findings = new List<Finding>();
        var counters = new PackCounters();
        counters.Begin(quick ? 0 : DatasetVerifier.Work(folder));
        var verifier = new DatasetVerifier(folder, Previous, new FindingLog(findings.Add), Threads, counters, cancellationToken);
        _ = quick ? verifier.VerifyQuickly() : verifier.Verify();
        return new VerificationResult(findings, null);
    }
}

/// <summary>What a verification found.</summary>
/// <param name="Findings">In the order of the pieces.</param>
/// <param name="Commitment">Of a CAR, what its bytes commit to; null where they could not be read, and of datasets.</param>
public sealed record VerificationResult(IReadOnlyList<Finding> Findings, PieceCommitment? Commitment)
{
    /// <summary>Whether nothing is wrong; warnings do not count.</summary>
    public bool IsSound => !Findings.Any(finding => finding.IsError);
}
