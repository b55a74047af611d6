using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Cli;

/// <summary>Proofs that a range of bytes is in a piece: what <c>commp --proof</c> makes.</summary>
internal static class ProofOption
{
    public static Option<string?> Range() => new("--proof")
    {
        Description = "Prove that these bytes of FILE are in the piece, FIRST-LAST as in an HTTP range: 0-1048575",
        HelpName = "RANGE",
    };

    public static Option<string?> Output() => new("--output", "-o") { Description = "With --proof: the file to write, instead of standard output", HelpName = "PROOF" };

    /// <param name="range">FIRST-LAST, both of them in it.</param>
    /// <exception cref="UsageException">The range is none, or ends beyond the piece.</exception>
    public static int Make(Terminal terminal, string file, string range, string? output, int threads)
    {
        if (range.Split('-') is not [var from, var to] || !IsNumber(from, out long first) || !IsNumber(to, out long last) || last < first || last - first == long.MaxValue)
            throw new UsageException($"--proof: '{range}' is no range; write the first and the last byte, as in 0-1048575");
        if (Directory.Exists(file))
            throw new IOException($"{file}: is a folder; name a piece in it");
        using var piece = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        if (!piece.CanSeek)
            throw new IOException($"{file}: is no file that can be read at an offset");
        var tree = Sidecar(terminal, file, piece.Length, threads);
        long capacity = PieceSize.Unpadded(tree.Commitment.PieceSize);
        if (last >= capacity)
            throw new UsageException($"--proof {range}: the piece of {file} ends at {capacity - 1}");

        var proof = new InclusionProver(tree, piece, file).Prove(first, last - first + 1);
        var record = ProofRecord.Of(tree.Commitment, proof, first, last - first + 1);
        if (output is null)
        {
            Print(terminal, record);
            return ExitCode.Done;
        }

        WholeFile.WriteNew(output, stream => RecordFile.Write(stream, record, ProofJson.Default.ProofRecord));
        terminal.Event("proof", writer => WriteFields(writer, record));
        terminal.Result($"{output}: proof of {record.Length} bytes at {record.Offset} of {file}");
        Describe(terminal, record);
        terminal.Result(record.DataLength == 0
            ? "  needs no data  all of it is behind the payload, and zero"
            : $"  checked with   bytes={record.DataOffset}-{record.DataOffset + record.DataLength - 1} of the piece");
        return ExitCode.Done;

        static bool IsNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>What a proof is of, for people.</summary>
    public static void Describe(Terminal terminal, ProofRecord record)
    {
        terminal.Result($"  piece CID v1   {record.PieceCid}");
        if (record.PieceCidV2 is { } v2)
            terminal.Result($"  piece CID v2   {v2}");
        terminal.Result($"  piece size     {record.PieceSize} ({SizeText.Format(record.PieceSize)})");
    }

    /// <summary>The fields of a proof file but its type, which is that of the event.</summary>
    public static void WriteFields(Utf8JsonWriter writer, ProofRecord record)
    {
        foreach (var field in JsonSerializer.SerializeToElement(record, ProofJson.Default.ProofRecord).EnumerateObject().Skip(1))
            field.WriteTo(writer);
    }

    /// <summary>Without an output file, standard output is the proof file.</summary>
    private static void Print(Terminal terminal, ProofRecord record)
    {
        if (terminal.IsJson)
        {
            terminal.Event("proof", writer => WriteFields(writer, record));
            return;
        }

        using var stream = Console.OpenStandardOutput();
        RecordFile.Write(stream, record, ProofJson.Default.ProofRecord);
    }

    /// <summary>The sidecar beside the file, and where none is, the same made by reading it.</summary>
    private static TreeSidecar Sidecar(Terminal terminal, string file, long size, int threads)
    {
        string path = Path.ChangeExtension(file, ".tree");
        if (path != file && File.Exists(path))
        {
            using var stream = File.OpenRead(path);
            var tree = TreeSidecar.Read(stream, path);
            return tree.Commitment.PayloadSize == size ? tree
                : throw new IOException($"{path}: is of a piece of {tree.Commitment.PayloadSize} bytes, but {file} has {size}");
        }

        var progress = new PackCounters();
        progress.Begin(size);
        return terminal.WithProgress(file, progress, () => FileCommP.Compute(file, threads, progress.Add, CommandRunner.Cancel));
    }
}
