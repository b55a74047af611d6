using System.Globalization;
using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Distribution.Reports;

/// <summary>What the log of runs tells. It may be missing, cut or damaged: what can be read of it is taken, in bounded memory.</summary>
internal sealed class RunHistory
{
    /// <summary>Runs that are kept: the last ones.</summary>
    public const int MostRuns = 100;

    private const int MostPoints = 4000, MostSlowFiles = 50, LongestText = 100;
    private readonly Queue<LoggedRun> runs = new();
    private LoggedRun? current;
    private long count, damaged;
    private bool isThere, goesOn;
    private List<(string Name, long Bytes, double Seconds)>? slowFiles;

    /// <exception cref="IOException">The log is there, and cannot be read.</exception>
    public static RunHistory Read(string folder, CancellationToken cancel)
    {
        string path = Path.Join(folder, OutputFolder.WorkFolder, RunLog.FileName);
        var history = new RunHistory { isThere = File.Exists(path) };
        if (!history.isThere)
            return history;
        var lines = new LenientLines(path, cancel);
        lines.Read(history.Take);
        history.damaged = lines.Damaged;
        return history;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        while (runs.Sum(run => run.Points) > MostPoints)
        {
            foreach (var run in runs)
                run.Thin();
        }

        json.WriteStartObject("log");
        json.WriteBoolean("isThere", isThere);
        json.WriteNumber("damaged", damaged);
        json.WriteNumber("earlierRuns", count - runs.Count);
        json.WriteStartArray("runs");
        bool hasPart = goesOn;
        foreach (var run in runs)
        {
            run.WriteTo(json, hasPart);
            hasPart = run.Outcome is not "done";
        }

        json.WriteEndArray();
        json.WriteEndObject();

        if (slowFiles is null)
        {
            json.WriteNull("slowFiles");
            return;
        }

        json.WriteStartArray("slowFiles");
        foreach (var (name, bytes, seconds) in slowFiles)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteNumber("bytes", bytes);
            json.WriteNumber("seconds", seconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private bool Take(JsonElement line)
    {
        string? type = LenientLines.Text(line, "type");
        if (type == "begin")
        {
            Begin(new LoggedRun(Time(line))
            {
                Tool = Short(line, "tool"),
                Kernel = Short(line, "kernel"),
                Threads = LenientLines.Bytes(line, "threads"),
            });
            return true;
        }

        if (type is not ("sample" or "end") || PointOf(line) is not { } point)
            return false;
        string? outcome = type == "end" ? LenientLines.Text(line, "outcome") is "done" ? "done" : "broken-off" : null;
        if (current is null || !current.Take(point, outcome))
        {
            // Of a run whose first line is missing.
            Begin(new LoggedRun(Started: null));
            _ = current!.Take(point, outcome);
        }

        if (outcome == "done")
            slowFiles = SlowFilesOf(line);
        return true;
    }

    private void Begin(LoggedRun run)
    {
        runs.Enqueue(current = run);
        count++;
        if (runs.Count > MostRuns)
            goesOn = runs.Dequeue().Outcome is not "done";
    }

    private static LoggedRun.Point? PointOf(JsonElement line)
    {
        if (LenientLines.Number(line, "seconds") is not { } seconds || LenientLines.Bytes(line, "bytes") is not { } bytes)
            return null;
        if (!line.TryGetProperty("stages", out var stages) || stages.ValueKind != JsonValueKind.Object)
            return null;
        double[] times = new double[LoggedRun.Stages.Length];
        for (int i = 0; i < times.Length; i++)
        {
            if (LenientLines.Number(stages, LoggedRun.Stages[i]) is not { } time)
                return null;
            times[i] = time;
        }

        return new LoggedRun.Point(seconds, bytes, LenientLines.Bytes(line, "bytesTotal") ?? 0, times);
    }

    private static List<(string, long, double)> SlowFilesOf(JsonElement line)
    {
        var files = new List<(string, long, double)>();
        if (!line.TryGetProperty("slowFiles", out var list) || list.ValueKind != JsonValueKind.Array)
            return files;
        foreach (var file in list.EnumerateArray().Where(file => file.ValueKind == JsonValueKind.Object).Take(MostSlowFiles))
        {
            if (LenientLines.Text(file, "path") is { } path && LenientLines.Bytes(file, "bytes") is { } bytes && LenientLines.Number(file, "seconds") is { } seconds)
                files.Add((ShownText.Path(path, LenientLines.Text(file, "pathHex")), bytes, seconds));
        }

        return files;
    }

    private static string? Time(JsonElement line) =>
        DateTimeOffset.TryParse(LenientLines.Text(line, "started"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)
            : null;

    private static string? Short(JsonElement line, string name) =>
        LenientLines.Text(line, name) is { } text ? ShownText.Of(text.Length > LongestText ? text[..LongestText] : text) : null;
}
