using System.Security.Cryptography;
using System.Text;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// SHA-256 of CARs. A CAR is written in slabs by several threads, out of order and partly before its first bytes are known, and SHA-256 takes bytes in their
/// order: so the finished file is read. The sum is noted in the work folder until the dataset's records have it.
/// </summary>
internal static class PieceSum
{
    private const string Extension = ".sha256";
    private const int Chunk = 1 << 20;

    /// <summary>The sum of a file in hex. Memory is that of a chunk.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string Compute(string path, CancellationToken cancel)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(Chunk);
        for (int got; (got = file.Read(buffer)) > 0;)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, got);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Notes the sum of a piece, durably.</summary>
    public static void Note(OutputFolder folder, string pieceCid, string sum) => folder.WriteWork(pieceCid + Extension, stream => stream.Write(Encoding.ASCII.GetBytes(sum + "\n")));

    /// <summary>The sum that was noted of a piece; null where there is none.</summary>
    public static string? Noted(OutputFolder folder, string pieceCid)
    {
        string path = folder.WorkFile(pieceCid + Extension);
        return File.Exists(path) && File.ReadAllText(path).TrimEnd('\n') is { Length: 2 * SHA256.HashSizeInBytes } sum && sum.All(char.IsAsciiHexDigitLower) ? sum : null;
    }
}
