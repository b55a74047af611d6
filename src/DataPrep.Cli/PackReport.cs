using System.Globalization;
using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>What is printed of a packed dataset, and of one that is only planned.</summary>
internal static class PackReport
{
    private const int MostPieces = 20;

    /// <returns>The exit code.</returns>
    public static int Show(PackResult result, PackOptions options, Terminal terminal)
    {
        foreach (var piece in result.Pieces)
        {
            terminal.Event("piece", writer => WriteFields(writer, JsonSerializer.SerializeToElement(piece, RecordJson.Default.PieceRecord)));
            if (piece.CarSize < 127)
                terminal.Warn($"the CAR has only {piece.CarSize} bytes; storage providers refuse pieces under 127 bytes");
        }

        SelectionOptions.WarnOfNothing(result.Dataset, terminal);
        ReportSkipped(result.SkippedInputs, terminal);
        double seconds = result.Elapsed.TotalSeconds;
        long rate = (long)(result.Dataset.Bytes / Math.Max(seconds, 1e-3));
        terminal.Event("summary", writer =>
        {
            WriteFields(writer, JsonSerializer.SerializeToElement(result.Dataset, RecordJson.Default.DatasetRecord));
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
            writer.WriteNumber("bytesPerSecond", rate);
            writer.WriteBoolean("alreadyDone", result.AlreadyDone);
            if (options.Previous is not null)
            {
                writer.WriteNumber("keptFiles", result.Kept.Files);
                writer.WriteNumber("keptBytes", result.Kept.Bytes);
            }

            if (!result.AlreadyDone)
            {
                result.Times.WriteTo(writer);
                writer.WriteString("bottleneck", result.Times.Bottleneck);
            }
        });

        var dataset = result.Dataset;
        terminal.Result(result.AlreadyDone
            ? $"{options.Target?.Name ?? options.Output} holds {dataset.Name} already, complete{(dataset.Skipped > 0 ? $" but for {Count(dataset.Skipped, "skipped input")}: to try these again, pack into another folder" : "")}; nothing to do (verify checks every byte)"
            : $"Packed {dataset.Name}: {Contents(dataset)} in {seconds.ToString("0.0", CultureInfo.InvariantCulture)} s, {SizeText.Format(rate)}/s");
        terminal.Result($"  root    {dataset.RootCid}");
        if (options.Previous is not null)
            terminal.Result($"  kept    {Count(result.Kept.Files, "file")} with {SizeText.Format(result.Kept.Bytes)}, unchanged since {dataset.Previous}");
        foreach (var piece in result.Pieces.Take(MostPieces))
        {
            terminal.Result($"  {(piece.Kind == "dag" ? "dag  " : "piece")}   {piece.PieceCid}");
            terminal.Result($"          {piece.PieceCidV2}");
            terminal.Result($"          {Fill(piece.CarSize, piece.PieceSize)}{(options.Target is null ? Stored(options.Output, piece) : "")}");
        }

        if (result.Pieces.Count > MostPieces)
            terminal.Result($"  ... and {Count(result.Pieces.Count - MostPieces, "piece")} more; pieces.jsonl lists them all");

        if (!result.AlreadyDone)
        {
            terminal.Detail(Times(result.Times));
            terminal.Detail($"managed memory: {GC.GetTotalAllocatedBytes() >> 20} MiB allocated, {GC.CollectionCount(0)} collections, {GC.CollectionCount(2)} of them full");
        }

        return result.Dataset.Skipped > 0 ? ExitCode.Skipped : ExitCode.Done;
    }

    /// <param name="result">The first line that a person reads.</param>
    /// <param name="more">Further fields of the event.</param>
    /// <returns>The exit code.</returns>
    public static int Show(PackPlan plan, PackOptions options, Terminal terminal, string result, Action<Utf8JsonWriter> more)
    {
        SelectionOptions.WarnOfNothing(plan.Dataset, terminal);
        ReportSkipped(plan.Tree.Skipped, terminal);
        var sizes = plan.Sizes(options.LeastCarSize).ToList();
        foreach (var (kind, carSize, pieceSize) in sizes)
        {
            terminal.Event("plannedPiece", writer =>
            {
                writer.WriteString("kind", kind);
                writer.WriteNumber("carSize", carSize);
                writer.WriteNumber("pieceSize", pieceSize);
            });
        }

        terminal.Event("plan", writer =>
        {
            writer.WriteString("name", plan.Dataset.Name);
            writer.WriteNumber("files", plan.Dataset.Files);
            writer.WriteNumber("directories", plan.Dataset.Directories);
            writer.WriteNumber("links", plan.Dataset.Links);
            writer.WriteNumber("bytes", plan.Dataset.Bytes);
            writer.WriteNumber("pieces", sizes.Count);
            writer.WriteNumber("dagPieces", plan.DagSizes.Count);
            writer.WriteNumber("carSize", sizes.Sum(piece => piece.CarSize));
            writer.WriteNumber("pieceSize", sizes.Sum(piece => piece.PieceSize));
            writer.WriteNumber("skipped", plan.Tree.Skipped.Count);
            more(writer);
        });
        terminal.Result($"{result}: {Contents(plan.Dataset)}");
        if (options.Previous is not null)
            terminal.Result($"  kept    {Count(DatasetTotals.OfKept(plan.Tree).Files, "file")} with {SizeText.Format(DatasetTotals.OfKept(plan.Tree).Bytes)}, unchanged since {plan.Dataset.Previous}");
        foreach (var (kind, carSize, pieceSize) in sizes.Take(MostPieces))
            terminal.Result($"  {(kind == "dag" ? "dag  " : "piece")}   {Fill(carSize, pieceSize)}");
        if (sizes.Count > MostPieces)
            terminal.Result($"  ... and {Count(sizes.Count - MostPieces, "piece")} more, {SizeText.Format(sizes.Sum(piece => piece.CarSize))} in all");
        return plan.Tree.Skipped.Count > 0 ? ExitCode.Skipped : ExitCode.Done;
    }

    private static string Times(StageClock times)
    {
        double Share(Stage stage) => 100 * times[stage] / times.Total;
        return string.Create(CultureInfo.InvariantCulture, $"the workers' time: {Share(Stage.Read):0} % reading, {Share(Stage.LeafHash):0} % hashing leaves, {Share(Stage.CommP):0} % hashing the piece, {Share(Stage.Write):0} % writing, {Share(Stage.Wait):0} % waiting; most of it {times.Bottleneck}");
    }

    private static string Contents(DatasetRecord dataset)
    {
        string text = $"{Count(dataset.Files, "file")}, {Count(dataset.Directories, "folder")}";
        if (dataset.Links > 0)
            text += $", {Count(dataset.Links, "symlink")}";
        return $"{text}, {SizeText.Format(dataset.Bytes)}";
    }

    public static string Count(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");

    public static string Stored(string output, PieceRecord piece) =>
        piece.Inline ? string.Create(CultureInfo.InvariantCulture, $"; not stored, but {LinkedFile.Length(Path.Join(output, StoredPiece.NameOf(piece))):N0} bytes of {StoredPiece.NameOf(piece)[^7..]}") : "";

    public static string Fill(long carSize, long pieceSize) =>
        string.Create(CultureInfo.InvariantCulture, $"CAR of {carSize:N0} bytes in a piece of {SizeText.Format(pieceSize)}, {100.0 * carSize / Piece.PieceSize.Unpadded(pieceSize):0.0} % full");

    private static void ReportSkipped(IReadOnlyList<SkippedInput> skipped, Terminal terminal)
    {
        const int Most = 20;
        foreach (var record in DatasetWriter.SkippedInputs(skipped))
            terminal.Event("skipped", writer => WriteFields(writer, JsonSerializer.SerializeToElement(record, RecordJson.Default.SkippedRecord)));
        foreach (var input in skipped.Take(Most))
            terminal.Note($"skipped {PathText.Quote(input.Path)}: {input.Detail}");
        if (skipped.Count > Most)
            terminal.Note($"skipped {skipped.Count - Most} more; skipped.jsonl lists them all");
    }

    public static void WriteFields(Utf8JsonWriter writer, JsonElement record)
    {
        foreach (var property in record.EnumerateObject())
            property.WriteTo(writer);
    }
}
