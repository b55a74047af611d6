using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary>The options of a pack that has to leave room for others: of the source's bandwidth, and of the disk.</summary>
internal sealed class PaceOptionSet
{
    private readonly Option<long?> maxRate = OptionOf.Size("--max-rate", "Most bytes of the source to read in a second, all threads together");

    private readonly Option<string?> onPiece = new("--on-piece") { Description = "Run a shell command for each finished piece, which may move its CAR away", HelpName = "CMD" };
    private readonly Option<string?> moveTo = new("--move-to") { Description = "Move each finished piece to a folder on another disk; a symlink to it stays in OUT", HelpName = "DIR" };
    private readonly Option<long?> maxStaged = OptionOf.Size("--max-staged", "With --on-piece or --move-to: begin no piece while CARs not handed on yet, and those in the making, would take more");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { maxRate, onPiece, moveTo, maxStaged })
            command.Add(option);
    }

    public PackOptions Apply(ParseResult parsed, PackOptions options) => options with
    {
        MaxRate = parsed.GetValue(maxRate),
        OnPiece = parsed.GetValue(onPiece),
        MoveTo = parsed.GetValue(moveTo),
        MaxStaged = parsed.GetValue(maxStaged),
    };
}
