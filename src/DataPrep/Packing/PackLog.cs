using DataPrep.Records;
using DataPrep.Source;
using Microsoft.Extensions.Logging;

namespace DataPrep.Packing;

/// <summary>What the engine says, as events of a logger. Their numbers and names stay: <c>docs/operating.md</c> lists them.</summary>
internal sealed partial class PackLog(ILogger logger)
{
    // More are in the records.
    private const int MostSkipped = 100;

    /// <summary>Options whose words go to the logger.</summary>
    public PackOptions Route(PackOptions options) => options with
    {
        Warn = Warned,
        Note = Noted,
        Detail = Detailed,
        Changed = FileChanged,
        Resumed = Resumed,
        Planned = plan => Scanned(plan.Dataset.Name, plan.Dataset.Files, plan.Dataset.Bytes, plan.Pieces.Count + plan.DagSizes.Count),
        Finished = piece => PieceFinished(piece.PieceCid, piece.Kind, piece.CarSize, piece.PieceSize),
    };

    public void Finished(PackResult result, string output)
    {
        foreach (var skipped in result.SkippedInputs.Take(MostSkipped))
            Skipped(PathText.Quote(skipped.Path), skipped.Reason, skipped.Detail);
        if (result.SkippedInputs.Count > MostSkipped)
            MoreSkipped(result.SkippedInputs.Count - MostSkipped, RecordFile.Skipped);
        if (result.AlreadyDone)
            AlreadyDone(output, result.Dataset.Name);
        else
            Finished(result.Dataset.Name, result.Dataset.RootCid, result.Pieces.Count, result.Dataset.Files, result.Dataset.Bytes, result.Dataset.Skipped, Math.Round(result.Elapsed.TotalSeconds, 3));
    }

    [LoggerMessage(1, LogLevel.Information, "Packing {Source} into {Output}", EventName = "PackStarted")]
    public partial void Started(string source, string output);

    [LoggerMessage(2, LogLevel.Information, "Scanned {Dataset}: {Files} files, {Bytes} bytes, {Pieces} pieces", EventName = "ScanFinished")]
    private partial void Scanned(string dataset, long files, long bytes, int pieces);

    [LoggerMessage(3, LogLevel.Information, "Piece {PieceCid} ({Kind}) is finished: CAR of {CarSize} bytes, padded {PieceSize}", EventName = "PieceFinished")]
    private partial void PieceFinished(string pieceCid, string kind, long carSize, long pieceSize);

    [LoggerMessage(4, LogLevel.Information, "{Message}", EventName = "Resumed")]
    private partial void Resumed(string message);

    [LoggerMessage(5, LogLevel.Warning, "Skipped {Path} ({Reason}): {Detail}", EventName = "FileSkipped")]
    private partial void Skipped(string path, string reason, string detail);

    [LoggerMessage(6, LogLevel.Warning, "Skipped {Count} more; {File} lists them all", EventName = "MoreSkipped")]
    private partial void MoreSkipped(int count, string file);

    [LoggerMessage(7, LogLevel.Warning, "{Message}", EventName = "FileChanged")]
    private partial void FileChanged(string message);

    [LoggerMessage(8, LogLevel.Warning, "{Message}", EventName = "Warning")]
    private partial void Warned(string message);

    [LoggerMessage(9, LogLevel.Information, "{Message}", EventName = "Note")]
    private partial void Noted(string message);

    [LoggerMessage(10, LogLevel.Debug, "{Message}", EventName = "Detail")]
    private partial void Detailed(string message);

    [LoggerMessage(11, LogLevel.Information, "Packed {Dataset}: root {RootCid}, {Pieces} pieces, {Files} files, {Bytes} bytes, {Skipped} skipped, in {Seconds} s", EventName = "PackFinished")]
    private partial void Finished(string dataset, string rootCid, int pieces, long files, long bytes, long skipped, double seconds);

    [LoggerMessage(12, LogLevel.Information, "{Output} holds {Dataset} already, complete", EventName = "AlreadyDone")]
    private partial void AlreadyDone(string output, string dataset);

    [LoggerMessage(13, LogLevel.Error, "Packing into {Output} failed: {Message}", EventName = "PackFailed")]
    public partial void Failed(string output, string message, Exception exception);

    [LoggerMessage(14, LogLevel.Information, "Packing into {Output} was cancelled; the same call goes on from there", EventName = "PackCancelled")]
    public partial void Cancelled(string output);
}
