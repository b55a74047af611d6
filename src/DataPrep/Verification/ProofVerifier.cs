using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Records;

namespace DataPrep.Verification;

/// <summary>Checks a proof file: that its nodes lead to the piece CID, and that bytes are those that the nodes stand for.</summary>
internal sealed class ProofVerifier(FindingLog log)
{
    /// <param name="file">The proof.</param>
    /// <param name="data">The bytes from <c>dataOffset</c> on, or a file of the whole piece; null to check the proof alone.</param>
    /// <returns>The proof, where it can be read; what does not match is a finding.</returns>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ProofRecord? Verify(string file, string? data)
    {
        try
        {
            var record = ProofRecord.Read(file);
            var (proof, piece) = record.Decode();
            if (!proof.FoldsTo(piece.Root))
                log.Error("proof", file, -1, $"nodes and path do not lead to the piece CID {record.PieceCidV2 ?? record.PieceCid}");
            if (data is not null)
                Compare(record, proof, piece, data);
            return record;
        }
        catch (MalformedDataException e)
        {
            log.Error("malformed-proof", file, e.Path is null ? -1 : e.Offset, e.Message);
            return null;
        }
    }

    private void Compare(ProofRecord record, InclusionProof proof, PieceCidInfo piece, string data)
    {
        using var stream = new FileStream(data, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        long length = stream.Length;
        bool isRange = length >= record.DataLength && length <= proof.Length;
        long needed = record.DataLength > 0 ? record.DataOffset + record.DataLength : Math.Min(record.DataOffset, piece.PayloadSize ?? record.DataOffset);
        bool isPiece = length >= needed;
        if (!isRange && !isPiece)
        {
            log.Error("proof-data", data, length, $"has {length} bytes; the range is {record.DataLength} bytes, and of the piece {needed} are needed");
            return;
        }

        // A small piece may be as long as the range of the proof: it is what its hash says.
        if ((isRange && proof.IsOf(stream)) || (isPiece && IsAt(record.DataOffset)))
            return;
        log.Error("proof-data", data, isRange ? 0 : record.DataOffset, isRange
            ? $"the bytes are not those that the proof has at {record.DataOffset} of the piece"
            : $"the {record.DataLength} bytes from here on are not those of the proof");

        bool IsAt(long offset)
        {
            stream.Position = Math.Min(offset, length);
            return proof.IsOf(stream);
        }
    }
}
