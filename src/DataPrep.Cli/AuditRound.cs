using System.Globalization;
using System.Text.Json;
using DataPrep.Piece;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary>One round of an audit, as the summary and the history have it: docs/schema/audit-summary.schema.json.</summary>
internal sealed record AuditRound(int Number, DateTimeOffset Time, string Seed, AuditOptions Options)
{
    public IReadOnlyList<ProviderReport> Reports { get; init; } = [];

    public int Errors { get; init; }

    public int Warnings { get; init; }

    public double Seconds { get; init; }

    public long Samples => Reports.Sum(report => report.Plan.Count);

    public long Population => Reports.Sum(report => report.Plan.Population);

    /// <summary>Where no server has given any answer, it may as well be this machine that has no network: to be tried again.</summary>
    public int ExitCode => Errors == 0 ? Cli.ExitCode.Done : Reports.Any(report => report.HasAnswered) ? Cli.ExitCode.Verification : Cli.ExitCode.TryAgain;

    /// <summary>The fields behind <c>type</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteBoolean("ok", Errors == 0);
        writer.WriteNumber("exitCode", ExitCode);
        writer.WriteNumber("round", Number);
        writer.WriteString("time", Time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        writer.WriteString("seed", Seed);
        writer.WriteString("method", "stratified");
        writer.WriteNumber("samples", Samples);
        writer.WriteNumber("population", Population);
        writer.WriteNumber("segmentBytes", SubTreeHasher.SegmentRaw);
        writer.WriteNumber("confidence", Options.Confidence);
        writer.WriteStartArray("providers");
        foreach (var report in Reports)
        {
            writer.WriteStartObject();
            Write(writer, report);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("regions");
        foreach (var region in Reports.GroupBy(report => report.Provider.Region))
        {
            writer.WriteStartObject();
            writer.WriteString("region", region.Key);
            writer.WriteNumber("providers", region.Count());
            writer.WriteNumber("failed", region.Count(report => report.HasFailed));
            WriteCounts(writer, [.. region]);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteNumber("bytes", Reports.Sum(report => report.Bytes));
        writer.WriteNumber("errors", Errors);
        writer.WriteNumber("warnings", Warnings);
        writer.WriteNumber("seconds", Math.Round(Seconds, 3));
    }

    /// <summary>A line of the history.</summary>
    public byte[] ToLine()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "summary");
            Write(writer);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private void Write(Utf8JsonWriter writer, ProviderReport report)
    {
        long detectable = report.Plan.Detectable(Options.Confidence);
        writer.WriteString("provider", report.Provider.Id);
        writer.WriteString("region", report.Provider.Region);
        writer.WriteString("url", report.Provider.Template);
        writer.WriteString("status", report.Status);
        writer.WriteNumber("pieces", report.Pieces);
        writer.WriteNumber("samples", report.Plan.Count);
        writer.WriteNumber("population", report.Plan.Population);
        writer.WriteNumber("strataCount", report.Plan.Samples.Count);
        writer.WriteNumber("detectableSegments", detectable);
        writer.WriteNumber("bound", Math.Round(Math.Min(1, (double)detectable / report.Plan.Population), 9));
        writer.WriteNumber("tailSamples", report.Tails);
        WriteCounts(writer, [report]);
        writer.WriteNumber("retries", report.Retries);
        writer.WriteStartObject("firstByteSeconds");
        writer.WriteNumber("median", Math.Round(report.Latency.Median, 6));
        writer.WriteNumber("p95", Math.Round(report.Latency.P95, 6));
        writer.WriteNumber("max", Math.Round(report.Latency.Max, 6));
        writer.WriteEndObject();
        writer.WriteNumber("bytesPerSecond", Math.Round(report.Rate));
        writer.WriteNumber("bytes", report.Bytes);
    }

    private static void WriteCounts(Utf8JsonWriter writer, ProviderReport[] reports)
    {
        foreach (var outcome in Enum.GetValues<AuditOutcome>())
            writer.WriteNumber(AuditOutput.Word(outcome), reports.Sum(report => report.Count(outcome)));
    }
}
