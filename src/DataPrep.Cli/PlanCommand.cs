using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary><c>dataprep plan</c></summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var dataset = new DatasetOptionSet();
        var output = new Option<string?>("--output", "-o") { Description = "File for the plan; in a folder that is there it is named by its hash", HelpName = "PLAN" };
        var command = new Command("plan", "Scans folders and files, cuts them into pieces, and writes the plan by which tasks on many machines make them") { output };
        dataset.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                if (parsed.GetValue(output) is not { Length: > 0 } target)
                    throw new UsageException("say where the plan goes: -o PLAN");
                var options = new PackOptions { Sources = [], Output = "", Threads = parsed.GetValue(common.Threads), Warn = terminal.Warn, Note = terminal.Note, Detail = terminal.Detail };
                return Run(dataset.Apply(parsed, options, terminal, allowInput: false), target, terminal);
            });
        });
        return command;
    }

    private static int Run(PackOptions options, string target, Terminal terminal)
    {
        var progress = new PackProgress();
        var packer = new Packer(options, progress, CommandRunner.Cancel);
        var (plan, path, hash) = terminal.WithProgress("Scanning", progress, () => packer.WritePlan(target));
        long size = new FileInfo(path).Length;
        int code = PackReport.Show(plan, options, terminal, $"Planned {plan.Dataset.Name}", writer =>
        {
            writer.WriteString("path", path);
            writer.WriteString("hash", Convert.ToHexStringLower(hash));
            writer.WriteNumber("dataPieces", plan.Pieces.Count);
            writer.WriteNumber("planSize", size);
        });
        terminal.Result($"  plan    {path}, {SizeText.Format(size)}, SHA-256 {Convert.ToHexStringLower(hash)}");
        terminal.Result($"  tasks   --array=0-{plan.Pieces.Count - 1}, each: dataprep pack --plan {path} --piece auto -o OUT; then dataprep finish {path} -o OUT");
        return code;
    }
}
