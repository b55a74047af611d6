using DataPrep.Verification;

namespace DataPrep.Comparison;

/// <summary>Reports findings with the severities that the requirements give them: of each code the first few, and how many more there are.</summary>
internal sealed class RequirementFindings(FindingLog log, Requirements requirements)
{
    private const int Most = 20;

    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);

    /// <param name="atMost">The gravest severity that it may have here; null for the one it has.</param>
    public void Take(string code, string path, long offset, string message, string? atMost = null)
    {
        string severity = requirements.SeverityOf(code);
        if (severity == "off")
            return;
        severity = atMost ?? severity;
        long count = counts[code] = counts.GetValueOrDefault(code) + 1;
        if (count <= Most)
            log.Take(new Finding(severity, code, path, offset, message));
    }

    /// <summary>Says how many were not shown.</summary>
    public void End(string path)
    {
        foreach (var (code, count) in counts.Where(code => code.Value > Most))
            log.Take(new Finding(requirements.SeverityOf(code), code, path, -1, $"{count - Most} more of this kind"));
    }
}
