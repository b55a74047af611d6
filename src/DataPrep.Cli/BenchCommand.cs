using System.CommandLine;
using System.Globalization;
using DataPrep.Hashing;

namespace DataPrep.Cli;

/// <summary><c>dataprep bench</c></summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var kernels = new Command("kernels", "Lists every SHA-256 kernel with its rates and the one in use");
        common.AddTo(kernels);
        kernels.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => Kernels(terminal));
        });
        return new Command("bench", "Measures what this machine can do") { kernels, PipelineCommand() };
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
                    throw new Packing.UsageException("--rounds and --threads must be at least 1");
                return Pipeline(new PipelineBench(threads, times, CommandRunner.Cancel), parsed.GetValue(sources)!, terminal);
            });
        });
        return pipeline;
    }

    private static int Pipeline(PipelineBench bench, string[] sources, Terminal terminal)
    {
        var results = bench.Run(sources);
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"reference: SHA-256 of .NET, one stream, {bench.Reference / 1e9:0.00} GB/s"));
        foreach (var (result, threads) in results)
        {
            terminal.Event("result", writer => WriteResult(writer, result, threads));
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{result.Name,-16} {threads,3} thread{(threads == 1 ? " " : "s")} {result.BytesPerSecond / 1e9,6:0.00} GB/s {result.RatioToReference,6:0.00} x"));
        }

        return ExitCode.Done;
    }

    private static void WriteResult(System.Text.Json.Utf8JsonWriter writer, BenchResult result, int threads)
    {
        writer.WriteString("name", result.Name);
        writer.WriteNumber("bytesPerSecond", (long)result.BytesPerSecond);
        writer.WriteNumber("threads", threads);
        writer.WriteNumber("ratioToReference", Math.Round(result.RatioToReference, 4));
    }

    private static int Kernels(Terminal terminal)
    {
        var choice = Sha256Kernels.Choice;
        var usable = KernelChoice.Survey(Sha256Kernels.All).Where(candidate => candidate.PassesSelfCheck == true).Select(candidate => candidate.Kernel).ToList();
        var bench = new KernelBench(CommandRunner.Cancel);
        var results = bench.Run(usable);
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"reference: SHA-256 of .NET, one stream, {bench.Reference / 1e9:0.00} GB/s"));
        terminal.Result("kernel          ns/node   commp       x   leaves       x    small       x   leaves+commp   x");
        foreach (var result in results)
            terminal.Event("result", writer => WriteResult(writer, result, 1));

        foreach (var kernel in Sha256Kernels.All)
        {
            if (!usable.Contains(kernel))
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

    private static string Row(string kernel, IReadOnlyList<BenchResult> results)
    {
        BenchResult Of(string work) => results.First(result => result.Name == $"{kernel}/{work}");
        string Rate(string work) => string.Create(CultureInfo.InvariantCulture, $"{Of(work).BytesPerSecond / 1e9,6:0.00}  {Of(work).RatioToReference,6:0.00}");
        double nanoseconds = 64e9 / Of("nodes").BytesPerSecond;
        return string.Create(CultureInfo.InvariantCulture, $"{kernel,-14} {nanoseconds,8:0.0}  {Rate("commp")}   {Rate("leaves")}   {Rate("small")}   {Rate("leaves+commp")}");
    }
}
