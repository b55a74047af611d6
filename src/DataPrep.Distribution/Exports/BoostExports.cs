using System.Globalization;

namespace DataPrep.Distribution.Exports;

/// <summary>What Boost's commands take: the list of <c>boost allocate</c>, and scripts that run a command for each piece.</summary>
internal static class BoostExports
{
    /// <summary>The least padded size of an allocation (builtin-actors, verified registry).</summary>
    private const long LeastAllocation = 1 << 20;

    /// <summary>Lines of <c>boost allocate --piece-file</c>, which splits them at commas: no header, no quotes.</summary>
    public static void Allocate(ExportInput input, Stream stream)
    {
        input.OnlyNaturalSizes("the importing side (boostd import-direct, Curio)");
        int small = input.Records.Count(piece => piece.PieceSize < LeastAllocation);
        if (small > 0)
            input.Warn($"{small} of {input.Pieces.Count} pieces are smaller than 1 MiB: the chain makes no allocation for them");
        var options = input.Options;
        string provider = ExportInput.Needed(options.Provider, ExportOption.Provider);
        using var csv = new CsvRows(stream);
        foreach (var piece in input.Records)
            csv.Row(piece.PieceCid, piece.PieceSize, provider, options.TermMin ?? Epochs.LeastTerm, options.TermMax ?? Epochs.MostTerm, options.Expiration ?? Epochs.MostExpiration);
    }

    public static void OfflineDeal(ExportInput input, Stream stream)
    {
        var options = input.Options;
        string provider = ExportInput.Needed(options.Provider, ExportOption.Provider);
        using var script = new ShellScript(stream, "Proposes an offline deal for each piece: for the client, with boost in the PATH.");
        foreach (var piece in input.Records)
        {
            script.Run("boost", "offline-deal", $"--provider={provider}", $"--commp={piece.PieceCid}", $"--piece-size={Number(piece.PieceSize)}", $"--payload-cid={piece.RootCid}",
                options.StartEpoch is { } start ? $"--start-epoch={Number(start)}" : null, $"--duration={Number(options.Duration ?? Epochs.LeastTerm)}",
                $"--verified={(options.Verified ?? true ? "true" : "false")}", options.Client is { } client ? $"--wallet={client}" : null);
        }
    }

    public static void ImportDirect(ExportInput input, Stream stream)
    {
        input.OnlyNaturalSizes("boostd import-direct");
        var options = input.Options;
        string client = ExportInput.Needed(options.Client, ExportOption.Client);
        var allocations = ExportInput.Needed(options.Allocations, ExportOption.Allocation);
        string folder = options.CarFolder ?? ".";
        // What is missing is better known before the first line than behind it.
        var ids = input.Records.Select(piece => allocations.Of(piece, input.Pieces.Count)).ToList();
        using var script = new ShellScript(stream, "Imports the CAR of each piece for its allocation: for the storage provider, with boostd in the PATH.");
        foreach (var (piece, id) in input.Records.Zip(ids))
        {
            script.Run("boostd", "import-direct", $"--client-addr={client}", $"--allocation-id={id}",
                options.StartEpoch is { } start ? $"--start-epoch={Number(start)}" : null, piece.PieceCid, folder.EndsWith('/') ? folder + piece.CarFile : $"{folder}/{piece.CarFile}");
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A script for <c>sh</c> in which every word of a command is in quotes. A command that fails is named, and the others are run.</summary>
    private sealed class ShellScript : IDisposable
    {
        private readonly StreamWriter writer;
        private long count;

        public ShellScript(Stream stream, string purpose)
        {
            writer = new StreamWriter(stream, bufferSize: 1 << 16, leaveOpen: true) { NewLine = "\n" };
            writer.Write($$"""
                #!/bin/sh
                # {{purpose}}
                # A command that fails is named on standard error, and the exit code is 1: run only those again.
                failed=0
                run() {
                    "$@" || { failed=$((failed + 1)); printf 'failed: %s\n' "$*" >&2; }
                }


                """);
        }

        public void Run(params IEnumerable<string?> words)
        {
            writer.WriteLine("run " + string.Join(' ', words.OfType<string>().Select(Quote)));
            count++;
        }

        public void Dispose()
        {
            writer.Write($$"""
                [ "$failed" -eq 0 ] || { printf '%s of {{count}} commands failed\n' "$failed" >&2; exit 1; }

                """);
            writer.Dispose();
        }

        /// <summary>Within single quotes nothing has a meaning but their end.</summary>
        private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
