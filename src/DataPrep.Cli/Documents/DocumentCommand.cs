using System.CommandLine;

namespace DataPrep.Cli.Documents;

/// <summary><c>dataprep document</c>: writes what packages and docs/ have of the commands. Of use to who builds the program, and hidden.</summary>
internal static class DocumentCommand
{
    public static Command Create()
    {
        var man = new Option<string?>("--man") { Description = "Folder for manual pages; made if missing", HelpName = "DIR" };
        var markdown = new Option<string?>("--markdown") { Description = "File for the reference in Markdown", HelpName = "FILE" };
        var command = new Command("document", "Writes manual pages and the command reference") { man, markdown };
        command.Hidden = true;
        command.SetAction(parsed => CommandRunner.Guard(new Terminal(false, false, false, false), () =>
        {
            var program = new CommandPage([], parsed.RootCommandResult.Command);
            if (parsed.GetValue(markdown) is { } file)
                File.WriteAllText(file, MarkdownReference.Write(program));
            if (parsed.GetValue(man) is not { } folder)
                return ExitCode.Done;
            _ = Directory.CreateDirectory(folder);
            foreach (var (name, text) in ManPages.All(program))
                File.WriteAllText(Path.Join(folder, name), text);
            return ExitCode.Done;
        }));
        return command;
    }
}
