using System.CommandLine;
using System.Text.Json;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary><c>dataprep status</c></summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var output = new Argument<string>("OUT") { Description = "Folder that was, or is, packed into; of several the first" };
        var command = new Command("status", "Says what stands in a folder that was packed into: a finished dataset, one being packed, or one broken off") { output };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                string path = parsed.GetValue(output)!;
                Show(path, DatasetStatus.Of(path), terminal);
                return ExitCode.Done;
            });
        });
        return command;
    }

    private static void Show(string path, DatasetStatus status, Terminal terminal)
    {
        terminal.Event("status", writer =>
        {
            writer.WriteString("state", JsonNamingPolicy.CamelCase.ConvertName(status.State.ToString()));
            writer.WriteString("name", status.Name);
            writer.WriteString("rootCid", status.RootCid);
            WriteNumber(writer, "pieces", status.Pieces);
            writer.WriteNumber("piecesFinished", status.PiecesFinished);
            WriteNumber(writer, "bytes", status.Bytes);
            writer.WriteNumber("bytesFinished", status.BytesFinished);
            writer.WriteNumber("bytesInMaking", status.BytesInMaking);
            writer.WriteNumber("changed", status.Changed);
            writer.WriteNumber("skipped", status.Skipped);
            writer.WriteNumber("leftoverBytes", status.LeftoverBytes);
            if (status.Plan is { } plan)
                writer.WriteString("plan", plan);
        });

        string what = status.Name is { } name ? $"{path}: {name}" : path;
        terminal.Result(status.State switch
        {
            DatasetState.Complete => $"{what} is complete",
            DatasetState.Running => $"{what} is being packed now",
            _ when status.Plan is { } plan => $"{what} is made of pieces by tasks, of the plan {plan}; none is at work where this command can see it",
            _ => $"{what} was broken off",
        });
        if (status.RootCid is { } root)
            terminal.Result($"  root        {root}");
        if (status is { Pieces: > 0, Bytes: { } bytes })
            terminal.Result($"  pieces      {status.PiecesFinished} of {status.Pieces} finished, {SizeText.Format(status.BytesFinished)} of {SizeText.Format(bytes)}");
        if (status is { Plan: not null })
            terminal.Result($"  pieces      {status.PiecesFinished} of {status.Pieces} finished, {SizeText.Format(status.BytesFinished)}");
        if (status is { Pieces: null, Name: not null })
            terminal.Result($"  pieces      {status.PiecesFinished} finished, {SizeText.Format(status.BytesFinished)}; how many there will be is not known, since it is packed from standard input");
        if (status.BytesInMaking > 0)
            terminal.Result($"  in making   {SizeText.Format(status.BytesInMaking)}");
        if (status.Changed > 0)
            terminal.Result($"  changed     {status.Changed}");
        if (status.Skipped > 0)
            terminal.Result($"  left out    {status.Skipped}");
        if (status.LeftoverBytes > 0)
            terminal.Result($"  work files  {SizeText.Format(status.LeftoverBytes)} on disk");
        if (status is { State: DatasetState.Interrupted, Plan: { } ofTasks })
            terminal.Note($"dataprep finish {ofTasks} -o {path} --missing prints which pieces are still to be made; dataprep clean {path} removes what was left");
        else if (status.State == DatasetState.Interrupted)
            terminal.Note($"the same pack command goes on from there{(status is { Pieces: null, Name: not null } ? ", fed with the same stream from its beginning" : "")}; dataprep clean {path} removes what was left");
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is { } known)
            writer.WriteNumber(name, known);
        else
            writer.WriteNull(name);
    }
}
