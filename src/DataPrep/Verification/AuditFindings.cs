using System.Globalization;

namespace DataPrep.Verification;

/// <summary>Makes findings of what an audit has found of a provider.</summary>
internal sealed class AuditFindings(FindingLog log, AuditOptions options)
{
    /// <summary>Each sample with other bytes is a finding; where a server does not give any, one says so for all that it says the same of.</summary>
    public void Report(ProviderReport report)
    {
        foreach (var group in report.Answers.Where(row => !row.Answer.IsProved).GroupBy(row => Key(row.Sample, row.Answer)))
        {
            var (sample, answer) = group.First();
            string place = $"segment of {sample.Length} bytes", tried = answer.Attempts > 1 ? $", {answer.Attempts} times" : "", more = "";
            if (group.Count() is > 1 and var count)
                more = $"; and the same for {count - 1} more (pieces: {group.Select(row => row.Sample.Piece.PieceCid).Distinct().Count()})";
            log.Take(Finding(report, "error", answer.Code!, report.Provider.UrlOf(sample.Piece).OriginalString, sample.Offset, $"{place}: {answer.Message}{tried}{more}"));
        }

        if (!report.IsSlow)
            return;
        string median = string.Create(CultureInfo.InvariantCulture, $"slower than asked for: medians are {report.Latency.Median:0.000} s to the first byte and {report.Rate / (1 << 20):0.00} MiB/s");
        log.Take(Finding(report, options.FailSlow ? "error" : "warning", "slow", report.Provider.Template, -1, median));
    }

    private static (string, string?, int) Key(AuditSample sample, SegmentAnswer answer) => answer.Outcome is AuditOutcome.Corrupt or AuditOutcome.Truncated
        ? ($"{sample.Piece.PieceCid} {sample.Segment}", answer.Message, 0)
        : ("", answer.Message, answer.Attempts);

    private static Finding Finding(ProviderReport report, string severity, string code, string path, long offset, string message) =>
        new(severity, code, path, offset, message) { Provider = report.Provider.Id };
}
