using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>
/// Which segments of pieces an audit asks for. Strata are, of each piece: its first segment, its last one that is not zero-fill, and what is between
/// them, in equal slices where it gets samples enough. So the beginning and the end of each piece are always asked for.
/// </summary>
internal sealed class AuditDraw
{
    // In a slice of fewer samples, one more or less would be a large part of them, and the plan need many more in all. The same
    // holds where most segments are drawn: damage could hide in the few slices of which one is not.
    private const int SamplesOfSlice = 8, MostSlices = 8, LeastUndrawn = 4;

    private readonly IReadOnlyList<Stratum> strata;

    /// <param name="samples">How many; null for as many as find the damage.</param>
    /// <param name="detect">Part of all segments that is damaged.</param>
    /// <param name="confidence">Probability with which that is found.</param>
    public AuditDraw(IReadOnlyList<PieceRecord> pieces, long? samples, decimal detect, decimal confidence)
    {
        var coarse = Strata.OfPositions(pieces, _ => 1);
        var plan = SamplePlan.Of(coarse, samples, detect, confidence);
        var middles = coarse.Zip(plan.Samples).Where(pair => pair.First.Name.EndsWith(" 0", StringComparison.Ordinal)).ToDictionary(pair => pair.First.At(0).Piece, pair => pair.Second > pair.First.Count / LeastUndrawn ? 1 : pair.Second);
        strata = Strata.OfPositions(pieces, piece => Math.Clamp(middles.GetValueOrDefault(piece) / SamplesOfSlice, 1, MostSlices));
        Plan = strata.Count == coarse.Count ? plan : SamplePlan.Of(strata, samples, detect, confidence);
    }

    public SamplePlan Plan { get; }

    /// <summary>The segments that a seed draws, in the order of pieces and segments.</summary>
    /// <param name="provider">Each gets segments of its own.</param>
    public IReadOnlyList<SampleUnit> Units(string seed, string provider) =>
    [
        .. strata.SelectMany((stratum, i) => new SampleNumbers(seed, $"audit {provider} {stratum.Name}").Distinct(Plan.Samples[i], stratum.Count).Select(stratum.At))
            .OrderBy(unit => unit.Piece).ThenBy(unit => unit.Segment),
    ];
}
