using System.CommandLine;

namespace DataPrep.Cli.Doctor;

/// <summary><c>dataprep doctor</c></summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folders = new Argument<string[]>("DIR") { Description = "Folders to try: where pieces are to be written, or sources are", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("doctor", "Looks whether this machine is fit for the work, and says what to do where it is not; exit code 4 when something will not do") { folders };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => Run(parsed.GetValue(folders)!, terminal));
        });
        return command;
    }

    private static int Run(string[] folders, Terminal terminal)
    {
        int[] counts = new int[4];
        var clock = new ClockCheck();
        IEnumerable<Check> checks =
        [
            .. MachineChecks.All(), .. KernelChecks.All(), .. LimitChecks.All(), .. NetworkChecks.All(), .. folders.SelectMany(folder => FolderChecks.Of(folder, CommandRunner.Cancel)), .. clock.End(),
        ];
        foreach (var check in checks)
        {
            counts[(int)check.Status]++;
            terminal.Result($"{Word(check.Status),-8} {check.Name,-14} {check.Message}");
            if (check.Advice is { } advice)
                terminal.Result($"{"",23} -> {advice}");
            terminal.Event("check", writer =>
            {
                writer.WriteString("name", check.Name);
                writer.WriteString("status", Word(check.Status));
                writer.WriteString("message", check.Message);
                writer.WriteString("advice", check.Advice);
            });
        }

        int notes = counts[(int)CheckStatus.Note], warnings = counts[(int)CheckStatus.Warning], problems = counts[(int)CheckStatus.Problem];
        terminal.Event("summary", writer =>
        {
            writer.WriteNumber("ok", counts[(int)CheckStatus.Ok]);
            writer.WriteNumber("notes", notes);
            writer.WriteNumber("warnings", warnings);
            writer.WriteNumber("problems", problems);
        });
        terminal.Result($"{Count(problems, "problem")}, {Count(warnings, "warning")}, {Count(notes, "note")}");
        if (folders.Length == 0)
            terminal.Note("no folder was tried: name the one that pieces are to be written to");
        return problems > 0 ? ExitCode.Verification : ExitCode.Done;
    }

    private static string Word(CheckStatus status) => status switch { CheckStatus.Ok => "ok", CheckStatus.Note => "note", CheckStatus.Warning => "warning", _ => "problem" };

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
