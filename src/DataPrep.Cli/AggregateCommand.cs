using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using DataPrep.Aggregation;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep aggregate</c></summary>
internal static class AggregateCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var pieces = new Argument<string[]>("PIECE") { Description = "CAR, .inline or any other files, or packed datasets with all their pieces; in the order in which they are to lie", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string?>("--output", "-o") { Description = "Folder for index, manifest and proofs; made if missing. Without it nothing is written", HelpName = "DIR" };
        var dealSize = OptionOf.Size("--deal-size", "Padded size of the deal (default: the smallest that holds the pieces)");
        var sort = new Option<bool>("--sort") { Description = "Put larger pieces first, which leaves no gaps; pieces of one size stay in their order" };
        var write = new Option<bool>("--write") { Description = "Write the payload too: all pieces and the index in one file" };
        var url = new Option<string?>("--url") { Description = "Where the pieces are served, https://host/piece/{pieceCid}: writes a list of piece CIDs v2 and URLs for Curio", HelpName = "TEMPLATE" };
        var command = new Command("aggregate", "Puts small pieces into one deal with a data segment index (PoDSI, FRC-0058): piece CID of the deal, proofs that each piece is in it, payload") { pieces, output, dealSize, sort, write, url };
        var source = new SourceOption(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                var request = new Request(parsed.GetValue(pieces)!, parsed.GetValue(output), parsed.GetValue(dealSize), parsed.GetValue(sort), parsed.GetValue(write), parsed.GetValue(url), source.Of(parsed));
                return Run(request, parsed.GetValue(common.Threads), terminal);
            });
        });
        return command;
    }

    private sealed record Request(string[] Pieces, string? Output, long? DealSize, bool Sort, bool Write, string? Url, string? Source);

    private static int Run(Request request, int threads, Terminal terminal)
    {
        Check(request);
        var clock = Stopwatch.StartNew();
        var progress = new PackCounters();
        var named = terminal.WithProgress("Hashing", progress, () => new AggregateInputs(threads, progress, CommandRunner.Cancel).Read(request.Pieces));
        if (named.Count == 0)
            throw new UsageException("there is no piece in what was named");
        var sorted = named.OrderByDescending(piece => piece.Commitment.PieceSize).ToList();
        var aggregate = Fit(request, named, sorted);
        Hint(request, aggregate, sorted, terminal);

        string? payload = null;
        if (request.Output is { } output)
        {
            var folder = new OutputFolder(output);
            using var hold = folder.Hold();
            AggregateFolder.Write(folder, aggregate, request.Url, CommandRunner.Cancel);
            payload = request.Write ? WritePayload(folder, aggregate, request.Source, threads, terminal) : null;
        }

        Show(aggregate, request, payload, clock.Elapsed, terminal);
        return ExitCode.Done;
    }

    /// <exception cref="UsageException">Options do not go together.</exception>
    private static void Check(Request request)
    {
        if (request.Output is "")
            throw new UsageException("-o: the name of the folder is empty");
        if (request.Output is null && (request.Write || request.Url is not null))
            throw new UsageException("--write and --url need a folder: -o DIR");
        if (request.DealSize is { } size && (size < DealPlacement.SmallestDeal || size > PieceSize.Max || !BitOperations.IsPow2(size)))
            throw new UsageException($"--deal-size must be a power of two from {DealPlacement.SmallestDeal}B to 64GiB");
        try
        {
            _ = request.Url is { } url ? AuditProvider.Check(url) : null;
        }
        catch (FormatException e)
        {
            throw new UsageException($"--url: {e.Message}");
        }
    }

    /// <exception cref="UsageException">The pieces do not fit; it says where they would if they were sorted.</exception>
    private static Aggregate Fit(Request request, IReadOnlyList<AggregatePiece> named, List<AggregatePiece> sorted)
    {
        try
        {
            return new Aggregate(request.Sort ? sorted : named, request.DealSize);
        }
        catch (UsageException e) when (!request.Sort && FitsSorted())
        {
            throw new UsageException($"{e.Message}; without the gaps of this order they fit: --sort");
        }

        bool FitsSorted()
        {
            try
            {
                _ = new Aggregate(sorted, request.DealSize);
                return true;
            }
            catch (UsageException)
            {
                return false;
            }
        }
    }

    private static void Hint(Request request, Aggregate aggregate, List<AggregatePiece> sorted, Terminal terminal)
    {
        if (!request.Sort && request.DealSize is null && new Aggregate(sorted) is { } other && other.DealSize < aggregate.DealSize)
            terminal.Note($"in this order the pieces leave gaps; with --sort they fit in a deal of {SizeText.Format(other.DealSize)}");
        if (sorted.CountBy(piece => piece.Commitment.CidV1).FirstOrDefault(piece => piece.Value > 1) is { Value: > 1 } twice)
            terminal.Warn($"the piece {twice.Key} is in the aggregate {twice.Value} times");
    }

    private static string WritePayload(OutputFolder folder, Aggregate aggregate, string? source, int threads, Terminal terminal)
    {
        string name = AggregateRecord.Of(aggregate).PayloadFile;
        var progress = new PackCounters();
        progress.Begin(aggregate.Commitment.PayloadSize);
        using var payload = new AggregatePayload(aggregate, source);
        bool isNew = terminal.WithProgress("Writing", progress, () =>
            new Materializer(folder, threads, progress, CommandRunner.Cancel).Make(name, payload.Length, payload.Read, payload.Check, reserve: false));
        if (!isNew)
            terminal.Note($"{folder.FileOf(name)} is there already with its size, and is left as it is");
        return folder.FileOf(name);
    }

    private static void Show(Aggregate aggregate, Request request, string? payload, TimeSpan time, Terminal terminal)
    {
        for (int i = 0; i < aggregate.Pieces.Count; i++)
        {
            var segment = SegmentRecord.Of(aggregate, i);
            terminal.Event("segment", writer =>
            {
                writer.WriteNumber("index", segment.Index);
                writer.WriteString("path", aggregate.Pieces[i].Path);
                writer.WriteString("pieceCid", segment.PieceCid);
                writer.WriteString("pieceCidV2", segment.PieceCidV2);
                writer.WriteNumber("pieceSize", segment.PieceSize);
                writer.WriteNumber("offset", segment.Offset);
            });
            terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{segment.Offset,12}  {SizeText.Format(segment.PieceSize),8}  {segment.PieceCid}  {aggregate.Pieces[i].Path}"));
        }

        var record = AggregateRecord.Of(aggregate);
        terminal.Event("summary", writer =>
        {
            writer.WriteString("pieceCid", record.PieceCid);
            writer.WriteString("pieceCidV2", record.PieceCidV2);
            writer.WriteNumber("pieceSize", record.PieceSize);
            writer.WriteNumber("payloadSize", record.PayloadSize);
            writer.WriteNumber("segments", record.Segments);
            writer.WriteNumber("indexOffset", record.IndexOffset);
            writer.WriteNumber("unused", record.Unused);
            writer.WriteString("output", request.Output);
            writer.WriteString("payload", payload);
            writer.WriteNumber("seconds", Math.Round(time.TotalSeconds, 3));
        });
        terminal.Result($"Aggregate of {record.Segments} piece{(record.Segments == 1 ? "" : "s")}");
        terminal.Result($"  piece CID v1  {record.PieceCid}");
        terminal.Result($"  piece CID v2  {record.PieceCidV2}");
        terminal.Result($"  piece size    {record.PieceSize} ({SizeText.Format(record.PieceSize)})");
        terminal.Result($"  unused        {record.Unused} ({SizeText.Format(record.Unused)})");
        if (payload is not null)
            terminal.Result($"  payload       {payload} ({record.PayloadSize} bytes)");
        else if (request.Output is not null)
            terminal.Note("the payload was not written; the same command with --write writes it");
    }
}
