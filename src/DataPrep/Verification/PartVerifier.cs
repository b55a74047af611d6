using System.Globalization;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>
/// Holds the parts of a file against its canonical DAG and against the pieces: that they cover the file without gap, that the
/// first and the last leaf of each stand where it says, and that the piece has it in its own tree under the right name.
/// </summary>
/// <param name="pieces">Data pieces by their piece CID.</param>
/// <param name="earlier">Those of earlier versions.</param>
internal sealed class PartVerifier(FindingLog log, string filesFile, ParameterVerifier parameters, IReadOnlyDictionary<string, DataPiece> pieces, EarlierPieces earlier, DagReader dag)
{
    /// <param name="line">Byte offset of the record.</param>
    /// <exception cref="MalformedDataException">A part is null, or a node of the file's DAG is not what it should be.</exception>
    /// <exception cref="MissingBlockException">A node of the file's DAG is missing.</exception>
    public void Verify(FileRecord record, DagEntry file, long line)
    {
        long at = 0;
        for (int i = 0; i < record.Parts.Count; i++)
        {
            var part = record.Parts[i] ?? throw new MalformedDataException($"a part of '{record.Path}' is null", line, filesFile);
            long left = record.Size - at;
            bool isEmpty = part.Length == 0 && (record.Size > 0 || i > 0);
            if (part.FileOffset != at || part.Length < 0 || part.Length > left || isEmpty)
            {
                log.Error("manifest", filesFile, line, $"'{record.Path}' has a part of {part.Length} bytes at {part.FileOffset}, expected is one at {at} with some of the {left} bytes from there on");
                return;
            }

            if (Problem(record, part, file) is { } problem)
                log.Error("manifest", filesFile, line, $"'{record.Path}' has a part at {part.FileOffset} in piece {part.PieceCid}, {problem}");
            at += part.Length;
        }

        if (at != record.Size || record.Parts.Count == 0)
            log.Error("manifest", filesFile, line, $"the parts of '{record.Path}' come to {at} of {record.Size} bytes");
    }

    private string? Problem(FileRecord record, FilePart part, DagEntry file)
    {
        var piece = pieces.GetValueOrDefault(part.PieceCid) ?? earlier.Find(part.PieceCid);
        if (piece is null)
            return earlier.AreComplete ? $"which is no data piece of {RecordFile.Pieces}" : null;
        if (piece.Car is not { } car)
            return null;
        var first = dag.LeafAt(file.Cid, part.FileOffset);
        if (first.Offset != part.FileOffset)
            return "where no leaf begins";
        parameters.Check(record.Path, file, first);
        if (car.SectionAt(part.CarOffset) is not (var found, var sectionLength) || found != first.Cid)
            return $"which does not begin at offset {part.CarOffset} of its CAR";
        long more = part.Length == 0 || first.Length == 0 ? 0 : (part.Length - 1) / first.Length;
        var last = more == 0 ? first : dag.LeafAt(file.Cid, part.FileOffset + (more * first.Length));
        if (last.Offset + last.Length != part.FileOffset + part.Length)
            return $"which does not end where a leaf ends, {part.Length} bytes on";
        if (more > piece.Record.CarSize / sectionLength || car.CidAt(part.CarOffset + (more * sectionLength)) != last.Cid)
            return $"whose {more + 1} leaves do not follow each other from offset {part.CarOffset} of its CAR";
        return TreeProblem(record, part, file, piece);
    }

    private static string? TreeProblem(FileRecord record, FilePart part, DagEntry file, DataPiece piece)
    {
        bool isWhole = record.Parts.Count == 1;
        byte[] path = RecordFile.PathBytes(record.Path, record.PathHex);
        if (!isWhole)
            path = PathText.Join(path, Encoding.ASCII.GetBytes(part.FileOffset.ToString("D20", CultureInfo.InvariantCulture)));
        var found = piece.Find(path);
        if (found is not { Type: UnixFsType.File } || found.Size != part.Length)
            return $"whose own tree has no file of {part.Length} bytes at '{PathText.Quote(path)}'";
        return isWhole && found.Cid != file.Cid ? $"whose own tree has {found.Cid} at '{PathText.Quote(path)}'" : null;
    }
}
