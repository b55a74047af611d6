using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;

namespace DataPrep.Verification;

/// <summary>Verifies CARs that no records tell about. What one links to may be in any of them, as with the dag pieces of a dataset.</summary>
internal sealed class CarSetVerifier(FindingLog log, int threads, PackCounters progress, CancellationToken cancel, string? source = null)
{
    /// <summary>What a CAR is known to be, as a piece CID of either version; not defined where nothing is known.</summary>
    public Cid PieceCid { get; init; }

    /// <param name="paths">CARs, stored or inline.</param>
    /// <param name="onVerified">Called for each CAR in turn.</param>
    /// <exception cref="IOException">A CAR cannot be read.</exception>
    public void Verify(IReadOnlyList<string> paths, Action<VerifiedCar> onVerified)
    {
        if (paths.Count == 0)
            return;
        _ = log.Observe("verify", progress, () =>
        {
            VerifyAll(paths, onVerified);
            return paths.Count;
        });
    }

    private void VerifyAll(IReadOnlyList<string> paths, Action<VerifiedCar> onVerified)
    {
        using var blocks = new PieceSet(source);
        var cars = new List<CarDag>();
        int atOnce = Math.Clamp(paths.Count, 1, threads);
        SideBySide.Run(
            paths,
            atOnce,
            (path, stop) =>
            {
                var findings = new List<Finding>();
                var verifier = new CarVerifier(new FindingLog(findings.Add), threads / atOnce, progress, blocks.Files, stop);
                // Of a file that is the very piece it is named by, or known as, zeros at the end are what it was filled up with.
                VerifiedCar? car = null;
                try
                {
                    car = verifier.Verify(path, commitment => CarBytes.IsInline(path) || Path.GetFileName(path) == $"{commitment.CidV1}.car" || commitment.CidV1 == PieceCid || commitment.CidV2 == PieceCid);
                }
                catch (MalformedDataException e)
                {
                    findings.Add(new Finding("error", "inline", e.Path ?? path, e.Offset, e.Reason));
                }

                return (Car: car, Findings: findings);
            },
            done =>
            {
                done.Findings.ForEach(log.Take);
                if (done.Car is null)
                    return;
                blocks.Add(done.Car.Dag.Blocks);
                cars.Add(done.Car.Dag);
                onVerified(done.Car);
            },
            cancel);
        foreach (var car in cars)
            car.CheckComplete(log, cid => blocks.Contains(cid));
    }
}
