using DataPrep.Aggregation;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>verify --inclusion</c>: proofs that pieces are in an aggregate, which need nothing but themselves.</summary>
internal static class InclusionCheck
{
    /// <param name="stands">Whether nothing else was asked for.</param>
    public static int Run(string file, bool stands, Terminal terminal)
    {
        if (!stands)
            throw new UsageException("--inclusion stands alone, without others to verify, --quick and --source");
        if (!File.Exists(file))
            throw new FileNotFoundException($"{file}: no such file");
        var log = new FindingLog(finding => ReadBack.Report(finding, terminal));
        long proofs = 0;
        try
        {
            foreach (var (record, offset) in InclusionRecord.Read(file))
            {
                CommandRunner.Cancel.ThrowIfCancellationRequested();
                proofs++;
                Check(record, file, offset, log, terminal);
            }

            if (proofs == 0)
                log.Error("malformed-proof", file, 0, "there is no proof in it");
        }
        catch (MalformedDataException e)
        {
            log.Error("malformed-proof", file, e.Offset, e.Reason);
        }

        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", log.Errors == 0);
            writer.WriteNumber("proofs", proofs);
            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
        });
        terminal.Result(log.Errors > 0 ? "FAILED: not all of it holds"
            : $"Verified: {(proofs == 1 ? "the piece is in the deal and in its index" : $"{proofs} pieces are in their deals and in the indexes of these")}; compare piece CIDs and sizes with what you know");
        return log.Errors == 0 ? ExitCode.Done : ExitCode.Verification;
    }

    private static void Check(InclusionRecord record, string file, long offset, FindingLog log, Terminal terminal)
    {
        SegmentInclusion proof;
        try
        {
            proof = record.Decode();
        }
        catch (MalformedDataException e)
        {
            log.Error("malformed-proof", file, offset, e.Reason);
            return;
        }

        if (proof.Problem() is { } problem)
        {
            log.Error("inclusion", file, offset, $"{record.CommPc}: {problem}");
            return;
        }

        terminal.Event("inclusion", writer =>
        {
            writer.WriteString("pieceCid", record.CommPc);
            writer.WriteNumber("pieceSize", record.SizePc);
            writer.WriteNumber("offset", proof.Subtree.Index * proof.PieceSize);
            writer.WriteString("dealPieceCid", record.Expected.CommPa);
            writer.WriteNumber("dealPieceSize", record.Expected.SizePa);
        });
        terminal.Result($"{record.CommPc} ({SizeText.Format(record.SizePc)}) at {proof.Subtree.Index * proof.PieceSize} of {record.Expected.CommPa} ({SizeText.Format(record.Expected.SizePa)})");
    }
}
