using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>What a plan holds.</summary>
/// <param name="Header">Bytes of whoever writes and reads plans: options and sources.</param>
/// <param name="Pieces">The data pieces, in the order of the tree; no two hold the same content.</param>
internal sealed record PlanContent(byte[] Header, SourceTree Tree, IReadOnlyList<PieceRange> Pieces);

/// <summary>What can be read of a plan with shares without reading all of it.</summary>
/// <param name="Seal">The last 32 bytes of the file, the checksum of all before: it tells this plan from others.</param>
/// <param name="Pieces">How many data pieces the plan has.</param>
internal sealed record PlanOutline(byte[] Header, byte[] Seal, int Pieces);

/// <summary>
/// The plan of a dataset as a file that never changes and is named by its own hash, so that whoever names it means this content.
/// Written and read in one go through a window of memory. The file's layout is in docs/plan-and-journal.md.
/// </summary>
internal static class PlanFile
{
    public const int HashLength = PlanOutput.HashLength;

    private const string Extension = ".plan";
    private const int FormatVersion = 2;
    private const int LongestHeader = 1 << 26;
    private const int LongestText = 1 << 26;
    private const int LeastSkipped = 3, LeastPiece = 5;
    private const int ShareCountLength = sizeof(uint);

    // Mostly more than the header.
    private const int OutlineRoom = 1 << 13;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'P', (byte)'L', (byte)'A', (byte)'N', (byte)'\n'];

    /// <summary>Writes the plan under the name that its hash gives it, and returns its path; when this returns, it is on the device.</summary>
    /// <param name="folder">Where to put it; must exist.</param>
    /// <param name="withShares">Whether each piece's share stands in it by itself, for tasks on other machines.</param>
    /// <exception cref="ArgumentException">The content is no plan: a tree with folders that are not closed, pieces out of order, a header of more than 64 MiB.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static string Write(string folder, PlanContent content, bool withShares = false) =>
        Write(folder, content, withShares, hash => Convert.ToHexStringLower(hash) + Extension);

    /// <summary>Writes the plan with its shares under a name of the caller's choice.</summary>
    /// <returns>Its hash.</returns>
    /// <inheritdoc cref="Write(string, PlanContent, bool)"/>
    public static byte[] WriteAs(string path, PlanContent content)
    {
        byte[] hash = [];
        string name = Path.GetFileName(path);
        _ = Write(Path.GetDirectoryName(Path.GetFullPath(path))!, content, withShares: true, written =>
        {
            hash = written;
            return name;
        });
        return hash;
    }

    private static string Write(string folder, PlanContent content, bool withShares, Func<byte[], string> nameOf)
    {
        string temporary = Path.Join(folder, $"{Guid.NewGuid():N}{Extension}.part");
        try
        {
            string path;
            using (var output = new PlanOutput(temporary))
            {
                Write(output, content, withShares);
                path = Path.Join(folder, nameOf(output.End()));
            }

            OutputFolder.Check(Posix.Rename(temporary, path), "rename", temporary);
            OutputFolder.Check(Posix.FlushFolder(folder), "flush", folder);
            return path;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc cref="Read(string, out byte[])"/>
    public static PlanContent Read(string path) => Read(path, out _);

    /// <param name="hash">The SHA-256 of the file, 32 bytes.</param>
    /// <exception cref="MalformedDataException">The file is no plan, is damaged, or is not the one that its name says.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PlanContent Read(string path, out byte[] hash)
    {
        using var input = new PlanInput(path);
        var content = Read(input);
        hash = input.End();
        if (HashInName(path) is { } named && !named.AsSpan().SequenceEqual(hash))
            throw new MalformedDataException($"the plan's hash is {Convert.ToHexStringLower(hash)}, another than its name says", 0, path);
        return content;
    }

    /// <summary>Reads what stands around the entries. Of the rest of the file nothing is known then.</summary>
    /// <exception cref="MalformedDataException">The file is no plan, has no shares, or is damaged where it was read.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static PlanOutline ReadOutline(string path)
    {
        using var input = new PlanInput(path, room: OutlineRoom);
        return ReadOutline(input, out _);
    }

    /// <summary>Reads what is needed to make one piece, and no more of the file than that.</summary>
    /// <param name="number">Of the piece, from 0 on.</param>
    /// <returns>The outline, and the share: null where there is no such piece.</returns>
    /// <inheritdoc cref="ReadOutline(string)"/>
    public static (PlanOutline Outline, PlanShare? Share) ReadShare(string path, int number)
    {
        using var input = new PlanInput(path, room: OutlineRoom);
        var outline = ReadOutline(input, out long index);
        if (number < 0 || number >= outline.Pieces)
            return (outline, null);
        using var part = new PlanInput(path, (ShareAt(number), number + 1 < outline.Pieces ? ShareAt(number + 1) : index));
        return (outline, PlanShare.Read(part, number));

        long ShareAt(int share)
        {
            Span<byte> offset = stackalloc byte[sizeof(long)];
            input.Peek(offset, index + ((long)share * sizeof(long)));
            return BinaryPrimitives.ReadInt64LittleEndian(offset);
        }
    }

    private static PlanOutline ReadOutline(PlanInput input, out long index)
    {
        byte[] header = ReadHeader(input);
        byte[] seal = new byte[HashLength];
        input.Peek(seal, input.Last);
        (int count, index) = ShareIndex(input);
        return count > 0 ? new PlanOutline(header, seal, count)
            : throw input.Wrong("the plan is that of a run on one machine: it has no shares of pieces, as the plans have that the plan command makes");
    }

    /// <summary>The hash that a plan's name says, or null where the name is of another form.</summary>
    public static byte[]? HashInName(string path)
    {
        string name = Path.GetFileName(path);
        if (name.Length != (2 * HashLength) + Extension.Length || !name.EndsWith(Extension, StringComparison.Ordinal))
            return null;
        string hex = name[..^Extension.Length];
        return hex.All(char.IsAsciiHexDigitLower) ? Convert.FromHexString(hex) : null;
    }

    private static void Write(PlanOutput output, PlanContent content, bool withShares)
    {
        if (content.Header.Length > LongestHeader)
            throw new ArgumentException("The header is too long.", nameof(content));
        output.Bytes(Magic);
        output.UInt16(FormatVersion);
        output.BeginPart();
        output.Block(content.Header);
        output.EndPart();
        PlanTree.Write(output, content.Tree);

        output.Varint((ulong)content.Tree.Skipped.Count);
        foreach (var skipped in content.Tree.Skipped)
        {
            output.Block(skipped.Path);
            output.Block(Encoding.UTF8.GetBytes(skipped.Reason));
            output.Block(Encoding.UTF8.GetBytes(skipped.Detail));
        }

        WritePieces(output, content.Tree, content.Pieces);
        long[] shares = new long[withShares ? content.Pieces.Count : 0];
        for (int i = 0; i < shares.Length; i++)
        {
            shares[i] = output.Position;
            PlanShare.Of(content.Tree, i, content.Pieces[i]).Write(output);
        }

        foreach (long share in shares)
            output.UInt64((ulong)share);
        output.UInt32((uint)shares.Length);
    }

    private static PlanContent Read(PlanInput input)
    {
        byte[] header = ReadHeader(input);
        var tree = PlanTree.Read(input);
        ReadSkipped(input, tree);
        var content = new PlanContent(header, tree, ReadPieces(input, tree));
        var (count, index) = ShareIndex(input);
        if (count > 0 && count != content.Pieces.Count)
            throw input.Wrong($"there are shares of {count} pieces, not of {content.Pieces.Count}");
        // What they say follows from what was read.
        input.SkipTo(count > 0 ? index : input.Last - ShareCountLength);
        input.SkipTo(input.Last);
        return content;
    }

    /// <summary>How many shares there are, and where the list of their offsets begins.</summary>
    private static (int Count, long Index) ShareIndex(PlanInput input)
    {
        Span<byte> bytes = stackalloc byte[ShareCountLength];
        long at = input.Last - ShareCountLength;
        if (at < input.Offset)
            throw input.Wrong("the file is too short for a plan");
        input.Peek(bytes, at);
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (count > (at - input.Offset) / sizeof(long))
            throw input.Wrong($"{count} shares of pieces do not fit the file");
        return ((int)count, at - (count * (long)sizeof(long)));
    }

    private static byte[] ReadHeader(PlanInput input)
    {
        if (!input.Bytes(Magic.Length).SequenceEqual(Magic))
            throw input.Wrong("the file is no plan", -Magic.Length);
        int version = input.UInt16();
        if (version != FormatVersion)
            throw input.Wrong($"the plan has version {version}, which is unknown", -2);
        long begin = input.Offset;
        byte[] header = input.Block(LongestHeader).ToArray();
        byte[] written = new byte[input.Offset - begin];
        input.Peek(written, begin);
        if (!input.Bytes(HashLength).SequenceEqual(SHA256.HashData(written)))
            throw input.Wrong("the header does not have its checksum", -HashLength);
        return header;
    }

    private static void ReadSkipped(PlanInput input, SourceTree tree)
    {
        var reason = new RepeatedText(input);
        var detail = new RepeatedText(input);
        for (int left = input.Count(LeastSkipped); left > 0; left--)
            tree.Skip(input.Block(LongestText).ToArray(), reason.Next(), detail.Next());
    }

    /// <summary>Texts that are mostly the same, each time as one object.</summary>
    private sealed class RepeatedText(PlanInput input)
    {
        private byte[] bytes = [];
        private string text = "";

        public string Next()
        {
            var next = input.Block(LongestText);
            if (next.SequenceEqual(bytes))
                return text;
            if (!Utf8.IsValid(next))
                throw input.Wrong("a text is no UTF-8", -next.Length);
            bytes = next.ToArray();
            return text = Encoding.UTF8.GetString(bytes);
        }
    }

    public static void WritePieces(PlanOutput output, SourceTree tree, IReadOnlyList<PieceRange> pieces)
    {
        output.Varint((ulong)pieces.Count);
        var before = PlanPoint.Start;
        foreach (var piece in pieces)
        {
            if (ProblemOf(tree, before, piece) is { } problem)
                throw new ArgumentException(problem, nameof(pieces));
            output.Varint((ulong)(piece.Begin.Entry - before.Entry));
            output.Varint((ulong)piece.Begin.Leaf);
            output.Varint((ulong)(piece.End.Entry - piece.Begin.Entry));
            output.Varint((ulong)piece.End.Leaf);
            output.Varint((ulong)piece.CarSize);
            before = piece.End;
        }
    }

    public static List<PieceRange> ReadPieces(PlanInput input, SourceTree tree)
    {
        var pieces = new List<PieceRange>();
        var before = PlanPoint.Start;
        for (int left = input.Count(LeastPiece); left > 0; left--)
        {
            var begin = new PlanPoint(input.Place(before.Entry, tree.Count), input.Size());
            var end = new PlanPoint(input.Place(begin.Entry, tree.Count), input.Size());
            var piece = new PieceRange(begin, end, input.Size());
            if (ProblemOf(tree, before, piece) is { } problem)
                throw input.Wrong(problem);
            pieces.Add(piece);
            before = end;
        }

        return pieces;
    }

    private static string? ProblemOf(SourceTree tree, PlanPoint before, PieceRange piece)
    {
        if (!IsPlace(tree, piece.Begin) || !IsPlace(tree, piece.End))
            return "a piece begins or ends where there is nothing";
        if (piece.Begin < before || piece.End < piece.Begin)
            return "pieces are not in order";
        return piece.CarSize < 0 ? "a piece has no size" : null;
    }

    // How many leaves a file has is for the profile to say; each has a byte, but for the one of an empty file.
    private static bool IsPlace(SourceTree tree, PlanPoint point) => point.Leaf == 0
        ? point.Entry >= 0 && point.Entry <= tree.Count
        : point.Leaf > 0 && point.Entry >= 0 && point.Entry < tree.Count && tree[point.Entry].Kind == EntryKind.File && point.Leaf <= Math.Max(1, tree[point.Entry].Size);
}
