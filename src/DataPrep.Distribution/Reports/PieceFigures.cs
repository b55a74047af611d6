using System.Text.Json;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Distribution.Reports;

/// <summary>How full pieces are. Each is listed where they are few; of many there are counts by fill, and the least full.</summary>
internal sealed class PieceFigures
{
    /// <summary>The most pieces that are listed one by one.</summary>
    public const int MostListed = 200;

    /// <summary>Those that are listed where there are more.</summary>
    public const int LeastFull = 20;

    private const int Buckets = 20;
    private readonly List<PieceRow> listed = [];
    private readonly PriorityQueue<PieceRow, (double Fill, long Number)> leastFull = new(Comparer<(double Fill, long Number)>.Create((a, b) => b.CompareTo(a)));
    private readonly long[] byFill = new long[Buckets];
    private readonly SortedDictionary<long, long> bySize = [];
    private long dag;
    private Int128 padded, unpadded, car, payload;

    public long Count { get; private set; }

    /// <exception cref="IOException">The list cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is not what it should be.</exception>
    public static PieceFigures Read(string folder, CancellationToken cancel)
    {
        string path = Path.Join(folder, RecordFile.Pieces);
        var figures = new PieceFigures();
        foreach (var (piece, offset) in RecordFile.ReadLines(path, RecordJson.Default.PieceRecord))
        {
            cancel.ThrowIfCancellationRequested();
            if (!PieceSize.IsValid(piece.PieceSize) || piece.PayloadSize < 0 || piece.CarSize < piece.PayloadSize || piece.CarSize > PieceSize.Unpadded(piece.PieceSize))
                throw new MalformedDataException($"the sizes of piece {ShownText.Of(piece.PieceCid)} are none that a piece can have", offset, path);
            figures.Add(piece);
        }

        return figures;
    }

    public void Add(PieceRecord piece)
    {
        long capacity = PieceSize.Unpadded(piece.PieceSize);
        var row = new PieceRow(++Count, piece, (double)piece.PayloadSize / capacity);
        (padded, unpadded, car, payload) = (padded + piece.PieceSize, unpadded + capacity, car + piece.CarSize, payload + piece.PayloadSize);
        dag += piece.Kind == "dag" ? 1 : 0;
        byFill[Bucket(row.Fill)]++;
        bySize[piece.PieceSize] = bySize.GetValueOrDefault(piece.PieceSize) + 1;
        if (Count <= MostListed)
            listed.Add(row);
        if (leastFull.Count < LeastFull)
            leastFull.Enqueue(row, (row.Fill, row.Number));
        else
            _ = leastFull.EnqueueDequeue(row, (row.Fill, row.Number));
    }

    /// <summary>Steps of 5 %; a piece that is full to the last byte is of the last.</summary>
    public static int Bucket(double fill) => Math.Clamp((int)(fill * Buckets), 0, Buckets - 1);

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("pieces");
        json.WriteNumber("count", Count);
        json.WriteNumber("dag", dag);
        json.WriteNumber("padded", (double)padded);
        json.WriteNumber("unpadded", (double)unpadded);
        json.WriteNumber("car", (double)car);
        json.WriteNumber("payload", (double)payload);
        json.WriteStartArray("byFill");
        foreach (long count in byFill)
            json.WriteNumberValue(count);
        json.WriteEndArray();
        json.WriteStartArray("bySize");
        foreach (var (size, count) in bySize)
        {
            json.WriteStartObject();
            json.WriteNumber("size", size);
            json.WriteNumber("pieces", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        bool areFew = Count <= MostListed;
        json.WriteBoolean("areAllListed", areFew);
        json.WriteStartArray("list");
        foreach (var row in areFew ? listed : [.. leastFull.UnorderedItems.Select(item => item.Element).OrderBy(row => row.Fill).ThenBy(row => row.Number)])
            row.WriteTo(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <param name="Number">In the order of the list, from 1.</param>
    /// <param name="Fill">Share of its bytes that are payload, 0 to 1.</param>
    private sealed record PieceRow(long Number, PieceRecord Piece, double Fill)
    {
        public void WriteTo(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteNumber("number", Number);
            json.WriteString("pieceCid", ShownText.Of(Piece.PieceCid));
            json.WriteBoolean("isDag", Piece.Kind == "dag");
            json.WriteNumber("pieceSize", Piece.PieceSize);
            json.WriteNumber("unpadded", PieceSize.Unpadded(Piece.PieceSize));
            json.WriteNumber("payload", Piece.PayloadSize);
            json.WriteNumber("files", Piece.Files);
            json.WriteEndObject();
        }
    }
}
