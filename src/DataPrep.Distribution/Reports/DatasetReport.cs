using System.Text.Json;
using DataPrep.Distribution.Exports;

namespace DataPrep.Distribution.Reports;

/// <summary>The figures of a packed dataset that a report shows, gathered from its records and its log of runs.</summary>
internal sealed class DatasetReport
{
    private readonly ExportDataset dataset;
    private readonly RunHistory runs;
    private readonly PieceFigures pieces;
    private readonly FileFigures files;
    private readonly PlanFigures? plan;
    private readonly CancellationToken cancel;

    /// <param name="folder">A packed dataset.</param>
    /// <exception cref="IOException">It holds none, or cannot be read.</exception>
    /// <exception cref="Ipld.MalformedDataException">A record is not what it should be.</exception>
    public DatasetReport(string folder, CancellationToken cancel)
    {
        this.cancel = cancel;
        dataset = new ExportDataset(folder);
        runs = RunHistory.Read(folder, cancel);
        plan = PlanFigures.Read(folder, cancel);
        pieces = PieceFigures.Read(folder, cancel);
        files = FileFigures.Read(folder, cancel);
    }

    /// <summary>Number of pieces.</summary>
    public long Pieces => pieces.Count;

    /// <summary>Writes the figures as one object, of ASCII alone and without a character that HTML knows.</summary>
    public void WriteTo(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        var record = dataset.Record;
        json.WriteStartObject();
        json.WriteString("tool", Product.Tool);
        json.WriteStartObject("dataset");
        json.WriteString("name", ShownText.Of(record.Name));
        json.WriteString("rootCid", ShownText.Of(record.RootCid));
        json.WriteString("previous", record.Previous is { } previous ? ShownText.Of(previous) : null);
        json.WriteString("profile", ShownText.Of(record.Profile));
        json.WriteString("tool", ShownText.Of(record.Tool));
        json.WriteNumber("chunkSize", record.ChunkSize);
        json.WriteNumber("pieceSize", record.PieceSize);
        json.WriteNumber("files", record.Files);
        json.WriteNumber("directories", record.Directories);
        json.WriteNumber("links", record.Links);
        json.WriteNumber("bytes", record.Bytes);
        json.WriteBoolean("inline", record.Inline);
        json.WriteEndObject();
        runs.WriteTo(json);
        pieces.WriteTo(json);
        files.WriteTo(json);
        SkippedFigures.Write(dataset.Folder, json, cancel);
        if (plan is not null)
            plan.WriteTo(json);
        else
            json.WriteNull("plan");
        json.WriteEndObject();
    }
}
