using DataPrep.Piece;
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

    private readonly List<Stratum> strata;

    /// <param name="samples">How many; null for as many as find the damage.</param>
    /// <param name="detect">Part of all segments that is damaged.</param>
    /// <param name="confidence">Probability with which that is found.</param>
    public AuditDraw(IReadOnlyList<PieceRecord> pieces, long? samples, decimal detect, decimal confidence)
    {
        var coarse = Strata(pieces, _ => 1);
        var plan = Plan(coarse);
        var middles = coarse.Zip(plan.Samples).Where(pair => pair.First.Name.EndsWith(" 0", StringComparison.Ordinal)).ToDictionary(pair => pair.First.At(0).Piece, pair => pair.Second > pair.First.Count / LeastUndrawn ? 1 : pair.Second);
        strata = Strata(pieces, piece => Math.Clamp(middles.GetValueOrDefault(piece) / SamplesOfSlice, 1, MostSlices));
        this.Plan = strata.Count == coarse.Count ? plan : Plan(strata);

        SamplePlan Plan(List<Stratum> strata)
        {
            long[] sizes = [.. strata.Select(stratum => stratum.Count)];
            return samples is { } count ? new SamplePlan(sizes, count) : SamplePlan.ToDetect(sizes, detect, confidence);
        }
    }

    public SamplePlan Plan { get; }

    /// <summary>The segments that a seed draws, in the order of pieces and segments.</summary>
    /// <param name="provider">Each gets segments of its own.</param>
    public IReadOnlyList<SampleUnit> Units(string seed, string provider) =>
    [
        .. strata.SelectMany((stratum, i) => new SampleNumbers(seed, $"audit {provider} {stratum.Name}").Distinct(Plan.Samples[i], stratum.Count).Select(stratum.At))
            .OrderBy(unit => unit.Piece).ThenBy(unit => unit.Segment),
    ];

    /// <summary>Segments of a piece that are not zero-fill.</summary>
    public static long SegmentsOf(PieceRecord piece) => SubTreeHasher.SegmentCount(piece.PayloadSize);

    /// <param name="slices">Into how many the segments between the first and the last one of a piece are cut.</param>
    private static List<Stratum> Strata(IReadOnlyList<PieceRecord> pieces, Func<int, long> slices)
    {
        var strata = new List<Stratum>();
        for (int piece = 0; piece < pieces.Count; piece++)
        {
            long segments = SegmentsOf(pieces[piece]), between = segments - 2, count = slices(piece);
            Add("first", 0, 1);
            for (long slice = 0; between > 0 && slice < count; slice++)
            {
                long from = (long)((UInt128)between * (ulong)slice / (ulong)count), to = (long)((UInt128)between * (ulong)(slice + 1) / (ulong)count);
                Add($"{slice}", 1 + from, to - from);
            }

            if (segments > 1)
                Add("last", segments - 1, 1);

            void Add(string name, long first, long count)
            {
                var stratum = new Stratum($"{pieces[piece].PieceCid} {name}");
                stratum.Add(new SampleUnit(piece, first), count);
                strata.Add(stratum);
            }
        }

        return strata;
    }
}
