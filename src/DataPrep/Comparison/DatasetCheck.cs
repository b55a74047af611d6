using System.Globalization;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Comparison;

/// <summary>What a check found out, in numbers. Sizes in bytes.</summary>
internal sealed record CheckNumbers
{
    public long Pieces { get; set; }

    /// <summary>Pieces of which no file is there.</summary>
    public long Absent { get; set; }

    /// <summary>Of all CARs, without zero-fill.</summary>
    public long Payload { get; set; }

    /// <summary>What all pieces could hold.</summary>
    public long Capacity { get; set; }

    public long Files { get; set; }

    public long Bytes { get; set; }

    public long TinyFiles { get; set; }

    /// <summary>Content that was looked at for duplicates; null where it was not.</summary>
    public ContentTally? Content { get; set; }

    /// <summary>Part of what the pieces hold that is no payload.</summary>
    public double Padding => Capacity == 0 ? 0 : 1 - ((double)Payload / Capacity);
}

/// <summary>Holds a packed dataset against requirements. Content is not read: sizes come from records and files, duplicates from section headers.</summary>
/// <param name="folder">The dataset.</param>
/// <param name="against">Other datasets, or lists of their pieces.</param>
/// <param name="quick">Whether no piece is opened: duplicates are then those of whole files.</param>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class DatasetCheck(string folder, Requirements requirements, IReadOnlyList<string> against, bool quick, string? source, RequirementFindings findings, PackCounters progress, CancellationToken cancel)
{
    private readonly string list = Path.Join(folder, RecordFile.Pieces), filesFile = Path.Join(folder, RecordFile.Files);
    private readonly CheckNumbers numbers = new();

    /// <exception cref="FormatException">A record is damaged.</exception>
    /// <exception cref="IOException">Something is not there or cannot be read.</exception>
    public CheckNumbers Run()
    {
        foreach (string name in (string[])[RecordFile.Dataset, RecordFile.Pieces, RecordFile.Files])
        {
            if (!File.Exists(Path.Join(folder, name)))
                throw new FileNotFoundException($"{folder}: no packed dataset ({name} is missing)");
        }

        var pieces = RecordFile.ReadPieceLines(folder);
        using var content = new ContentTally(!quick, source, progress, cancel);
        numbers.Content = content;
        CheckPieces(pieces);
        CheckDuplicatePieces(pieces);
        CheckFiles(content);
        if (!quick)
            AddPieces(content, folder, pieces, isOther: false);
        foreach (string other in against.Where(Directory.Exists))
            AddOther(content, other);
        content.Count(quick ? 1 : pieces.Count);
        CheckContent(content, pieces);
        findings.End(folder);
        return numbers;
    }

    private void CheckPieces(IReadOnlyList<(PieceRecord Record, long Offset)> pieces)
    {
        long total = pieces.Sum(piece => Math.Max(0, piece.Record.CarSize));
        bool isSmall = requirements.SmallDatasets && total < requirements.LeastServedSize;
        foreach (var (piece, offset) in pieces)
        {
            cancel.ThrowIfCancellationRequested();
            numbers.Pieces++;
            if (!CheckRecord(piece, offset))
                continue;
            CheckFile(piece);
            long capacity = PieceSize.Unpadded(piece.PieceSize);
            double fill = (double)piece.PayloadSize / capacity;
            numbers.Payload += piece.PayloadSize;
            numbers.Capacity += capacity;
            if (fill < requirements.LeastPieceFill)
                findings.Take(RequirementCode.PieceFill, list, offset, $"{piece.PieceCid} holds {piece.PayloadSize} bytes of payload, {Percent(fill)} of the {capacity} that fit; at least {Percent(requirements.LeastPieceFill)} are asked for");
            if (piece.CarSize < requirements.LeastServedSize && !isSmall)
                findings.Take(RequirementCode.SmallPiece, list, offset, $"{piece.PieceCid} ({piece.Kind}) has {piece.CarSize} bytes; checkers refuse pieces of which less than {requirements.LeastServedSize} bytes are served");
        }

        if (numbers.Padding > requirements.MostPadding)
            findings.Take(RequirementCode.Padding, list, -1, $"{numbers.Capacity - numbers.Payload} of the {numbers.Capacity} bytes that the pieces hold are padding, {Percent(numbers.Padding)}; at most {Percent(requirements.MostPadding)} are allowed", isSmall ? "warning" : null);
    }

    /// <summary>Sizes and CIDs of a record have to be of one piece, which has the natural size of its CAR.</summary>
    private bool CheckRecord(PieceRecord piece, long offset)
    {
        if (piece.CarSize < 1 || piece.PayloadSize < 1 || piece.PayloadSize > piece.CarSize || piece.CarSize > PieceSize.Unpadded(PieceSize.OfHeight(TreeSidecar.MaxPieceHeight)))
        {
            findings.Take(RequirementCode.PieceRecord, list, offset, $"{piece.PieceCid}: a CAR of {piece.CarSize} bytes, {piece.PayloadSize} of them payload, is no piece");
            return false;
        }

        if (PieceSize.Padded(piece.CarSize) != piece.PieceSize)
        {
            findings.Take(RequirementCode.PieceSize, list, offset, $"{piece.PieceCid} declares a piece of {piece.PieceSize} bytes; its CAR of {piece.CarSize} bytes makes one of {PieceSize.Padded(piece.CarSize)}");
            return false;
        }

        try
        {
            _ = piece.Commitment();
            return true;
        }
        catch (MalformedDataException e)
        {
            findings.Take(RequirementCode.PieceRecord, list, offset, e.Reason);
            return false;
        }
    }

    private void CheckFile(PieceRecord piece)
    {
        string path = StoredPiece.FileIn(folder, piece);
        if (LinkedFile.Absence(path) is not null)
            numbers.Absent++;
        else if (StoredPiece.Problem(path, piece, CarBytes.IsInline(path)) is { } problem)
            findings.Take(RequirementCode.SizeMismatch, path, -1, problem);
    }

    private void CheckDuplicatePieces(IReadOnlyList<(PieceRecord Record, long Offset)> pieces)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (piece, offset) in pieces.Where(piece => !known.Add(piece.Record.PieceCid)))
            findings.Take(RequirementCode.DuplicatePiece, list, offset, $"{piece.PieceCid} is in the list more than once");
        foreach (string other in against)
        {
            string otherList = Directory.Exists(other) ? Path.Join(other, RecordFile.Pieces) : other;
            foreach (var (piece, offset) in RecordFile.ReadPieceLinesOf(otherList).Where(piece => known.Contains(piece.Record.PieceCid)))
                findings.Take(RequirementCode.SharedPiece, otherList, offset, $"{piece.PieceCid} is a piece of this dataset too");
        }
    }

    private void CheckFiles(ContentTally content)
    {
        var forbidden = new IgnoreRules([.. requirements.ForbiddenNames.Select(text => new IgnorePattern(PathText.FromArgument(text)))]);
        using var folded = new DigestGroups();
        foreach (var (file, offset) in RecordFile.ReadLines(filesFile, RecordJson.Default.FileRecord))
        {
            cancel.ThrowIfCancellationRequested();
            byte[] path = PathOf(file, offset);
            var name = PathText.BaseName(path);
            if (NameRules.Problem(name) is { } problem)
                findings.Take(RequirementCode.PortableName, filesFile, offset, $"'{PathText.Quote(path)}' {problem}");
            if (forbidden.LastMatch(path, path.Length - name.Length, file.Type == "dir") is >= 0 and var pattern && !forbidden.Patterns[pattern].IsNegated)
                findings.Take(RequirementCode.ForbiddenName, filesFile, offset, $"'{PathText.Quote(path)}' matches {requirements.ForbiddenNames[pattern]}");
            folded.Add(NameRules.Folded(path), offset, 0);
            if (file.Type != "file")
                continue;
            numbers.Files++;
            numbers.Bytes += file.Size;
            numbers.TinyFiles += file.Size < requirements.TinyFileSize ? 1 : 0;
            if (quick)
                content.AddFile(file, 0);
        }

        CheckCollisions(folded);
        var dataset = RecordFile.Read(Path.Join(folder, RecordFile.Dataset), RecordJson.Default.DatasetRecord);
        if (dataset.Files != numbers.Files || dataset.Bytes != numbers.Bytes)
            findings.Take(RequirementCode.SizeMismatch, Path.Join(folder, RecordFile.Dataset), -1, $"declares {dataset.Files} files of {dataset.Bytes} bytes; {RecordFile.Files} lists {numbers.Files} of {numbers.Bytes}");
        double tiny = numbers.Files == 0 ? 0 : (double)numbers.TinyFiles / numbers.Files;
        if (tiny > requirements.MostTinyFiles)
            findings.Take(RequirementCode.TinyFiles, filesFile, -1, $"{numbers.TinyFiles} of {numbers.Files} files, {Percent(tiny)}, have fewer than {requirements.TinyFileSize} bytes; more than {Percent(requirements.MostTinyFiles)} are better put into archives");
    }

    private void CheckCollisions(DigestGroups folded)
    {
        var pairs = folded.Repeated().Select(group => (First: group[0].Reference, Second: group[1].Reference)).Order().ToList();
        using var file = File.OpenHandle(filesFile);
        foreach (var (first, second) in pairs)
        {
            var (one, other) = (RecordFile.ReadLine(file, filesFile, first, RecordJson.Default.FileRecord), RecordFile.ReadLine(file, filesFile, second, RecordJson.Default.FileRecord));
            findings.Take(RequirementCode.PortableName, filesFile, second, $"'{PathText.Quote(other.Path)}' and '{PathText.Quote(one.Path)}' are one name where case does not count");
        }
    }

    private void AddOther(ContentTally content, string other)
    {
        if (!quick)
        {
            AddPieces(content, other, RecordFile.ReadPieceLines(other), isOther: true);
            return;
        }

        foreach (var (file, _) in RecordFile.ReadLines(Path.Join(other, RecordFile.Files), RecordJson.Default.FileRecord))
            content.AddFile(file, -1);
    }

    /// <summary>Takes the leaves of the data pieces that are there; where leaves look like other nodes, all of their blocks.</summary>
    private static void AddPieces(ContentTally content, string folder, IReadOnlyList<(PieceRecord Record, long Offset)> pieces, bool isOther)
    {
        var dataset = RecordFile.Read(Path.Join(folder, RecordFile.Dataset), RecordJson.Default.DatasetRecord);
        bool onlyRaw = dataset is { RawLeaves: true, PreserveMode: false, PreserveMtime: false };
        for (int i = 0; i < pieces.Count; i++)
        {
            string path = StoredPiece.FileIn(folder, pieces[i].Record);
            if (pieces[i].Record.Kind == "data" && LinkedFile.Absence(path) is null)
                content.AddPiece(path, isOther ? -1 : i, onlyRaw);
        }
    }

    private void CheckContent(ContentTally content, IReadOnlyList<(PieceRecord Record, long Offset)> pieces)
    {
        if (content.Bytes == 0)
            return;
        string of = content.IsByLeaves ? "of the content, by leaves" : "of the content, by whole files";
        double duplicate = (double)content.DuplicateBytes / content.Bytes, shared = (double)content.SharedBytes / content.Bytes;
        string most = content.IsByLeaves && content.Most.Piece >= 0 ? $"; most of it in {pieces[content.Most.Piece].Record.PieceCid}, {content.Most.Bytes} bytes" : "";
        if (duplicate > requirements.MostDuplicateContent)
            findings.Take(RequirementCode.DuplicateContent, folder, -1, $"{content.DuplicateBytes} of {content.Bytes} bytes {of}, are there already elsewhere in the dataset, {Percent(duplicate)}; at most {Percent(requirements.MostDuplicateContent)} are allowed{most}");
        if (shared > requirements.MostSharedContent)
            findings.Take(RequirementCode.SharedContent, folder, -1, $"{content.SharedBytes} of {content.Bytes} bytes {of}, are in other datasets too, {Percent(shared)}; at most {Percent(requirements.MostSharedContent)} are allowed");
    }

    private byte[] PathOf(FileRecord file, long offset)
    {
        try
        {
            return RecordFile.PathBytes(file.Path, file.PathHex);
        }
        catch (FormatException)
        {
            throw new MalformedDataException($"'{file.PathHex}' is no hex", offset, filesFile);
        }
    }

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{100 * part:0.##} %");
}
