using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>
/// Checks single blocks of files: framing, hash, that the path from the dataset's root leads to them, and the source's bytes. Of a place in
/// a piece that is in no file's leaf (nodes, headers) nothing is checked here.
/// </summary>
/// <param name="source">Folder or file that was packed, or null.</param>
internal sealed class SampledBlocks(FindingLog log, OutputFolder output, PackedDataset dataset, string? source, CancellationToken cancel)
{
    private readonly string filesFile = output.FileOf(RecordFile.Files);
    private readonly DagReader dag = new(dataset.Blocks);
    private bool warnedOfEarlier;

    /// <summary>Blocks that were checked.</summary>
    public long Blocks { get; private set; }

    /// <summary>Blocks of them that were compared with the source.</summary>
    public long SourceBlocks { get; private set; }

    /// <param name="places">Offsets in the CARs of pieces.</param>
    /// <exception cref="FormatException">The list of files is not what it should be.</exception>
    /// <exception cref="IOException">The list of files cannot be read.</exception>
    public void Verify(IEnumerable<(PieceRecord Piece, long Offset)> places)
    {
        Place[] all = [.. places.Select(place => new Place(place.Piece, place.Offset))];
        FindParts(all);
        foreach (var place in all.Where(place => place.Record is not null))
        {
            cancel.ThrowIfCancellationRequested();
            string car = StoredPiece.FileIn(output.Path, place.Piece);
            try
            {
                Verify(car, place, place.Record!, place.Part!);
            }
            catch (MissingBlockException e)
            {
                if (dataset.HasAll)
                    log.Error("missing-block", filesFile, place.Line, e.Message);
                else if (!warnedOfEarlier)
                    log.Warn("earlier-version", filesFile, place.Line, $"{e.Message}: content is kept from the version {dataset.Record.Previous}, which is not where it was (--previous OLD_OUT says where it is)");
                warnedOfEarlier = true;
            }
            catch (MalformedDataException e)
            {
                log.Error("framing", e.Path ?? car, e.Offset, e.Message);
            }
            catch (SourceFaultException e)
            {
                log.Error("source", e.Location, e.Offset, e.Reason);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.Error("unreadable", car, place.Offset, e.Message);
            }
        }
    }

    /// <summary>Goes through the list of files once: a place is in the part that begins last before it, if in any.</summary>
    private void FindParts(Place[] all)
    {
        var byPiece = all.GroupBy(place => place.Piece.PieceCid).ToDictionary(group => group.Key, group => group.OrderBy(place => place.Offset).ToArray());
        var byOffset = Comparer<Place>.Create((a, b) => a.Offset.CompareTo(b.Offset));
        foreach (var (record, line) in RecordFile.ReadLines(filesFile, RecordJson.Default.FileRecord))
        {
            foreach (var part in record.Parts)
            {
                if (part is null || !byPiece.TryGetValue(part.PieceCid, out var places))
                    continue;
                int at = Array.BinarySearch(places, new Place(places[0].Piece, part.CarOffset), byOffset);
                at = at < 0 ? ~at : at;
                while (at > 0 && places[at - 1].Offset == part.CarOffset)
                    at--;
                if (at < places.Length)
                    places[at].Offer(record, part, line);
            }
        }

        foreach (var places in byPiece.Values)
        {
            for (int i = 1; i < places.Length; i++)
            {
                if (places[i - 1] is { Record: { } record, Part: { } part, Line: var line })
                    places[i].Offer(record, part, line);
            }
        }
    }

    private void Verify(string car, Place place, FileRecord record, FilePart part)
    {
        using var file = CarBytes.Open(car, source);
        var first = Section(file, car, part.CarOffset);
        int content = Content(first.Cid, first.Data).Length;
        long leaves = content == 0 ? 1 : ((part.Length - 1) / content) + 1;
        long leaf = (place.Offset - part.CarOffset) / first.Length;
        if (leaf >= leaves)
            return;
        long at = part.CarOffset + (leaf * first.Length), fileOffset = part.FileOffset + (leaf * content);
        var (cid, data, _) = leaf == 0 ? first : Section(file, car, at);
        Blocks++;
        if (BlockHash.Verify(cid, data) == BlockCheck.Mismatch)
        {
            string problem = $"block {cid} does not match its hash";
            if (file is InlinePiece)
                throw file.Mismatch(problem, at, data.Length);
            log.Error("block-hash", car, at, problem);
            return;
        }

        byte[] path = RecordFile.PathBytes(record.Path, record.PathHex);
        if (dag.Find(dataset.Root, path) is not { } found)
            log.Error("manifest", filesFile, place.Line, $"lists '{record.Path}', which the DAG does not have");
        else if (found.ToString() != record.Cid)
            log.Error("manifest", filesFile, place.Line, $"says of '{record.Path}': {record.Cid}; the DAG has: {found}");
        else if (found.Codec == Multicodec.Raw ? found != cid || fileOffset != 0 : dag.LeafAt(found, fileOffset) is var leafAt && (leafAt.Cid != cid || leafAt.Offset != fileOffset))
            log.Error("unreachable", car, at, $"block {cid} is not the leaf at {fileOffset} of '{record.Path}'");
        if (source is not null)
            CompareSource(record, path, fileOffset, Content(cid, data));
    }

    private void CompareSource(FileRecord record, byte[] path, long offset, ReadOnlyMemory<byte> content)
    {
        byte[] location = PathText.FromArgument(source!);
        if (Directory.Exists(source))
            location = PathText.Join(location, path);
        SourceBlocks++;
        string shown = PathText.Quote(location);
        int fd = Posix.Open(location, Posix.O_RDONLY | Posix.O_CLOEXEC | Posix.O_NONBLOCK, out int error);
        if (fd < 0)
        {
            log.Error("source", shown, -1, $"cannot open: {Posix.Describe(error)}");
            return;
        }

        try
        {
            byte[] bytes = new byte[content.Length];
            int got = Posix.ReadAt(fd, offset, bytes, out error);
            if (got < 0)
                log.Error("source", shown, offset, Posix.Describe(error));
            else if (!bytes.AsSpan(0, got).SequenceEqual(content.Span))
                log.Error("source", shown, offset + bytes.AsSpan(0, got).CommonPrefixLength(content.Span), $"has other bytes than '{record.Path}' in the piece, or is shorter");
        }
        finally
        {
            Posix.Close(fd);
        }
    }

    /// <exception cref="MalformedDataException">No section is there.</exception>
    private static (Cid Cid, byte[] Data, long Length) Section(CarBytes file, string car, long offset)
    {
        Span<byte> head = stackalloc byte[Varint.MaxLength + Cid.MaxByteLength];
        head = head[..file.ReadHeaders(Math.Max(0, offset), head)];
        if (offset < 0 || Varint.TryRead(head, out ulong length, out int prefix) != VarintStatus.Ok || !Cid.TryRead(head[prefix..], out var cid, out int cidLength)
            || length < (ulong)cidLength || length > CarReadOptions.DefaultMaxSectionLength)
            throw new MalformedDataException($"no section begins where {RecordFile.Files} says", offset, car);
        byte[] data = new byte[(int)length - cidLength];
        int got = file.Read(offset + prefix + cidLength, data);
        return got == data.Length ? (cid, data, prefix + (long)length) : throw new MalformedDataException("a section is cut off by the end of the data", offset, car);
    }

    private static ReadOnlyMemory<byte> Content(Cid cid, byte[] data) =>
        cid.Codec == Multicodec.DagPb ? UnixFsData.Decode(DagPbNode.Decode(data).Data).Data : data;

    /// <summary>A place in a piece, and the part of a file that begins last before it, as far as the list of files is read.</summary>
    private sealed class Place(PieceRecord piece, long offset)
    {
        public PieceRecord Piece => piece;

        public long Offset => offset;

        public FileRecord? Record { get; private set; }

        public FilePart? Part { get; private set; }

        public long Line { get; private set; }

        public void Offer(FileRecord record, FilePart part, long line)
        {
            if (Part is null || part.CarOffset > Part.CarOffset)
                (Record, Part, Line) = (record, part, line);
        }
    }
}
