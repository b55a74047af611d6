using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Distribution.Drives;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary>Options of <c>distribute</c> for pieces that are sent on drives.</summary>
internal sealed class DriveOptions
{
    private readonly Option<long?> media = OptionOf.Size("--media", "Size of the drives that pieces are sent on, such as 18TB: plan which pieces go on which drive for providers with the method drive, or for all where no provider has a method");
    private readonly Option<string?> copy = new("--copy") { Description = "Copy the pieces of a drive of the plan, f01234/1, to the folder that it is mounted at; run again, it goes on", HelpName = "DRIVE" };
    private readonly Option<string?> to = new("--to") { Description = "Folder that the drive is mounted at", HelpName = "DIR" };
    private readonly Option<bool> readBack = new("--read-back") { Description = "Read each piece from the drive again before it counts" };
    private readonly SourceOption source;

    public DriveOptions(Command command)
    {
        foreach (var option in (Option[])[media, copy, to, readBack])
            command.Options.Add(option);
        source = new SourceOption(command);
    }

    /// <summary>Bytes of a drive; null where none are planned.</summary>
    public long? Media(ParseResult parsed) => parsed.GetValue(media) is { } bytes ? bytes > 0 ? bytes : throw new UsageException("--media: a drive has more than no bytes") : null;

    /// <summary>The drive that is to be copied; null where none is.</summary>
    public string? Drive(ParseResult parsed)
    {
        string? drive = parsed.GetValue(copy);
        if (drive is null && (parsed.GetValue(to) is not null || parsed.GetValue(readBack)))
            throw new UsageException("--to and --read-back go with --copy DRIVE");
        return drive;
    }

    /// <summary>Shows the drives of a plan.</summary>
    public static void Show(IReadOnlyList<DriveRecord> drives, Terminal terminal)
    {
        foreach (var drive in drives)
        {
            terminal.Event("drive", writer =>
            {
                writer.WriteString("provider", drive.Provider);
                writer.WriteNumber("drive", drive.Drive);
                writer.WriteNumber("pieces", drive.Pieces.Count);
                writer.WriteNumber("bytes", drive.Bytes);
                writer.WriteNumber("capacity", drive.Capacity);
            });
        }

        foreach (var group in drives.GroupBy(drive => drive.Provider))
        {
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"  {group.Key}: {group.Count()} drive(s) with {SizeText.Format(group.Sum(drive => drive.Bytes))}, "
                + $"{string.Join(" ", group.Take(8).Select(drive => $"{drive.Name}={100.0 * drive.Bytes / drive.Capacity:0.0}%"))}{(group.Count() > 8 ? " ..." : "")}"));
        }
    }

    /// <summary>Copies the pieces of a drive.</summary>
    /// <param name="folder">The packed dataset.</param>
    /// <param name="name">Of the drive.</param>
    public int Copy(ParseResult parsed, string folder, string name, int threads, Terminal terminal)
    {
        string place = parsed.GetValue(to) is { Length: > 0 } named ? named : throw new UsageException("--to DIR is missing: the folder that the drive is mounted at");
        var planned = DrivePlan.Read(folder);
        if (planned.Count == 0)
            throw new FileNotFoundException($"{DrivePlan.PathIn(folder)}: no drives are planned; distribute --media SIZE plans them");
        var drive = planned.FirstOrDefault(drive => drive.Name == name) ?? throw new UsageException($"--copy: there is no drive '{name}'; there are {string.Join(" ", planned.Take(20).Select(drive => drive.Name))}{(planned.Count > 20 ? " ..." : "")}");
        if (!Directory.Exists(place))
            throw new DirectoryNotFoundException($"{place}: no such folder; is the drive mounted?");
        if (Path.GetFullPath(place) == Path.GetFullPath(folder))
            throw new UsageException("--to: the dataset cannot be copied into itself");
        var dataset = RecordFile.Read(Path.Join(folder, RecordFile.Dataset), RecordJson.Default.DatasetRecord);
        var wanted = drive.Pieces.ToHashSet(StringComparer.Ordinal);
        PieceRecord[] pieces = [.. RecordFile.PieceLinesOf(Path.Join(folder, RecordFile.Pieces)).Select(line => line.Record).Where(piece => wanted.Contains(piece.PieceCid)).DistinctBy(piece => piece.PieceCid)];
        if (pieces.Length < wanted.Count)
            throw new MalformedDataException($"{wanted.Count - pieces.Length} piece(s) of drive {name} are not among the dataset's any more: plan again with --media", 0, DrivePlan.PathIn(folder));

        var clock = Stopwatch.StartNew();
        var target = new OutputFolder(place);
        var label = new DriveLabel(dataset.RootCid, dataset.Name, drive.Provider, drive.Drive, planned.Count(other => other.Provider == drive.Provider));
        var progress = new PackCounters();
        int there;
        using (target.Hold())
            there = terminal.WithProgress("Copying", progress, () => new DriveCopy(folder, target, source.Of(parsed), threads, progress, CommandRunner.Cancel).Run(label, pieces, parsed.GetValue(readBack)));
        long bytes = pieces.Sum(piece => piece.CarSize);
        double seconds = clock.Elapsed.TotalSeconds;
        terminal.Event("copied", writer =>
        {
            writer.WriteString("drive", drive.Name);
            writer.WriteString("path", place);
            writer.WriteNumber("pieces", pieces.Length);
            writer.WriteNumber("wereThere", there);
            writer.WriteNumber("bytes", bytes);
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
        });
        string before = there > 0 ? $", {there} of them there before" : "";
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{place} is drive {drive.Name}: {pieces.Length} piece(s){before}, {SizeText.Format(bytes)} in {seconds:0.0} s; {DriveCopy.Text} says how to check it"));
        return ExitCode.Done;
    }
}
