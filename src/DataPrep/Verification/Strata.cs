using System.Globalization;
using System.Numerics;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>A segment of a piece: what is sampled.</summary>
/// <param name="Piece">Which line of <c>pieces.jsonl</c>.</param>
internal readonly record struct SampleUnit(int Piece, long Segment);

/// <summary>Segments that are sampled together.</summary>
internal sealed class Stratum(string name)
{
    private readonly List<(SampleUnit First, long Before)> runs = [];

    public string Name => name;

    public long Count { get; private set; }

    public void Add(SampleUnit first, long count)
    {
        runs.Add((first, Count));
        Count += count;
    }

    /// <summary>The segment of a number from 0 to <see cref="Count"/> - 1.</summary>
    public SampleUnit At(long number)
    {
        int run = runs.BinarySearch((default, number), Comparer<(SampleUnit First, long Before)>.Create((a, b) => a.Before.CompareTo(b.Before)));
        var (first, before) = runs[run >= 0 ? run : ~run - 1];
        return first with { Segment = first.Segment + number - before };
    }
}

/// <summary>Divides the segments of a dataset. Each belongs to one stratum.</summary>
internal static class Strata
{
    public const string None = "none", Piece = "piece", Position = "position", Size = "size", Type = "type", Folder = "folder";

    private const int Slices = 8;

    /// <param name="by">One of the words above.</param>
    /// <param name="output">The dataset's folder; its list of files is read where strata are those of files.</param>
    public static IReadOnlyList<Stratum> Of(IReadOnlyList<PieceRecord> pieces, string by, OutputFolder output)
    {
        if (by is None or Piece)
        {
            var strata = pieces.Select((piece, i) => (Name: by == None ? "" : piece.PieceCid, First: new SampleUnit(i, 0), Count: SubTreeHasher.SegmentCount(piece.CarSize)));
            return [.. strata.GroupBy(run => run.Name).Select(group => Make(group.Key, group.Select(run => (run.First, run.Count)))).Where(stratum => stratum.Count > 0)];
        }

        if (by == Position)
            return [.. OfPositions(pieces, _ => Slices), .. pieces.Select((piece, i) => Make($"{piece.PieceCid} fill", [(new SampleUnit(i, SegmentsOf(piece)), SubTreeHasher.SegmentCount(piece.CarSize) - SegmentsOf(piece))])).Where(stratum => stratum.Count > 0)];
        var parts = Parts(pieces, by, output);
        return [.. pieces.SelectMany((piece, i) => Runs(i, SubTreeHasher.SegmentCount(piece.CarSize), parts[i]))
            .GroupBy(run => run.Name)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Make(group.Key, group.Select(run => (run.First, run.Count))))];
    }

    /// <summary>Of each piece its first segment, its last one that is not zero-fill, and equal slices of what is between them.</summary>
    /// <param name="slices">How many slices a piece, by its number, is cut into; of fewer segments some are empty and left out.</param>
    public static IReadOnlyList<Stratum> OfPositions(IReadOnlyList<PieceRecord> pieces, Func<int, long> slices)
    {
        var strata = new List<Stratum>();
        for (int piece = 0; piece < pieces.Count; piece++)
        {
            long segments = SegmentsOf(pieces[piece]), between = segments - 2, count = slices(piece);
            Add("first", 0, 1);
            for (long slice = 0; between > 0 && slice < count; slice++)
            {
                long from = (long)((UInt128)between * (ulong)slice / (ulong)count), to = (long)((UInt128)between * (ulong)(slice + 1) / (ulong)count);
                if (to > from)
                    Add($"{slice}", 1 + from, to - from);
            }

            if (segments > 1)
                Add("last", segments - 1, 1);

            void Add(string name, long first, long count) => strata.Add(Make($"{pieces[piece].PieceCid} {name}", [(new SampleUnit(piece, first), count)]));
        }

        return strata;
    }

    /// <summary>Segments of a piece that are not zero-fill.</summary>
    public static long SegmentsOf(PieceRecord piece) => SubTreeHasher.SegmentCount(piece.PayloadSize);

    private static Stratum Make(string name, IEnumerable<(SampleUnit First, long Count)> runs)
    {
        var stratum = new Stratum(name);
        foreach (var (first, count) in runs)
            stratum.Add(first, count);
        return stratum;
    }

    /// <summary>A segment belongs to the file whose part begins last before its middle; what stands before all files, to none.</summary>
    private static IEnumerable<(string Name, SampleUnit First, long Count)> Runs(int piece, long segments, List<(long Offset, string Name)> parts)
    {
        parts.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        long begin = 0;
        string current = "";
        int part = 0;
        for (long segment = 0; segment < segments; segment++)
        {
            string name = current;
            for (; part < parts.Count && parts[part].Offset <= (segment * SubTreeHasher.SegmentRaw) + (SubTreeHasher.SegmentRaw / 2); part++)
                name = parts[part].Name;
            if (name == current)
                continue;
            if (segment > begin)
                yield return (current, new SampleUnit(piece, begin), segment - begin);
            (begin, current) = (segment, name);
        }

        if (segments > begin)
            yield return (current, new SampleUnit(piece, begin), segments - begin);
    }

    private static List<(long Offset, string Name)>[] Parts(IReadOnlyList<PieceRecord> pieces, string by, OutputFolder output)
    {
        var parts = pieces.Select(_ => new List<(long, string)>()).ToArray();
        var numbers = pieces.Select((piece, i) => (piece.PieceCid, i)).DistinctBy(piece => piece.PieceCid).ToDictionary(piece => piece.PieceCid, piece => piece.i);
        var names = new HashSet<string>();
        foreach (var (record, _) in RecordFile.ReadLines(output.FileOf(RecordFile.Files), RecordJson.Default.FileRecord))
        {
            if (record.Type != "file")
                continue;
            string name = NameOf(record, by);
            name = names.TryGetValue(name, out string? known) ? known : name;
            _ = names.Add(name);
            foreach (var part in record.Parts)
            {
                if (part is not null && numbers.TryGetValue(part.PieceCid, out int piece))
                    parts[piece].Add((part.CarOffset, name));
            }
        }

        return parts;
    }

    /// <summary>The size up to the next power of 16, the extension, or the folder below the root.</summary>
    private static string NameOf(FileRecord record, string by) => by switch
    {
        Size => string.Create(CultureInfo.InvariantCulture, $"16^{(BitOperations.Log2((ulong)Math.Max(1, record.Size)) / 4) + 1:D2}"),
        Type => Path.GetExtension(record.Path).ToLowerInvariant() is { Length: > 0 } extension ? extension : "(none)",
        _ => record.Path.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 ? record.Path[..slash] : "(root)",
    };
}
