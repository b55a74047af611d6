using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary>The options of a pack that has to leave room for others: of the source's bandwidth, and of the disk.</summary>
internal sealed class PaceOptionSet
{
    private readonly Option<long?> maxRate = OptionOf.Size("--max-rate", "Most bytes of the source to read in a second, all threads together");

    private readonly Option<string?> onPiece = new("--on-piece") { Description = "Run a shell command for each finished piece, which may move its CAR away", HelpName = "CMD" };
    private readonly Option<long?> maxStaged = OptionOf.Size("--max-staged", "With --on-piece: begin no piece while CARs not handed on yet, and those in the making, would take more");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { maxRate, onPiece, maxStaged })
            command.Add(option);
    }

    public PackOptions Apply(ParseResult parsed, PackOptions options) => options with
    {
        MaxRate = parsed.GetValue(maxRate),
        OnPiece = parsed.GetValue(onPiece),
        MaxStaged = parsed.GetValue(maxStaged),
    };
}
