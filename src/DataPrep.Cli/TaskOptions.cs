using System.CommandLine;
using System.Globalization;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary>The options of <c>pack</c> by which it makes single pieces of a plan, as the tasks of an array do.</summary>
internal sealed class TaskOptions(RemoteOptionSet remote, S3OptionSet s3)
{
    private const string Auto = "auto";

    // Slurm, Kubernetes (indexed jobs), AWS Batch: each the place of a task in its array.
    private static readonly string[] s_variables = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"];

    private readonly Option<string?> plan = new("--plan") { Description = "Make pieces of a plan that the plan command wrote, instead of a whole dataset", HelpName = "PLAN" };
    private readonly Option<string?> piece = new("--piece") { Description = "With --plan: the number of the piece, from 0 on, or several as in 2,7-8; auto takes it from the scheduler", HelpName = "N|auto" };
    private readonly Option<int?> offset = OptionOf.Number("--piece-offset", "With --piece auto: added to the scheduler's number, for arrays that were submitted in parts", 0, int.MaxValue / 2);

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[plan, piece, offset])
            command.Add(option);
    }

    /// <exception cref="UsageException">One of them is given without the others that it needs.</exception>
    public bool IsGiven(ParseResult parsed)
    {
        bool isPlan = parsed.GetValue(plan) is not null, isPiece = parsed.GetValue(piece) is not null;
        if (isPlan != isPiece)
            throw new UsageException("--plan PLAN and --piece N|auto go together");
        if (parsed.GetValue(offset) is not null && parsed.GetValue(piece) != Auto)
            throw new UsageException("--piece-offset goes with --piece auto");
        return isPlan;
    }

    /// <summary>Makes the pieces, one after the other.</summary>
    public int Run(ParseResult parsed, PackOptions options, Terminal terminal)
    {
        string path = parsed.GetValue(plan)!;
        var numbers = Numbers(parsed);
        var sources = PlanHeader.SourcesOf(path);
        using var source = remote.OfPlan(parsed, sources, s3, terminal);
        using var bucket = s3.OutputOfTasks(parsed, options.Output, sources, terminal);
        options = (bucket?.Apply(options) ?? options) with { Remote = source };
        foreach (int number in numbers)
        {
            var progress = new PackCounters();
            TaskResult result;
            try
            {
                result = terminal.WithProgress($"Packing piece {number}", progress, () => new PieceTask(options, path, progress, CommandRunner.Cancel).Run(number));
            }
            catch (OperationCanceledException)
            {
                terminal.Note($"the same command goes on with piece {number} from here, on any machine that sees {options.Output}");
                throw;
            }

            Show(result, options.Output, options.Target is null, terminal);
        }

        return ExitCode.Done;
    }

    /// <exception cref="UsageException">There is no number, or it is none.</exception>
    private IReadOnlyList<int> Numbers(ParseResult parsed)
    {
        string text = parsed.GetValue(piece)!;
        if (text != Auto)
            return ArraySpec.TryParse(text, out var numbers) ? numbers : throw new UsageException($"--piece '{text}': it is a number, several as in 2,7-8, or auto");
        foreach (string variable in s_variables)
        {
            if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } value)
                continue;
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index <= int.MaxValue / 2
                ? [index + (parsed.GetValue(offset) ?? 0)]
                : throw new UsageException($"--piece auto: {variable} is '{value}', which is no number of a piece");
        }

        throw new UsageException($"--piece auto: none of {string.Join(", ", s_variables)} is set, so this is no task of an array; give the number of the piece");
    }

    private static void Show(TaskResult result, string output, bool isStored, Terminal terminal)
    {
        double seconds = result.Elapsed.TotalSeconds;
        terminal.Event("task", writer =>
        {
            writer.WriteNumber("number", result.Number);
            writer.WriteBoolean("alreadyDone", result.AlreadyDone);
            writer.WriteNumber("changes", result.Changes);
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
            if (result.Piece is not { } made)
                return;
            writer.WriteString("pieceCid", made.PieceCid);
            writer.WriteNumber("pieceSize", made.PieceSize);
            writer.WriteNumber("carSize", made.CarSize);
            writer.WriteNumber("bytesPerSecond", (long)(made.CarSize / Math.Max(seconds, 1e-3)));
        });
        if (result.Changes > 0)
            terminal.Warn($"files of piece {result.Number} have changed since the plan was made: finish packs them, or leaves them out");
        if (result.Piece is not { } piece)
        {
            terminal.Result(result is { AlreadyDone: true, Changes: 0 }
                ? $"{output} holds the finished dataset, and piece {result.Number} in it"
                : $"Piece {result.Number} holds nothing any more, since all of it has changed");
            return;
        }

        terminal.Result(result.AlreadyDone
            ? $"Piece {result.Number} was made before"
            : $"Packed piece {result.Number} in {seconds.ToString("0.0", CultureInfo.InvariantCulture)} s, {SizeText.Format((long)(piece.CarSize / Math.Max(seconds, 1e-3)))}/s");
        terminal.Result($"  piece   {piece.PieceCid}");
        terminal.Result($"          {PackReport.Fill(piece.CarSize, piece.PieceSize)}{(isStored ? PackReport.Stored(output, piece) : "")}");
    }
}
