using System.CommandLine;
using DataPrep.Packing;

namespace DataPrep.Cli;

/// <summary>The options that say how a dataset is cut into pieces.</summary>
internal sealed class CutOptionSet
{
    private readonly Option<long?> pieceSize = OptionOf.Size("--piece-size", "Largest padded piece size, a power of two from 1MiB to 64GiB (default 32GiB)");
    private readonly Option<long?> largestCar = OptionOf.Size("--max-car-size", "Most bytes of a CAR, where that is less than fills a piece");
    private readonly Option<long?> leastPiece = OptionOf.Size("--min-piece-size", "Fill smaller pieces up to this padded size, with zeros behind the CAR");
    private readonly Option<bool> wholeFiles = new("--keep-files-whole") { Description = "Do not cut files that fit in one piece" };
    private readonly Option<bool> balance = new("--balance") { Description = "Make all pieces about equally large, instead of all but the last full" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { pieceSize, largestCar, leastPiece, wholeFiles, balance })
            command.Add(option);
    }

    public PackOptions Apply(ParseResult parsed, PackOptions options) => options with
    {
        PieceSize = parsed.GetValue(pieceSize) ?? PackOptions.DefaultPieceSize,
        LargestCarSize = parsed.GetValue(largestCar),
        LeastPieceSize = parsed.GetValue(leastPiece) ?? 0,
        KeepFilesWhole = parsed.GetValue(wholeFiles),
        Balance = parsed.GetValue(balance),
    };
}
