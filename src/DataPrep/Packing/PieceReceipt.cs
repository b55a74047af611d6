using System.Text;
using DataPrep.Hashing;
using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// What a task of an array says of the piece that it has made: written when all else is done, so that a piece with a receipt is finished. Holds what
/// finishing needs of its entries. The file's layout is in docs/plan-and-journal.md.
/// </summary>
/// <param name="Number">Of the piece in the plan.</param>
/// <param name="Piece">Payload of a <see cref="PieceDone"/>; null where all that was to be in the piece has changed, so that there is none.</param>
/// <param name="Sha256">Of the CAR, in hex; empty where it is not recorded.</param>
/// <param name="HandedOn">Whether a command has taken the CAR over.</param>
/// <param name="Changes">Payloads of <see cref="EntryChanged"/>, with entries of the whole tree, in the order of what was decided.</param>
internal sealed record PieceReceipt(int Number, byte[]? Piece, string Sha256, bool HandedOn, IReadOnlyList<byte[]> Changes)
{
    private const int FormatVersion = 1;
    private const int LongestPayload = 1 << 20;
    private const int LeastChange = 1, LeastTable = 3;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'R', (byte)'C', (byte)'P', (byte)'T', (byte)'\n'];

    /// <summary>Writes the receipt and puts it in place, on the device.</summary>
    /// <param name="entries">What packing found out of the entries of the share.</param>
    public void Write(string path, string temporary, byte[] seal, PlanShare share, PackedEntries entries, IReadOnlyList<LeafRun> cut)
    {
        File.Delete(temporary);
        using (var output = new PlanOutput(temporary))
        {
            output.Bytes(Magic);
            output.UInt16(FormatVersion);
            output.Bytes(seal);
            output.Varint((ulong)Number);
            output.Byte((byte)((Piece is null ? 0 : 1) | (HandedOn ? 2 : 0)));
            output.Block(Piece);
            output.Block(Encoding.ASCII.GetBytes(Sha256));
            output.Varint((ulong)Changes.Count);
            foreach (byte[] change in Changes)
                output.Block(change);
            // Of a file of which the beginning lies in another piece, that one's receipt tells the place.
            int from = share.Folders.Count + (share.Range.Begin.Leaf > 0 ? 1 : 0);
            output.Varint((ulong)share.Origin(from));
            output.Varint((ulong)(share.Tree.Count - from));
            for (int i = from; i < share.Tree.Count; i++)
                output.Bytes(entries.Row(i));
            output.Varint((ulong)cut.Count);
            foreach (var run in cut)
            {
                output.Varint((ulong)share.Origin(run.Entry));
                output.Varint((ulong)run.First);
                output.Varint((ulong)(run.End - run.First));
                var table = entries.LeavesOf(run.Entry, run.First, run.End);
                for (long leaf = run.First; leaf < run.End; leaf++)
                    output.Bytes(table[leaf]);
            }

            _ = output.End();
        }

        OutputFolder.Place(temporary, Path.GetFileName(path), Path.GetDirectoryName(path)!);
    }

    /// <summary>Reads a receipt, to its checksum.</summary>
    /// <param name="seal">Of the plan that it has to be of.</param>
    /// <param name="tree">The whole tree.</param>
    /// <param name="entries">Takes what the receipt says of entries; null where only its own fields are wanted. What it takes of a damaged receipt is worth nothing.</param>
    /// <exception cref="MalformedDataException">It is damaged, or of another plan or piece.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PieceReceipt Read(string path, byte[] seal, int number, SourceTree? tree = null, PackedEntries? entries = null)
    {
        using var input = new PlanInput(path);
        if (!input.Bytes(Magic.Length).SequenceEqual(Magic))
            throw input.Wrong("the file is no receipt", -Magic.Length);
        int version = input.UInt16();
        if (version != FormatVersion)
            throw input.Wrong($"the receipt has version {version}, which is unknown", -2);
        if (!input.Bytes(seal.Length).SequenceEqual(seal))
            throw input.Wrong("the receipt is of another plan", -seal.Length);
        if (input.Varint() is var stated && stated != (ulong)number)
            throw input.Wrong($"the receipt is of piece {stated}, not of {number}");
        byte flags = input.Byte();
        byte[] piece = input.Block(LongestPayload).ToArray();
        string sha256 = Encoding.ASCII.GetString(input.Block(64));
        byte[][] changes = new byte[input.Count(LeastChange)][];
        for (int i = 0; i < changes.Length; i++)
            changes[i] = input.Block(LongestPayload).ToArray();

        int first = input.Place(0, tree?.Count ?? int.MaxValue);
        for (int i = first, end = first + input.Count(PackedEntries.RowSize); i < end; i++)
        {
            var row = input.Bytes(PackedEntries.RowSize);
            if (tree is not null && i >= tree.Count)
                throw input.Wrong($"there is no entry {i}", -PackedEntries.RowSize);
            if (entries is not null)
                row.CopyTo(entries.Row(i));
        }

        for (int left = input.Count(LeastTable); left > 0; left--)
            ReadLeaves(input, tree, entries);
        _ = input.End();
        return new PieceReceipt(number, (flags & 1) != 0 ? piece : null, sha256, (flags & 2) != 0, changes);
    }

    private static void ReadLeaves(PlanInput input, SourceTree? tree, PackedEntries? entries)
    {
        int entry = input.Place(0, (tree?.Count ?? int.MaxValue) - 1);
        long first = input.Size();
        int count = input.Count(DigestTable.RowSize);
        if (tree is not null && (tree[entry].Kind != EntryKind.File || first > tree[entry].Size || count > tree[entry].Size - first))
            throw input.Wrong($"entry {entry} has no {count} leaves from {first} on");
        var table = entries?.RoomForLeaves(entry, first + count);
        for (long leaf = first; leaf < first + count; leaf++)
        {
            var digest = input.Bytes(DigestTable.RowSize);
            if (table is not null)
                digest.CopyTo(table[leaf]);
        }
    }
}

/// <summary>Leaves of a file that is cut, of which these lie in a piece.</summary>
internal readonly record struct LeafRun(int Entry, long First, long End);
