using System.Globalization;
using DataPrep.Distribution.Policies;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Distribution.Deals;

/// <summary>Deals beside the plan as Markdown, in the tables that the checkers of Filecoin Plus post.</summary>
internal static class DealReport
{
    public static IEnumerable<string> Lines(DealComparison deals, Policy policy, IReadOnlyList<Finding> findings)
    {
        yield return "## Distribution Report";
        yield return "";
        yield return "### Storage Provider Distribution";
        yield return "";
        yield return "| Provider | Organisation | Region | Total Deals Made | Percentage | Unique Data | Duplicate Deals | Missing | Not Planned |";
        yield return "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |";
        foreach (var row in deals.Providers.OrderByDescending(row => row.Bytes).ThenBy(row => row.Id, StringComparer.Ordinal))
        {
            yield return Row(
                row.Id, row.Planned is null ? "not in the plan" : row.Planned.Organisation ?? "-", row.Planned?.Region ?? "-", $"{Size(row.Bytes)} ({row.Deals})", Percent(row.Bytes, deals.Bytes),
                Size(row.UniqueBytes), Percent(row.Bytes - row.UniqueBytes, row.Bytes), Text(row.Missing), Text(row.NotPlanned));
        }

        yield return "";
        yield return "### Deal Data Replication";
        yield return "";
        yield return "| Number of Providers | Pieces | Unique Data Size | Total Deals Made | Percentage of Data |";
        yield return "| ---: | ---: | ---: | ---: | ---: |";
        foreach (var part in deals.Replications)
            yield return Row(Text(part.Providers), Text(part.Pieces), Size(part.UniqueBytes), Size(part.Bytes), Percent(part.UniqueBytes, deals.PlannedUnique));
        yield return "";
        yield return "### Deal Data Shared with other Clients";
        yield return "";
        if (deals.Shared.Count == 0)
        {
            yield return "None.";
        }
        else
        {
            yield return "| Other Client | Total Deals Affected | Unique CIDs |";
            yield return "| --- | ---: | ---: |";
            foreach (var (client, (pieces, bytes)) in deals.Shared)
                yield return Row(client, Size(bytes), Text(pieces.Count));
        }

        if (DealChecks.Tranche(deals, policy) is { } tranche)
        {
            yield return "";
            yield return "### DataCap";
            yield return "";
            yield return "| Used | Needed for all Replicas | Open Tranche | Of Size | Used of it | Left until the next |";
            yield return "| ---: | ---: | ---: | ---: | ---: | ---: |";
            yield return Row(Size(deals.Bytes), Size(deals.PlannedBytes), Text(tranche.Index + 1), Size(tranche.Size), Percent(Math.Max(0, tranche.Used), tranche.Size), Size(Math.Max(0, tranche.Left)));
        }

        yield return "";
        yield return "### Findings";
        yield return "";
        if (findings.Count == 0)
            yield return "None.";
        foreach (var finding in findings)
            yield return $"- {(finding.IsError ? "⚠️ " : "")}{finding.Severity}: {(finding.Provider is { } who ? Escape(who) + " " : "")}{Escape(finding.Message)} [{finding.Code}]";
    }

    private static string Row(params string[] cells) => $"| {string.Join(" | ", cells.Select(Escape))} |";

    /// <summary>Names come from others: none ends a cell, or is more than text.</summary>
    private static string Escape(string text) =>
        string.Concat(text.Select(c => c is '|' or '<' or '>' or '`' or '*' or '[' or ']' or '\\' ? $"\\{c}" : char.IsControl(c) ? " " : c.ToString()));

    private static string Size(long bytes) => SizeText.Format(bytes);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Percent(long part, long whole) => DealChecks.Percent(part, whole).ToString("0.00", CultureInfo.InvariantCulture) + "%";
}
