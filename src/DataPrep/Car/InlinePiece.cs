using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Car;

/// <summary>
/// The bytes of a piece of which no CAR is stored, regenerated from the <c>.inline</c> file and the sources. <see cref="ReadAt"/> gives no byte of a segment
/// before all of that segment has been held against the piece CID, by the tree sidecar beside it. For several threads at once; memory: 20 KB for each
/// thread that reads, and two segments for all.
/// </summary>
internal sealed class InlinePiece : CarBytes
{
    private const int Segment = SubTreeHasher.SegmentRaw;
    private const int MostKept = 2;

    // Cursors that wait with files open, so that thousands of pieces do not run out of descriptors.
    private const int MostOpen = 2;

    private readonly SafeFileHandle file;
    private readonly InlineFooter footer;
    private readonly string note;
    private readonly Lazy<SourcePlaces?> sources;
    private readonly Lazy<TreeSidecar> tree;
    private readonly Stack<InlineCursor> idle = new();
    private readonly List<(long Number, byte[] Bytes)> kept = [];

    /// <param name="path">The <c>.inline</c> file, named by its piece CID.</param>
    /// <param name="source">A folder with the tree of the dataset, or the file that it is; null for where the sources were.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is no inline piece, is damaged, or has the name of another one.</exception>
    public InlinePiece(string path, string? source = null)
        : base(path)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        note = SourcePlaces.NoteIn(folder);
        sources = new Lazy<SourcePlaces?>(() => source is not null ? SourcePlaces.Given(source) : File.Exists(note) ? SourcePlaces.Read(note) : null);
        tree = new Lazy<TreeSidecar>(ReadTree);
        file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        try
        {
            footer = InlineFooter.Read(file, path);
            string cid = PieceCid.V1(footer.Root.Span).ToString();
            if (System.IO.Path.GetFileName(path) != cid + InlineExtension)
                throw new MalformedDataException($"The inline piece has another name than its piece CID {cid}", footer.FileSize - InlineFooter.Length, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override long Length => footer.CarSize;

    /// <summary>Reads bytes that are those of the piece CID.</summary>
    /// <returns>Bytes read: fewer than asked for only at the end.</returns>
    /// <exception cref="SourceFaultException">A source file has changed, is not there, or is too short.</exception>
    /// <exception cref="MalformedDataException">The <c>.inline</c> file or the tree sidecar is damaged.</exception>
    /// <exception cref="IOException">Something cannot be read, or where the sources are is not known.</exception>
    public int ReadAt(long offset, Span<byte> destination)
    {
        int length = Available(offset, destination);
        for (int done = 0; done < length;)
        {
            var (number, from) = Math.DivRem(offset + done, Segment);
            int size = (int)Math.Min(Segment, Length - (number * Segment)), count = Math.Min(length - done, size - (int)from);
            var part = destination.Slice(done, count);
            if (count == size)
                Make(number, part);
            else if (!TryCopy(number, (int)from, part))
                MakeAndKeep(number, size).AsSpan((int)from, count).CopyTo(part);
            done += count;
        }

        return length;
    }

    /// <inheritdoc/>
    /// <remarks>They are not held against anything here.</remarks>
    public override int Read(long offset, Span<byte> destination) => Read(offset, destination, null);

    /// <param name="onFault">Takes what is wrong with sources, whose content is then zeros.</param>
    /// <inheritdoc cref="Read(long, Span{byte})"/>
    public int Read(long offset, Span<byte> destination, Action<SourceFaultException>? onFault)
    {
        int length = Available(offset, destination);
        using var turn = new Turn(this);
        turn.Cursor.Read(offset, destination[..length], onFault: onFault);
        return length;
    }

    public override int ReadHeaders(long offset, Span<byte> destination)
    {
        int length = Available(offset, destination);
        using var turn = new Turn(this);
        turn.Cursor.Read(offset, destination[..length], withContent: false);
        return length;
    }

    public override Exception Mismatch(string what, long offset, int length) => FaultIn(offset, offset + length);

    /// <summary>Says why a range is not what it was: the first leaf in it whose content is another, or that the <c>.inline</c> file itself is damaged.</summary>
    public Exception FaultIn(long from, long to)
    {
        try
        {
            // Or a source would be blamed for a damaged CID.
            CheckIntact();
            using var turn = new Turn(this);
            var cursor = turn.Cursor;
            for (long at = from; at < to && at < footer.LeafEnd;)
            {
                if (cursor.PartAt(at) is not { } part)
                {
                    at = Math.Max(at + 1, footer.Parts == 0 ? to : cursor.FirstSection);
                    continue;
                }

                long leaf = part.Leaves.RunAt(at).Leaf;
                if (!IsWhole(cursor, part, leaf))
                    return Changed(cursor, part, leaf);
                at = part.Leaves.SectionOffset(leaf) + part.Leaves.Shape(leaf).SectionLength;
            }

            return new IOException($"{Path}: the bytes from offset {from} on were not those of the piece, and are now: a source was changed while it was read");
        }
        catch (Exception e) when (e is IOException or MalformedDataException)
        {
            return e;
        }
    }

    /// <summary>What to say of the leaf at an offset, whose content is another than when it was packed; null where no leaf is.</summary>
    public SourceFaultException? ChangeAt(long offset)
    {
        using var turn = new Turn(this);
        return turn.Cursor.PartAt(offset) is { } part ? Changed(turn.Cursor, part, part.Leaves.RunAt(offset).Leaf) : null;
    }

    /// <summary>Holds the <c>.inline</c> file against its checksum.</summary>
    /// <exception cref="MalformedDataException">It is damaged.</exception>
    public void CheckIntact()
    {
        using var stream = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        if (!InlineFooter.HasChecksum(stream))
            throw new MalformedDataException("The inline piece does not have its checksum: it is damaged", footer.FileSize - InlineFooter.Length, Path);
    }

    protected override void Close()
    {
        lock (idle)
        {
            while (idle.TryPop(out var cursor))
                cursor.Dispose();
        }

        file.Dispose();
    }

    private int Available(long offset, Span<byte> destination) => (int)Math.Clamp(Length - offset, 0, destination.Length);

    /// <summary>Makes a segment, and holds it against its node.</summary>
    private void Make(long number, Span<byte> segment)
    {
        var expected = tree.Value.NodeAt(number);
        Span<byte> node = stackalloc byte[PieceSize.NodeLength];
        using (var turn = new Turn(this))
        {
            turn.Cursor.Read(number * Segment, segment);
            turn.Cursor.Hasher.Root(segment, tree.Value.NodeHeight, node);
        }

        if (node.SequenceEqual(expected))
            return;
        segment.Clear();
        throw FaultIn(number * Segment, (number * Segment) + segment.Length);
    }

    private byte[] MakeAndKeep(long number, int size)
    {
        byte[] bytes = new byte[size];
        Make(number, bytes);
        lock (kept)
        {
            if (kept.Count == MostKept)
                kept.RemoveAt(0);
            kept.Add((number, bytes));
        }

        return bytes;
    }

    private bool TryCopy(long number, int from, Span<byte> destination)
    {
        byte[]? bytes;
        lock (kept)
            bytes = kept.Find(segment => segment.Number == number).Bytes;
        bytes?.AsSpan(from, destination.Length).CopyTo(destination);
        return bytes is not null;
    }

    private SourceFaultException Changed(InlineCursor cursor, in InlinePart part, long leaf) =>
        new(cursor.Location(part), part.FileOffset + (leaf * footer.Profile.ChunkSize), "has changed since it was packed") { Part = part.Number };

    private static bool IsWhole(InlineCursor cursor, in InlinePart part, long leaf)
    {
        byte[] section = new byte[part.Leaves.Shape(leaf).SectionLength];
        cursor.Read(part.Leaves.SectionOffset(leaf), section);
        return Varint.TryRead(section, out _, out int prefix) == VarintStatus.Ok && Cid.TryRead(section.AsSpan(prefix), out var cid, out int length)
            && BlockHash.Verify(cid, section.AsSpan(prefix + length)) == BlockCheck.Match;
    }

    private TreeSidecar ReadTree()
    {
        string path = System.IO.Path.ChangeExtension(Path, ".tree");
        using var stream = File.OpenRead(path);
        var sidecar = TreeSidecar.Read(stream, path);
        return sidecar.Commitment.Root.SequenceEqual(footer.Root.Span) && sidecar.Commitment.PayloadSize == Length ? sidecar
            : throw new MalformedDataException($"The tree sidecar is not that of the inline piece beside it, of {Length} bytes", 0, path);
    }

    private InlineCursor Take()
    {
        lock (idle)
        {
            if (idle.TryPop(out var cursor))
                return cursor;
        }

        return new InlineCursor(file, Path, footer, sources, note);
    }

    private void GiveBack(InlineCursor cursor)
    {
        lock (idle)
        {
            if (idle.Count >= MostOpen)
                cursor.Dispose(); // it opens files anew where it is used again
            idle.Push(cursor);
        }
    }

    /// <summary>A cursor for as long as one thread needs it.</summary>
    private readonly struct Turn(InlinePiece piece) : IDisposable
    {
        public InlineCursor Cursor { get; } = piece.Take();

        public void Dispose() => piece.GiveBack(Cursor);
    }
}
