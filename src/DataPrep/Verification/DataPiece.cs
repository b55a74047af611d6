using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>A data piece whose own tree is gone through beside <c>files.jsonl</c>, which has the same order.</summary>
/// <param name="car">Null where the CAR is missing or cut off.</param>
internal sealed class DataPiece(PieceLine line, CarBlocks? car, FindingLog log) : IDisposable
{
    private readonly IEnumerator<DagEntry>? entries = car is { Roots: [var root] } ? new DagReader(car).Walk(root).GetEnumerator() : null;
    private bool isAtStart = true;
    private bool isBroken = car is null;
    private DagEntry? current;
    private long files;

    public PieceRecord Record => line.Record;

    /// <summary>Null where the CAR is missing or cut off, which was said before.</summary>
    public CarBlocks? Car => car;

    /// <summary>The entry at a path, or null. What stands before it cannot be found any more.</summary>
    public DagEntry? Find(ReadOnlySpan<byte> path)
    {
        if (isAtStart)
            Advance();
        // A piece that is one file has a root without a name.
        if (current is { Path.Length: 0, IsFolder: false })
            return current;
        while (current is not null && PathText.Compare(current.Path, path) < 0)
            Advance();
        return current is not null && path.SequenceEqual(current.Path) ? current : null;
    }

    /// <summary>Goes through the rest and compares the number of files.</summary>
    public void End(string piecesFile)
    {
        while (isAtStart || current is not null)
            Advance();
        if (!isBroken)
            log.Compare("manifest", piecesFile, line.Offset, $"number of files in {Record.PieceCid}", Record.Files, files);
    }

    public void Dispose() => entries?.Dispose();

    private void Advance()
    {
        isAtStart = false;
        current = null;
        try
        {
            if (entries?.MoveNext() == true)
                current = entries.Current;
        }
        catch (MalformedDataException e)
        {
            log.Error("malformed-node", car!.Path, e.Path is null ? -1 : e.Offset, $"the tree of the piece cannot be read: {e.Message}");
            isBroken = true;
        }
        catch (MissingBlockException)
        {
            // Which was reported when the piece was checked for completeness.
            isBroken = true;
        }

        files += current?.Type == UnixFsType.File ? 1 : 0;
    }
}
