using System.Globalization;
using System.Text.Json;
using DataPrep.Hashing;
using static DataPrep.Cli.Bench.BenchText;

namespace DataPrep.Cli.Bench;

/// <summary>Says what a run found out: to people, to programs, and as a page.</summary>
/// <param name="comparison">With an earlier run; null where none was named.</param>
internal sealed class BenchReport(BenchRun run, BenchSettings settings, DateTimeOffset started, BenchComparison? comparison)
{
    public BenchRun Run => run;

    public BenchComparison? Comparison => comparison;

    /// <summary>What it was measured on and with, each with its name.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts
    {
        get
        {
            var facts = new List<(string, string)>
            {
                ("CPU", $"{Machine.Cpu}, {Count(Environment.ProcessorCount)} logical CPU{(Environment.ProcessorCount == 1 ? "" : "s")}, {Count(settings.Threads)} used"),
                ("Memory", SizeText.Format(Machine.Memory)),
                ("System", $"{Machine.Kernel}, {Machine.Runtime}, {Product.Tool}"),
                ("SHA-256", $"{Sha256Kernels.Choice.Chosen.Name}, {Sha256Kernels.Choice.Reason}{(NativeKernels.Absence is { } absence ? $"; no native kernels: {absence}" : "")}"),
            };
            if (settings.Folder is { } folder)
                facts.Add(("Folder", $"{Path.GetFullPath(folder)}, {run.FileSystem} on {run.Device}{(run.Ceilings.InMemory ? ", in memory" : "")}"));
            facts.Add(("Run", $"{started.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC, {Time(run.Seconds)}{(settings.IsQuick ? ", quick" : "")}; {(run.Quiet.Complaint is { } complaint ? $"the machine was not quiet: {complaint}" : "the machine was quiet")}"));
            return facts;
        }
    }

    /// <summary>What a reader has to know first: what limits packing and what would help, and how far to trust it.</summary>
    public IReadOnlyList<string> Words
    {
        get
        {
            var words = run.Advice.Sentences.ToList();
            if (run.Quiet.Complaint is { } complaint)
                words.Insert(1, $"The machine was not quiet, so take all figures, and what follows from them, with care: {complaint}.");
            else if (run.Results.Where(result => result.Spread > Quietness.MostSpread * 2).ToList() is { Count: > 0 } uneven)
                words.Add($"{uneven.Count} of {run.Results.Count} results varied by more than {Share(Quietness.MostSpread * 2)} from repeat to repeat: look at the column 'spread' before building on them.");
            if (comparison is not null)
                words.Add(comparison.Summary);
            return words;
        }
    }

    public void Show(Terminal terminal)
    {
        foreach (var result in run.Results)
        {
            terminal.Event("result", writer =>
            {
                result.WriteTo(writer);
                WriteChange(writer, result);
            });
        }

        foreach (var part in run.Skipped)
        {
            terminal.Event("skipped", writer =>
            {
                writer.WriteString("name", part.Name);
                writer.WriteString("reason", part.Reason);
            });
        }

        terminal.Event("summary", WriteSummary);
        ShowTable(terminal);
    }

    public void WritePage(Stream stream) => BenchPage.Write(this, stream);

    /// <summary>What is shown beside a rate: files or reads a second, and how it was measured.</summary>
    public static string Remark(BenchResult result) => string.Join(", ", ((string?[])
    [
        result.FilesPerSecond is { } files ? $"{Count(files)} files/s" : null,
        result.ReadsPerSecond is { } reads ? $"{Count(reads)} reads/s" : null,
        result.Efficiency is { } efficiency && result.Threads > 1 ? $"{Share(efficiency)} of {result.Threads} times one thread" : null,
        result.Note,
    ]).OfType<string>());

    private void ShowTable(Terminal terminal)
    {
        foreach (var (name, value) in Facts)
            terminal.Result($"{name,-8} {value}");
        terminal.Result("");
        string more = comparison is null ? "" : "   change   of x";
        terminal.Result($"{"",-24} threads        rate       x  spread{more}");
        foreach (var result in run.Results)
        {
            string change = comparison is null ? "" : comparison.Of(result) is { } found
                ? Text($" {Change(found.Change),8} {(found.RatioChange is { } ratio ? Change(ratio) : "-"),8}{(found.IsClear ? "*" : " ")}")
                : Text($" {"new",8} {"",9}");
            terminal.Result(Text($"{result.Name,-24} {result.Threads,7} {Speed(result.BytesPerSecond),11} {result.RatioToReference,7:0.00} {Share(result.Spread),7}{change}  {Remark(result)}").TrimEnd());
        }

        foreach (var part in run.Skipped)
            terminal.Result($"{part.Name,-24} left out: {part.Reason}");
        if (comparison is not null)
            terminal.Result("* outside the noise of both runs");
        terminal.Result("");
        foreach (string word in Words)
            terminal.Result(word);
    }

    private void WriteChange(Utf8JsonWriter writer, BenchResult result)
    {
        if (comparison?.Of(result) is not { } change)
            return;
        writer.WriteNumber("previousBytesPerSecond", (long)change.Before);
        writer.WriteNumber("change", Math.Round(change.Change, 4));
        if (change.RatioChange is { } ratio)
            writer.WriteNumber("ratioChange", Math.Round(ratio, 4));
        else
            writer.WriteNull("ratioChange");
        writer.WriteBoolean("outsideNoise", change.IsClear);
    }

    private void WriteSummary(Utf8JsonWriter writer)
    {
        WriteMachine(writer);
        writer.WriteString("started", started.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        writer.WriteNumber("seconds", Math.Round(run.Seconds, 1));
        writer.WriteBoolean("quick", settings.IsQuick);
        writer.WriteNumber("referenceBytesPerSecond", (long)run.Reference.BytesPerSecond);
        writer.WriteBoolean("quiet", run.Quiet.IsQuiet);
        writer.WriteNumber("referenceSpread", Math.Round(run.Quiet.ReferenceSpread, 4));
        WriteRate(writer, "otherProcessesShare", run.Quiet.Others, 4);
        WriteRate(writer, "stolenShare", run.Quiet.Stolen, 4);

        var advice = run.Advice;
        writer.WriteString("bottleneck", Advice.Word(advice.Limit));
        writer.WriteNumber("bytesPerSecond", (long)advice.Rate);
        writer.WriteString("nextBottleneck", advice.Next is { } next ? Advice.Word(next) : null);
        WriteRate(writer, "nextBytesPerSecond", advice.NextRate, 0);
        WriteRate(writer, "smallFileSize", advice.FileSize, 0);
        writer.WriteNumber("tebibyteSeconds", Math.Round((1L << 40) / advice.Rate, 1));
        writer.WriteNumber("pebibyteSeconds", Math.Round((1L << 50) / advice.Rate));
        writer.WriteNumber("pieceSeconds", Math.Round(Advice.PieceBytes / advice.Rate, 1));
        writer.WriteStartArray("advice");
        foreach (string word in Words)
            writer.WriteStringValue(word);
        writer.WriteEndArray();
        if (comparison is not null)
            WriteComparison(writer, comparison);
    }

    private void WriteMachine(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("machine");
        writer.WriteString("cpu", Machine.Cpu);
        writer.WriteNumber("logicalCpus", Environment.ProcessorCount);
        writer.WriteNumber("threads", settings.Threads);
        writer.WriteNumber("memoryBytes", Machine.Memory);
        writer.WriteString("kernel", Machine.Kernel);
        writer.WriteString("dotnet", Machine.Runtime);
        writer.WriteString("tool", Product.Tool);
        writer.WriteString("sha256", Sha256Kernels.Choice.Chosen.Name);
        writer.WriteString("sha256Reason", Sha256Kernels.Choice.Reason);
        writer.WriteString("nativeKernelsAbsence", NativeKernels.Absence);
        writer.WriteString("folder", settings.Folder is { } folder ? Path.GetFullPath(folder) : null);
        writer.WriteString("fileSystem", run.FileSystem);
        writer.WriteString("device", run.Device);
        writer.WriteBoolean("inMemory", run.Ceilings.InMemory);
        writer.WriteBoolean("cold", run.Ceilings.IsCold);
        writer.WriteEndObject();
    }

    private static void WriteComparison(Utf8JsonWriter writer, BenchComparison comparison)
    {
        writer.WriteStartObject("compare");
        writer.WriteString("path", comparison.Path);
        writer.WriteString("cpu", comparison.EarlierCpu);
        if (comparison.SameCpu is { } same)
            writer.WriteBoolean("sameCpu", same);
        else
            writer.WriteNull("sameCpu");
        writer.WriteNumber("compared", comparison.Compared);
        writer.WriteNumber("faster", comparison.Faster);
        writer.WriteNumber("slower", comparison.Slower);
        writer.WriteStartArray("missing");
        foreach (string name in comparison.Missing)
            writer.WriteStringValue(name);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteRate(Utf8JsonWriter writer, string name, double? rate, int digits)
    {
        if (rate is { } value)
            writer.WriteNumber(name, Math.Round(value, digits));
        else
            writer.WriteNull(name);
    }
}
