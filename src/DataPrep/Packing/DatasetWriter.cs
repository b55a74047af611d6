using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Writes what is recorded of a packed dataset. <c>dataset.json</c> is last: where it stands, all stands.</summary>
/// <param name="whole">Layout of the whole tree, for what of an entry's CID follows from its shape.</param>
/// <param name="earlier">The version whose unchanged content is kept; null where there is none.</param>
internal sealed class DatasetWriter(
    OutputFolder folder,
    PackPlan plan,
    IReadOnlyList<CutRound> rounds,
    ChangedFiles changed,
    PackedEntries entries,
    PieceLayout whole,
    EarlierVersion? earlier,
    int threads)
{
    private IReadOnlyDictionary<int, PieceRecord> dataPieces = new Dictionary<int, PieceRecord>();

    /// <param name="data">The data pieces, by their number; equal ones are recorded once.</param>
    /// <param name="dag">The dag pieces.</param>
    /// <returns>What was written, with all pieces, each once, data before dag.</returns>
    public (DatasetRecord Dataset, IReadOnlyList<PieceRecord> Pieces) Write(IReadOnlyDictionary<int, PieceRecord> data, IEnumerable<PieceRecord> dag)
    {
        dataPieces = data;
        int[] numbers = [.. data.Keys];
        Array.Sort(numbers);
        var pieces = new List<PieceRecord>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var piece in numbers.Select(number => data[number]).Concat(dag))
        {
            if (known.Add(piece.PieceCid))
                pieces.Add(piece);
        }

        var (files, directories, links, bytes) = DatasetTotals.Of(plan.Tree);
        var dataset = plan.Dataset with
        {
            RootCid = CidOf(0),
            Files = files,
            Directories = directories,
            Links = links,
            Bytes = bytes,
            Pieces = pieces.Count,
            DagPieces = [.. pieces.Where(piece => piece.Kind == "dag").Select(piece => piece.PieceCid)],
            Skipped = plan.Tree.Skipped.Count,
        };
        folder.Write(RecordFile.Files, WriteEntries);
        folder.Write(RecordFile.Pieces, stream => RecordFile.WriteLines(stream, pieces, RecordWriting.Default.PieceRecord));
        if (plan.Tree.Skipped.Count > 0)
            folder.Write(RecordFile.Skipped, stream => RecordFile.WriteLines(stream, SkippedInputs(plan.Tree.Skipped), RecordWriting.Default.SkippedRecord));
        else
            File.Delete(folder.FileOf(RecordFile.Skipped));
        InodeList.Write(folder, plan.Tree);
        EarlierFolders.Note(folder, earlier?.Folder.Path);
        if (dataset.Inline)
            folder.WriteWork(SourcePlaces.FileName, stream => SourcePlaces.Write(stream, plan.Tree));
        else
            File.Delete(folder.WorkFile(SourcePlaces.FileName));
        folder.Write(RecordFile.Dataset, stream => RecordFile.Write(stream, dataset, RecordWriting.Default.DatasetRecord));
        return (dataset, pieces);
    }

    /// <summary>Skipped inputs sorted by path, so that the record does not depend on the order of discovery.</summary>
    public static IEnumerable<SkippedRecord> SkippedInputs(IReadOnlyList<SkippedInput> inputs)
    {
        foreach (var skipped in inputs.OrderBy(s => s.Path, Comparer<byte[]>.Create((a, b) => PathText.Compare(a, b))))
        {
            var (path, hex) = RecordFile.PathFields(skipped.Path);
            yield return new SkippedRecord { Path = path, PathHex = hex, Reason = skipped.Reason, Detail = skipped.Detail };
        }
    }

    /// <summary>A record takes a few microseconds, which for millions of files is worth all threads.</summary>
    private void WriteEntries(Stream stream)
    {
        const int Batch = 1024;
        int count = plan.Tree.Count;
        var parts = new MemoryStream[Math.Clamp(count / Batch, 1, threads)];
        for (int i = 0; i < parts.Length; i++)
            parts[i] = new MemoryStream();
        for (int start = 0; start < count; start += parts.Length * Batch)
        {
            Parallel.For(0, parts.Length, i =>
            {
                parts[i].SetLength(0);
                int first = start + (i * Batch);
                RecordFile.WriteLines(parts[i], Records(first, Math.Min(first + Batch, count)), RecordWriting.Default.FileRecord);
            });
            foreach (var part in parts)
                part.WriteTo(stream);
        }
    }

    private IEnumerable<FileRecord> Records(int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            if (EntryRecord.Of(plan.Tree, i) is { } record)
                yield return record with { Cid = CidOf(i), Parts = plan.Tree[i].Kind == EntryKind.File ? PartsOf(i) : [] };
        }
    }

    private string CidOf(int entry) => whole.Profile.CidOf(whole.IsRaw(entry), entries[entry]).ToString();

    private IReadOnlyList<FilePart> PartsOf(int file)
    {
        if (plan.Tree[file].IsKept)
            return earlier!.RecordAt(entries.PlaceOf(file)).Parts;
        var round = rounds[changed.RoundOf(file)];
        int entry = round.Part.EntryOf(file);
        int piece = round.PieceOf(entry, 0);
        long size = plan.Tree[file].Size, chunk = whole.Profile.ChunkSize;
        var parts = new List<FilePart>(1);
        for (long offset = 0; ; piece++)
        {
            var end = round.Pieces[piece].End;
            bool isCut = end.Entry == entry;
            long next = isCut ? end.Leaf * chunk : size;
            // What does not begin with its file is the first in its piece.
            parts.Add(new FilePart(dataPieces[round.FirstPiece + piece].PieceCid, offset, next - offset, parts.Count == 0 ? entries.PlaceOf(file) : whole.FolderHeaderLength));
            if (!isCut)
                return parts;
            offset = next;
        }
    }
}
