using DataPrep.Car;
using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>What to sample.</summary>
internal sealed record SampleOptions
{
    /// <summary>The dataset.</summary>
    public required string Folder { get; init; }

    /// <summary>Folders of earlier versions, where these are not where they are noted to be.</summary>
    public IReadOnlyList<string> Previous { get; init; } = [];

    /// <summary>What was packed, to be compared with; null for not.</summary>
    public string? Source { get; init; }

    /// <summary>One of the words of <see cref="Verification.Strata"/>.</summary>
    public string Strata { get; init; } = Verification.Strata.Piece;

    /// <summary>Number of samples; null for as many as <see cref="Detect"/> needs.</summary>
    public long? Samples { get; init; }

    /// <summary>The part of all segments that is damaged.</summary>
    public decimal Detect { get; init; } = 0.01m;

    /// <summary>The probability with which that is found.</summary>
    public decimal Confidence { get; init; } = 0.99m;

    /// <summary>Decides what is sampled.</summary>
    public required string Seed { get; init; }
}

/// <summary>What was sampled.</summary>
/// <param name="Blocks">Blocks that were checked.</param>
/// <param name="SourceBlocks">Blocks of them that were compared with the source.</param>
/// <param name="Bytes">Bytes of segments that were read.</param>
internal sealed record SampleResult(SamplePlan Plan, long Blocks, long SourceBlocks, long Bytes);

/// <summary>
/// Verifies a part of a packed dataset: segments of 1,040,384 bytes, drawn by a seed, held against the piece CIDs by the tree sidecars; and of
/// each one block. Findings come in the order of the pieces.
/// </summary>
internal sealed class SampleVerifier(FindingLog log, SampleOptions options, int threads, PackCounters progress, CancellationToken cancel)
{
    private readonly OutputFolder output = new(options.Folder);
    private long bytes;

    /// <returns>Null where a manifest cannot be read, which is a finding.</returns>
    /// <exception cref="IOException">The folder holds no packed dataset, or its records cannot be read.</exception>
    public SampleResult? Verify()
    {
        try
        {
            using var dataset = PackedDataset.Open(options.Folder, options.Previous, source: options.Source);
            return Verify(dataset);
        }
        catch (FormatException e)
        {
            var place = e as MalformedDataException;
            log.Error("manifest", place?.Path ?? options.Folder, place?.Path is null ? -1 : place.Offset, e.Message);
            return null;
        }
    }

    private SampleResult Verify(PackedDataset dataset)
    {
        var pieces = ProvablePieces.Read(output.FileOf(RecordFile.Pieces));
        var strata = Strata.Of(pieces, options.Strata, output);
        var plan = SamplePlan.Of(strata, options.Samples, options.Detect, options.Confidence);
        progress.Begin(plan.Count * SubTreeHasher.SegmentRaw);
        SampleUnit[] units =
        [
            .. strata.SelectMany((stratum, i) => new SampleNumbers(options.Seed, $"segments {stratum.Name}").Distinct(plan.Samples[i], stratum.Count).Select(stratum.At))
                .OrderBy(unit => unit.Piece).ThenBy(unit => unit.Segment),
        ];
        foreach (var group in units.GroupBy(unit => unit.Piece))
            VerifyPiece(pieces[group.Key], [.. group.Select(unit => unit.Segment)]);

        var numbers = new SampleNumbers(options.Seed, "blocks");
        var blocks = new SampledBlocks(log, output, dataset, options.Source, cancel);
        var places = units.Select(unit => (Piece: pieces[unit.Piece], Offset: (unit.Segment * SubTreeHasher.SegmentRaw) + numbers.Below(Length(pieces[unit.Piece], unit.Segment)))).ToList();
        blocks.Verify(places.Where(place => LinkedFile.Absence(StoredPiece.FileIn(output.Path, place.Piece)) is null));
        return new SampleResult(plan, blocks.Blocks, blocks.SourceBlocks, bytes);
    }

    private void VerifyPiece(PieceRecord piece, long[] segments)
    {
        string car = StoredPiece.FileIn(output.Path, piece);
        if (LinkedFile.Absence(car) is { } absence)
        {
            log.Error("missing-piece", car, -1, $"the piece {absence}");
            return;
        }

        if (ProvablePieces.TreeOf(piece, output.Path, log) is not { } tree)
            return;
        try
        {
            using var bytes = CarBytes.Open(car, options.Source);
            long size = bytes.Length;
            if (size != piece.CarSize)
                log.Error("car-size", car, Math.Min(size, piece.CarSize), $"has {size} bytes, {RecordFile.Pieces} says {piece.CarSize}");
            SideBySide.Run(segments, threads, (segment, stop) => (Segment: segment, Problem: Problem(bytes, piece, tree, segment, stop)), done =>
            {
                if (done.Problem is SourceFaultException fault)
                    log.Error("source", fault.Location, fault.Offset, fault.Reason);
                else if (done.Problem is { } problem)
                    log.Error("segment", car, done.Segment * SubTreeHasher.SegmentRaw, problem.Message);
            }, cancel);
        }
        catch (MalformedDataException e)
        {
            log.Error("inline", e.Path ?? car, e.Offset, e.Reason);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Error("unreadable", car, -1, e.Message);
        }
    }

    private Exception? Problem(CarBytes bytes, PieceRecord piece, TreeSidecar tree, long segment, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        byte[] raw = new byte[Length(piece, segment)];
        int got;
        try
        {
            got = bytes.Read(segment * SubTreeHasher.SegmentRaw, raw);
        }
        catch (SourceFaultException fault)
        {
            return fault;
        }

        _ = Interlocked.Add(ref this.bytes, got);
        progress.Add(SubTreeHasher.SegmentRaw);
        if (got < raw.Length)
            return new IOException($"ends {got} bytes into a segment of {raw.Length}");
        Span<byte> node = stackalloc byte[PieceSize.NodeLength];
        new SubTreeHasher(Sha256Kernels.Current).Root(raw, tree.NodeHeight, node);
        if (node.SequenceEqual(tree.NodeAt(segment)))
            return null;
        string problem = $"the {raw.Length} bytes of this segment are not those of the piece CID {piece.PieceCid}";
        return bytes is InlinePiece ? bytes.Mismatch(problem, segment * SubTreeHasher.SegmentRaw, raw.Length) : new IOException(problem);
    }

    private static long Length(PieceRecord piece, long segment) => Math.Min(SubTreeHasher.SegmentRaw, piece.CarSize - (segment * SubTreeHasher.SegmentRaw));
}
