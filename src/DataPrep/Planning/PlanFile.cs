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

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'P', (byte)'L', (byte)'A', (byte)'N', (byte)'\n'];

    /// <summary>Writes the plan and returns its path; when this returns, it is on the device.</summary>
    /// <param name="folder">Where to put it; must exist.</param>
    /// <exception cref="ArgumentException">The content is no plan: a tree with folders that are not closed, pieces out of order, a header of more than 64 MiB.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static string Write(string folder, PlanContent content)
    {
        string temporary = Path.Join(folder, $"{Guid.NewGuid():N}{Extension}.part");
        try
        {
            string path;
            using (var output = new PlanOutput(temporary))
            {
                Write(output, content);
                path = Path.Join(folder, Convert.ToHexStringLower(output.End()) + Extension);
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

    /// <summary>The hash that a plan's name says, or null where the name is of another form.</summary>
    public static byte[]? HashInName(string path)
    {
        string name = Path.GetFileName(path);
        if (name.Length != (2 * HashLength) + Extension.Length || !name.EndsWith(Extension, StringComparison.Ordinal))
            return null;
        string hex = name[..^Extension.Length];
        return hex.All(char.IsAsciiHexDigitLower) ? Convert.FromHexString(hex) : null;
    }

    private static void Write(PlanOutput output, PlanContent content)
    {
        if (content.Header.Length > LongestHeader)
            throw new ArgumentException("The header is too long.", nameof(content));
        output.Bytes(Magic);
        output.UInt16(FormatVersion);
        output.Block(content.Header);
        PlanTree.Write(output, content.Tree);

        output.Varint((ulong)content.Tree.Skipped.Count);
        foreach (var skipped in content.Tree.Skipped)
        {
            output.Block(skipped.Path);
            output.Block(Encoding.UTF8.GetBytes(skipped.Reason));
            output.Block(Encoding.UTF8.GetBytes(skipped.Detail));
        }

        WritePieces(output, content);
    }

    private static PlanContent Read(PlanInput input)
    {
        if (!input.Bytes(Magic.Length).SequenceEqual(Magic))
            throw input.Wrong("the file is no plan", -Magic.Length);
        int version = input.UInt16();
        if (version != FormatVersion)
            throw input.Wrong($"the plan has version {version}, which is unknown", -2);
        byte[] header = input.Block(LongestHeader).ToArray();
        var tree = PlanTree.Read(input);
        ReadSkipped(input, tree);
        return new PlanContent(header, tree, ReadPieces(input, tree));
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

    private static void WritePieces(PlanOutput output, PlanContent content)
    {
        output.Varint((ulong)content.Pieces.Count);
        var before = PlanPoint.Start;
        foreach (var piece in content.Pieces)
        {
            if (ProblemOf(content.Tree, before, piece) is { } problem)
                throw new ArgumentException(problem, nameof(content));
            output.Varint((ulong)(piece.Begin.Entry - before.Entry));
            output.Varint((ulong)piece.Begin.Leaf);
            output.Varint((ulong)(piece.End.Entry - piece.Begin.Entry));
            output.Varint((ulong)piece.End.Leaf);
            output.Varint((ulong)piece.CarSize);
            before = piece.End;
        }
    }

    private static List<PieceRange> ReadPieces(PlanInput input, SourceTree tree)
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
