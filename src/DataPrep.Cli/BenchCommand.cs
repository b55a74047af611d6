using System.CommandLine;
using System.Globalization;
using DataPrep.Cli.Bench;
using DataPrep.Hashing;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary><c>dataprep bench</c></summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folder = new Argument<string?>("DIR") { Description = "A folder on the disk to measure; what is written there is removed at the end", Arity = ArgumentArity.ZeroOrOne };
        var quick = new Option<bool>("--quick") { Description = "Take about 10 seconds, with fewer repeats" };
        var size = OptionOf.Size("--size", "Most bytes of the large file that is written to DIR, read and packed (default 1GiB, with --quick 256MiB); above 1GiB it takes longer");
        var html = new Option<string?>("--html") { Description = "Write a page of the results too: a file that must not be there yet", HelpName = "FILE" };
        var compare = new Option<string?>("--compare") { Description = "What an earlier 'bench --json' printed; say what has changed", HelpName = "FILE" };
        var command = new Command("bench", "Measures what this machine can do for packing, says what its bottleneck is, and what would help") { folder, quick, size, html, compare, KernelsCommand(), PipelineCommand() };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                bool isQuick = parsed.GetValue(quick);
                long most = parsed.GetValue(size) ?? (isQuick ? BenchSettings.QuickSize : BenchSettings.UsualSize);
                if (most < BenchSettings.LeastSize)
                    throw new UsageException($"--size must be at least {SizeText.Format(BenchSettings.LeastSize)}");
                if (parsed.GetValue(folder) is "" || parsed.GetValue(html) is "" || parsed.GetValue(compare) is "")
                    throw new UsageException("DIR, --html and --compare: a name is empty");
                return Full(new BenchSettings(parsed.GetValue(folder), parsed.GetValue(common.Threads), isQuick, most), parsed.GetValue(html), parsed.GetValue(compare), terminal);
            });
        });
        return command;
    }

    private static Command KernelsCommand()
    {
        var common = new CommonOptions();
        var kernels = new Command("kernels", "Lists every SHA-256 kernel with its rates and the one in use");
        common.AddTo(kernels);
        kernels.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => Kernels(terminal));
        });
        return kernels;
    }

    private static Command PipelineCommand()
    {
        var common = new CommonOptions();
        var sources = new Argument<string[]>("SOURCE") { Description = "Files and folders to read too", Arity = ArgumentArity.ZeroOrMore };
        var rounds = new Option<int>("--rounds") { Description = "How often to measure each; the median counts", DefaultValueFactory = _ => 5, HelpName = "N" };
        var pipeline = new Command("pipeline", "Times leaf hashes and piece commitment together, without writing: from memory, and from files where some are given") { sources, rounds };
        common.AddTo(pipeline);
        pipeline.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                int times = parsed.GetValue(rounds), threads = parsed.GetValue(common.Threads);
                if (times < 1 || threads < 1)
                    throw new UsageException("--rounds and --threads must be at least 1");
                return Pipeline(parsed.GetValue(sources)!, threads, times, terminal);
            });
        });
        return pipeline;
    }

    private static int Full(BenchSettings settings, string? page, string? earlier, Terminal terminal)
    {
        // What cannot be is said before a minute is spent.
        if (page is not null && Path.Exists(page))
            throw WholeFile.Exists(page);
        var before = earlier is null ? null : EarlierBench.Read(earlier);
        var started = DateTimeOffset.UtcNow;
        var run = terminal.WithSteps("Measuring", step => new FullBench(settings, step, CommandRunner.Cancel).Run());
        var report = new BenchReport(run, settings, started, before is null ? null : new BenchComparison(before, run.Results, Machine.Cpu, run.Quiet.IsQuiet));
        report.Show(terminal);
        if (page is not null)
        {
            WholeFile.WriteNew(page, report.WritePage);
            terminal.Note($"{page}: page of the results");
        }

        return ExitCode.Done;
    }

    private static int Pipeline(string[] sources, int threads, int rounds, Terminal terminal)
    {
        const long Size = 1L << 30;
        var bench = new PipelineBench(CommandRunner.Cancel);
        var probes = new List<Probe> { bench.Memory(1, Size) };
        if (threads > 1)
            probes.Add(bench.Memory(threads, Size));
        if (sources.Length > 0)
            probes.Add(bench.Files(sources, threads));
        var reference = new Reference();
        var results = new InTurn(reference, CommandRunner.Cancel).Run(probes, new Pace(rounds, rounds, 0) { WarmsUp = false });
        ShowReference(reference.Result.BytesPerSecond, terminal);
        foreach (var result in results)
        {
            terminal.Event("result", result.WriteTo);
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{result.Name,-16} {result.Threads,3} thread{(result.Threads == 1 ? " " : "s")} {result.BytesPerSecond / 1e9,6:0.00} GB/s {result.RatioToReference,6:0.00} x"));
        }

        return ExitCode.Done;
    }

    private static int Kernels(Terminal terminal)
    {
        var choice = Sha256Kernels.Choice;
        var reference = new Reference();
        var results = new InTurn(reference, CommandRunner.Cancel).Run(new KernelBench().Probes(KernelBench.Usable), new Pace(6, 6, 0) { WarmsUp = false, TakesBest = true });
        ShowReference(reference.BestFrom(0), terminal);
        terminal.Result("kernel          ns/node   commp       x   leaves       x    small       x   leaves+commp   x");
        foreach (var result in results)
            terminal.Event("result", result.WriteTo);

        foreach (var kernel in Sha256Kernels.All)
        {
            if (!KernelBench.Usable.Contains(kernel))
                terminal.Result($"{kernel.Name,-14}  {(kernel.IsSupported ? "failed its self-check; not used" : "this CPU cannot run it")}");
            else
                terminal.Result(Row(kernel.Name, results));
        }

        if (NativeKernels.Absence is { } absence)
            terminal.Result($"no native kernels: {absence}");
        terminal.Result($"in use: {choice.Chosen.Name}, {choice.Reason}");
        terminal.Event("summary", writer =>
        {
            writer.WriteString("kernel", choice.Chosen.Name);
            writer.WriteString("reason", choice.Reason);
        });
        return ExitCode.Done;
    }

    private static void ShowReference(double rate, Terminal terminal) =>
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"reference: SHA-256 of .NET, one stream, {rate / 1e9:0.00} GB/s"));

    private static string Row(string kernel, IReadOnlyList<BenchResult> results)
    {
        BenchResult Of(string work) => results.First(result => result.Name == $"{kernel}/{work}");
        string Rate(string work) => string.Create(CultureInfo.InvariantCulture, $"{Of(work).BytesPerSecond / 1e9,6:0.00}  {Of(work).RatioToReference,6:0.00}");
        double nanoseconds = 64e9 / Of("nodes").BytesPerSecond;
        return string.Create(CultureInfo.InvariantCulture, $"{kernel,-14} {nanoseconds,8:0.0}  {Rate("commp")}   {Rate("leaves")}   {Rate("small")}   {Rate("leaves+commp")}");
    }
}
