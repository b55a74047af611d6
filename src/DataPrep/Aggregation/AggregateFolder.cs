using System.Text;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Aggregation;

/// <summary>The folder that an aggregate is written to; docs/aggregate.md describes its files.</summary>
internal static class AggregateFolder
{
    public const string Dataset = "aggregate.json", Segments = "aggregate.jsonl", Inclusions = "inclusion.jsonl", Sources = "aggregate.tsv";

    /// <summary>Extension of payload files.</summary>
    public const string PayloadExtension = ".data";

    /// <summary>Writes all but the payload; <c>aggregate.json</c> comes last.</summary>
    /// <param name="template">URL of a piece, for the list of sources; null for none.</param>
    /// <exception cref="UsageException">Another aggregate is there.</exception>
    /// <exception cref="IOException">Something cannot be written.</exception>
    public static void Write(OutputFolder folder, Aggregate aggregate, string? template, CancellationToken cancel)
    {
        var record = AggregateRecord.Of(aggregate);
        string path = folder.FileOf(Dataset);
        if (File.Exists(path) && RecordFile.Read(path, AggregateJson.Default.AggregateRecord) is { } there && there.PieceCid != record.PieceCid)
            throw new UsageException($"{folder.Path} has the aggregate {there.PieceCid}, and this is {record.PieceCid}: choose another folder");
        var numbers = Enumerable.Range(0, aggregate.Pieces.Count).Select(number =>
        {
            cancel.ThrowIfCancellationRequested();
            return number;
        });
        folder.Write(Segments, stream => RecordFile.WriteLines(stream, numbers.Select(number => SegmentRecord.Of(aggregate, number)), AggregateJson.Default.SegmentRecord));
        folder.Write(Inclusions, stream => RecordFile.WriteLines(stream, numbers.Select(number => InclusionRecord.Of(aggregate.Inclusion(number))), InclusionJson.Default.InclusionRecord));
        if (template is not null)
        {
            var provider = new AuditProvider("", null, template);
            folder.Write(Sources, stream =>
            {
                foreach (var segment in numbers.Select(number => SegmentRecord.Of(aggregate, number)))
                    stream.Write(Encoding.UTF8.GetBytes($"{segment.PieceCidV2}\t{provider.UrlOf(segment.PieceCid, segment.PieceCidV2).OriginalString}\n"));
            });
        }

        folder.Write(Dataset, stream => RecordFile.Write(stream, record, AggregateJson.Default.AggregateRecord));
    }
}
