using System.CommandLine;
using DataPrep.Packing;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>How a run goes about its work. Has no influence on the output.</summary>
internal sealed class RunOptionSet
{
    private readonly Option<string?> onChange = OptionOf.Word("--on-change", "What to do with a file that changes while it is packed (default retry: at most 3 times)", "retry", "skip", "fail");
    private readonly Option<long?> memory = OptionOf.Size("--memory", "Most memory to use");
    private readonly Option<string?> inputIo = OptionOf.Word("--input-io", "How large files are read (default auto: past the page cache, where they are on a local disk and not in it)", "auto", "cached");
    private readonly Option<string?> ioOrder = OptionOf.Word("--io-order", "Who reads: all threads at once (default), or one at a time, in order, as suits spinning disks", "parallel", "sequential");
    private readonly Option<bool?> dropBehind = new("--no-cache-pollution") { Description = "Leave nothing of what is read in the page cache (default: for datasets of more than half the memory)", HelpName = "true|false", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> outputIo = OptionOf.Word("--output-io", "How the piece is written: past the page cache, or through it (default auto: direct on local disks)", "auto", "direct", "cached");
    private readonly Option<long?> slab = OptionOf.Size("--slab-size", "Padded size of the unit of work, a power of two; has no influence on the output");
    private readonly Option<double?> checkpoint = new("--checkpoint") { Description = "Seconds of work that may be lost when the run is killed (default 5)", HelpName = "SECONDS" };
    private readonly PaceOptionSet pace = new();

    public RunOptionSet() => slab.Hidden = true;

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[onChange, memory, inputIo, outputIo, ioOrder, dropBehind, checkpoint, slab])
            command.Add(option);
        pace.AddTo(command);
    }

    /// <exception cref="UsageException">They make no sense.</exception>
    public PackOptions Apply(ParseResult parsed, PackOptions options, CommonOptions common, Terminal terminal)
    {
        if (parsed.GetValue(slab) is { } slabSize && (slabSize is < 1 << 20 or > SlabPlan.MaxPaddedSize || !long.IsPow2(slabSize)))
            throw new UsageException("--slab-size must be a power of two from 1MiB to 256MiB");
        return pace.Apply(parsed, options) with
        {
            OnChange = parsed.GetValue(onChange) switch { "skip" => OnChange.Skip, "fail" => OnChange.Fail, _ => OnChange.Retry },
            Threads = parsed.GetValue(common.Threads),
            Memory = parsed.GetValue(memory),
            InputIo = parsed.GetValue(inputIo) == "cached" ? InputIo.Cached : InputIo.Auto,
            ReadInTurn = parsed.GetValue(ioOrder) == "sequential",
            DropBehind = parsed.GetResult(dropBehind) is null ? null : parsed.GetValue(dropBehind) ?? true,
            OutputIo = parsed.GetValue(outputIo) switch { "direct" => OutputIo.Direct, "cached" => OutputIo.Cached, _ => OutputIo.Auto },
            SlabSize = parsed.GetValue(slab),
            Checkpoint = TimeSpan.FromSeconds(parsed.GetValue(checkpoint) is { } seconds ? seconds is >= 0 and <= 3600 ? seconds : throw new UsageException("--checkpoint must be from 0 to 3600 seconds") : 5),
            Warn = terminal.Warn,
            Note = terminal.Note,
            Detail = terminal.Detail,
        };
    }
}
