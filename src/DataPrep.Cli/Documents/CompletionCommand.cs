using System.CommandLine;

namespace DataPrep.Cli.Documents;

/// <summary><c>dataprep completion</c></summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        _ = shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints what makes a shell complete commands, options, their values and paths") { shell };
        command.SetAction(parsed => CommandRunner.Guard(new Terminal(false, false, false, false), () =>
        {
            var program = new CommandPage([], parsed.RootCommandResult.Command);
            Console.Out.Write(parsed.GetValue(shell) switch
            {
                "bash" => BashCompletion.Write(program),
                "zsh" => ZshCompletion.Write(program),
                _ => FishCompletion.Write(program),
            });
            return ExitCode.Done;
        }));
        return command;
    }
}
