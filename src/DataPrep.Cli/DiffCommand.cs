using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using DataPrep.Comparison;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary><c>dataprep diff</c></summary>
internal static class DiffCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        const string Sides = "a packed dataset, a files.jsonl, or a tree of files";
        var before = new Argument<string>("A") { Description = $"What was: {Sides}" };
        var after = new Argument<string>("B") { Description = $"What is: {Sides}" };
        var checksum = new Option<bool>("--checksum") { Description = "Read the files of a tree and compare them by content; without it, size and time of modification decide" };
        var metadata = new Option<bool>("--metadata") { Description = "Show other modes and times of modification too" };
        var summary = new Option<bool>("--summary") { Description = "Print the numbers alone" };
        var exitCode = new Option<bool>("--exit-code") { Description = "Exit with 4 where anything differs" };
        var command = new Command("diff", "Compares two packed datasets, or one with a tree of files: added, removed, changed, moved") { before, after, checksum, metadata, summary, exitCode };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                var clock = Stopwatch.StartNew();
                var progress = new PackCounters();
                bool isHashed = parsed.GetValue(checksum);
                using var sides = terminal.WithProgress("Reading", progress, () =>
                    new ComparedSides(parsed.GetValue(before)!, parsed.GetValue(after)!, isHashed, parsed.GetValue(common.Threads), progress, terminal.Warn, CommandRunner.Cancel));
                var counts = new ListComparer(sides.Before, sides.After, sides.IsByContent, parsed.GetValue(metadata), CommandRunner.Cancel).Run(parsed.GetValue(summary) ? null : difference => Show(difference, terminal));
                if (counts.Unreadable > 0)
                    terminal.Warn($"{counts.Unreadable} file{(counts.Unreadable == 1 ? "" : "s")} could not be read, or changed meanwhile: whether they differ is not known");
                Summarize(counts, sides, clock.Elapsed, terminal);
                return !counts.AreEqual && parsed.GetValue(exitCode) ? ExitCode.Verification
                    : sides.Skipped + counts.Unreadable > 0 ? ExitCode.Skipped
                    : ExitCode.Done;
            });
        });
        return command;
    }

    private static void Show(in Difference difference, Terminal terminal)
    {
        var (kind, before, after) = difference;
        var entry = (after ?? before)!.Value;
        string path = PathText.Show(entry.Path);
        terminal.Event(NameOf(kind), writer =>
        {
            WritePath(writer, "path", entry.Path);
            if (kind == DifferenceKind.Moved)
                WritePath(writer, "from", before!.Value.Path);
            writer.WriteString("entryType", entry.Type);
            writer.WriteNumber("size", entry.Size);
            if (kind == DifferenceKind.TypeChanged)
                writer.WriteString("entryTypeBefore", before!.Value.Type);
            if (kind is DifferenceKind.Changed or DifferenceKind.TypeChanged)
                writer.WriteNumber("sizeBefore", before!.Value.Size);
            if (kind == DifferenceKind.Metadata)
                WriteMetadata(writer, before!.Value, entry);
        });
        terminal.Result(kind switch
        {
            DifferenceKind.Moved => $"moved     {PathText.Show(before!.Value.Path)} -> {path}",
            DifferenceKind.TypeChanged => $"type      {path}: {before!.Value.Type} -> {entry.Type}",
            DifferenceKind.Changed when before!.Value.Size != entry.Size => $"changed   {path}: {before.Value.Size} -> {entry.Size} bytes",
            DifferenceKind.Metadata => $"metadata  {path}: {MetadataText(before!.Value, entry)}",
            _ => $"{NameOf(kind),-9} {path}{(entry.Type == "dir" ? "/" : "")}",
        });
    }

    private static string NameOf(DifferenceKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());

    private static void WritePath(Utf8JsonWriter writer, string name, byte[] path)
    {
        var (text, hex) = RecordFile.PathFields(path);
        writer.WriteString(name, text);
        if (hex is not null)
            writer.WriteString(name + "Hex", hex);
    }

    private static void WriteMetadata(Utf8JsonWriter writer, in ListedEntry before, in ListedEntry after)
    {
        writer.WriteNumber("mode", after.Mode);
        writer.WriteNumber("modeBefore", before.Mode);
        writer.WriteString("mtime", after.Mtime);
        writer.WriteString("mtimeBefore", before.Mtime);
    }

    private static string MetadataText(in ListedEntry before, in ListedEntry after)
    {
        string mode = before.Mode == after.Mode || after.Type == "symlink" ? "" : $"mode {Convert.ToString(before.Mode, 8)} -> {Convert.ToString(after.Mode, 8)}";
        string time = before.Mtime == after.Mtime ? "" : $"{before.Mtime ?? "no time"} -> {after.Mtime ?? "no time"}";
        return string.Join(", ", new[] { mode, time }.Where(text => text.Length > 0));
    }

    private static void Summarize(DifferenceCounts counts, ComparedSides sides, TimeSpan time, Terminal terminal)
    {
        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("equal", counts.AreEqual);
            foreach (var kind in Enum.GetValues<DifferenceKind>())
                writer.WriteNumber(JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()), counts[kind]);
            writer.WriteNumber("same", counts.Same);
            writer.WriteNumber("unreadable", counts.Unreadable);
            writer.WriteNumber("skipped", sides.Skipped);
            writer.WriteNumber("bytesAdded", counts.BytesAdded);
            writer.WriteNumber("bytesRemoved", counts.BytesRemoved);
            writer.WriteNumber("seconds", Math.Round(time.TotalSeconds, 3));
        });
        string metadata = counts[DifferenceKind.Metadata] > 0 ? $", {counts[DifferenceKind.Metadata]} of them with other modes or times" : "";
        terminal.Result(counts.AreEqual
            ? $"No difference in {counts.Same} entries"
            : string.Create(CultureInfo.InvariantCulture, $"{counts[DifferenceKind.Added]} added ({SizeText.Format(counts.BytesAdded)}), {counts[DifferenceKind.Removed]} removed ({SizeText.Format(counts.BytesRemoved)}), {counts[DifferenceKind.Changed]} changed, {counts[DifferenceKind.Moved]} moved, {counts[DifferenceKind.TypeChanged]} of another type; {counts.Same} the same{metadata}"));
    }
}
