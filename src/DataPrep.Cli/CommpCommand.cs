using System.CommandLine;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary><c>dataprep commp</c></summary>
internal static class CommpCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var files = new Argument<string[]>("FILE") { Description = "Files of any content; - is standard input", Arity = ArgumentArity.OneOrMore };
        var pieceSize = OptionOf.Size("--piece-size", "Pad up to this piece size; the zeros then count as payload in the v2 CID");
        var proof = ProofOption.Range();
        var output = ProofOption.Output();
        var command = new Command("commp", "Computes the piece commitment of any bytes: piece CID v1 and v2, padded piece size; or proves that bytes are in it") { files, pieceSize, proof, output };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () =>
            {
                long? target = parsed.GetValue(pieceSize);
                if (target is { } size && !PieceSize.IsValid(size))
                    throw new UsageException("--piece-size must be a power of two from 128B to 64GiB");
                string[] named = parsed.GetValue(files)!;
                if (parsed.GetValue(proof) is { } range)
                {
                    if (target is not null || named is not [not "-"])
                        throw new UsageException("--proof is of one FILE as it is: without others, -, or --piece-size");
                    return ProofOption.Make(terminal, named[0], range, parsed.GetValue(output), parsed.GetValue(common.Threads));
                }

                if (parsed.GetValue(output) is not null)
                    throw new UsageException("-o goes with --proof");
                foreach (string file in named)
                    Show(terminal, file, Compute(terminal, file, parsed.GetValue(common.Threads)), target);
                return ExitCode.Done;
            });
        });
        return command;
    }

    private static PieceCommitment Compute(Terminal terminal, string file, int threads)
    {
        if (file != "-" && File.Exists(file) && new FileInfo(file) is { Length: > 0 } info)
        {
            var progress = new PackCounters();
            progress.Begin(info.Length);
            return terminal.WithProgress(file, progress, () => FileCommP.Compute(file, threads, progress.Add, CommandRunner.Cancel).Commitment);
        }

        if (file != "-" && Directory.Exists(file))
            throw new IOException($"{file}: is a folder; name files, or pack it");
        using var stream = file == "-" ? Console.OpenStandardInput() : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        if (file == "-")
            Posix.EnlargePipe(0);

        // A read of a pipe can last for ever and cannot be broken off: it is left behind when a signal comes.
        var work = Task.Factory.StartNew(() => StreamCommP.Compute(stream, threads), TaskCreationOptions.LongRunning);
        return work.WaitAsync(CommandRunner.Cancel).GetAwaiter().GetResult();
    }

    private static void Show(Terminal terminal, string file, PieceCommitment commitment, long? target)
    {
        long content = commitment.PayloadSize;
        if (target is { } size)
        {
            if (size < commitment.PieceSize)
                throw new UsageException($"{file} needs a piece of {SizeText.Format(commitment.PieceSize)}, more than --piece-size {SizeText.Format(size)}");
            commitment = new PieceCommitment(commitment.PadTo(size).Root, PieceSize.Unpadded(size), size);
        }

        terminal.Event("commp", writer =>
        {
            writer.WriteString("path", file);
            writer.WriteNumber("size", content);
            writer.WriteString("pieceCid", commitment.CidV1.ToString());
            writer.WriteString("pieceCidV2", commitment.CidV2.ToString());
            writer.WriteNumber("pieceSize", commitment.PieceSize);
        });
        terminal.Result(file == "-" ? "standard input" : file);
        terminal.Result($"  piece CID v1  {commitment.CidV1}");
        terminal.Result($"  piece CID v2  {commitment.CidV2}");
        terminal.Result($"  piece size    {commitment.PieceSize} ({SizeText.Format(commitment.PieceSize)})");
        terminal.Result($"  size          {content} ({SizeText.Format(content)})");
    }
}
