using System.Globalization;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary>What an audit prints.</summary>
internal static class AuditOutput
{
    public static string Word(AuditOutcome outcome) => outcome switch
    {
        AuditOutcome.Retrievable => "retrievable",
        AuditOutcome.Slow => "slow",
        AuditOutcome.Corrupt => "corrupt",
        AuditOutcome.Truncated => "truncated",
        AuditOutcome.Unreachable => "unreachable",
        _ => "refused",
    };

    /// <summary>Each sample: docs/schema/audit-sample.schema.json; for people with <c>--verbose</c>.</summary>
    public static void Samples(AuditRound round, Terminal terminal)
    {
        foreach (var report in round.Reports)
        {
            foreach (var (sample, answer) in report.Answers)
            {
                terminal.Event("sample", writer =>
                {
                    writer.WriteString("provider", report.Provider.Id);
                    writer.WriteString("region", report.Provider.Region);
                    writer.WriteString("pieceCid", sample.Piece.PieceCid);
                    writer.WriteNumber("offset", sample.Offset);
                    writer.WriteNumber("length", sample.Length);
                    writer.WriteBoolean("tail", sample.IsTail);
                    writer.WriteString("outcome", Word(answer.Outcome));
                    writer.WriteString("code", answer.Code);
                    writer.WriteString("message", answer.Message);
                    if (answer.Status is { } status)
                        writer.WriteNumber("status", status);
                    else
                        writer.WriteNull("status");
                    writer.WriteNumber("attempts", answer.Attempts);
                    writer.WriteNumber("bytes", answer.Bytes);
                    writer.WriteNumber("firstByteSeconds", Math.Round(answer.FirstByte.TotalSeconds, 6));
                    writer.WriteNumber("seconds", Math.Round(answer.Time.TotalSeconds, 6));
                });
                terminal.Detail(string.Create(CultureInfo.InvariantCulture, $"{report.Provider.Id} {sample.Piece.PieceCid} at {sample.Offset}: {Word(answer.Outcome)}, {answer.Attempts} request(s), {answer.FirstByte.TotalMilliseconds:0.0} ms, {answer.Bytes} bytes in {answer.Time.TotalMilliseconds:0.0} ms"));
            }
        }
    }

    public static void Table(AuditRound round, Terminal terminal)
    {
        string providers = $"{round.Reports.Count} provider{(round.Reports.Count == 1 ? "" : "s")}";
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"Audited {providers} at {round.Time:yyyy-MM-dd HH:mm:ss}Z: {round.Samples} of {round.Population} segments ({SizeText.Format(round.Reports.Sum(report => report.Bytes))}) in {round.Seconds:0.0} s"));
        var rows = new List<string[]> { (string[])["provider", "region", "status", "samples", .. Enum.GetValues<AuditOutcome>().Select(Word), "first byte: median", "p95", "max", "rate"] };
        foreach (var report in round.Reports)
        {
            rows.Add(
            [
                report.Provider.Id, report.Provider.Region ?? "-", report.Status, Number(report.Answers.Count), .. Enum.GetValues<AuditOutcome>().Select(outcome => Number(report.Count(outcome))),
                Milliseconds(report.Latency.Median), Milliseconds(report.Latency.P95), Milliseconds(report.Latency.Max), report.Rate > 0 ? SizeText.Format((long)report.Rate) + "/s" : "-",
            ]);
        }

        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            terminal.Result("  " + string.Join("  ", row.Select((value, column) => column < 3 ? value.PadRight(widths[column]) : value.PadLeft(widths[column]))).TrimEnd());
        foreach (var region in round.Reports.GroupBy(report => report.Provider.Region).Where(group => group.Key is not null))
            terminal.Result($"  region {region.Key}: {region.Count(report => report.IsSound)} of {region.Count()} without an error");
        foreach (var report in round.Reports.Where(report => report.IsSound))
        {
            long detectable = report.Plan.Detectable(round.Options.Confidence);
            double part = Math.Min(1, (double)detectable / report.Plan.Population);
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"  {report.Provider.Id}: damage to {detectable} of its {report.Plan.Population} segments or more ({100 * part:0.####} %) would have been found with a probability of {100 * round.Options.Confidence:0.####} % or more"));
        }

        terminal.Result($"  seed        {round.Seed}");
        if (round.ExitCode == ExitCode.TryAgain)
            terminal.Result("FAILED: no server has given any answer: see that this machine has a network, and run again");
        else if (round.Errors > 0)
            terminal.Result($"FAILED: {round.Errors} error{(round.Errors == 1 ? "" : "s")} found");
        else
            terminal.Result("no error");
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double seconds) => seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0.0} ms") : "-";
}
