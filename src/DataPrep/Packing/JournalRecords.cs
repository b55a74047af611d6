using System.Numerics;
using System.Text.Unicode;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>What a record of a <see cref="Journal"/> says. The numbers stand in the file.</summary>
internal enum JournalKind : byte
{
    /// <summary>A <see cref="Packing.SlabDone"/>.</summary>
    SlabDone = 1,

    /// <summary>A <see cref="Packing.PieceDone"/>.</summary>
    PieceDone = 2,

    /// <summary>An <see cref="Packing.EntryChanged"/>.</summary>
    EntryChanged = 3,

    /// <summary>A <see cref="Packing.StreamEnded"/>.</summary>
    StreamEnded = 4,
}

/// <summary>A record that is written straight into the memory of the journal.</summary>
internal interface IJournalRecord
{
    static abstract JournalKind Kind { get; }

    /// <summary>Bytes of the payload.</summary>
    int Length { get; }

    /// <param name="payload">As many bytes as <see cref="Length"/> says.</param>
    void Write(Span<byte> payload);
}

/// <summary>What is in a segment that could not be finished yet; none where there are no bytes.</summary>
/// <param name="segment">Number within the piece.</param>
internal readonly ref struct KeptSegment(long segment, ReadOnlySpan<byte> bytes)
{
    public long Segment { get; } = segment;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;
}

/// <summary>A slab's bytes are in the CAR. Spans of a record that was read are parts of the payload.</summary>
internal readonly ref struct SlabDone : IJournalRecord
{
    private const int FixedLength = 4 + (4 * 8) + (2 * 4) + (2 * 12);

    public static JournalKind Kind => JournalKind.SlabDone;

    /// <summary>Number of the piece in the plan.</summary>
    public required int Piece { get; init; }

    /// <summary>Number of the slab in the piece, which has a meaning only together with <see cref="SlabSize"/>.</summary>
    public required long Slab { get; init; }

    /// <summary>Padded size of the slabs: a power of two of at least 1 MiB.</summary>
    public required long SlabSize { get; init; }

    /// <summary>Number within the piece of the first leaf that begins in the slab.</summary>
    public required long FirstLeaf { get; init; }

    /// <summary>Digests of the leaves that begin in the slab, 32 bytes each.</summary>
    public required ReadOnlySpan<byte> Leaves { get; init; }

    /// <summary>Number within the piece of the first segment that is finished.</summary>
    public required long FirstSegment { get; init; }

    /// <summary>Nodes of the finished segments, 32 bytes each.</summary>
    public required ReadOnlySpan<byte> Nodes { get; init; }

    /// <summary>The segment with the header, where it is in this slab.</summary>
    public KeptSegment First { get; init; }

    /// <summary>The segment in which the leaves end, where it is in this slab and not the one with the header.</summary>
    public KeptSegment Last { get; init; }

    public int Length => FixedLength + Leaves.Length + Nodes.Length + First.Bytes.Length + Last.Bytes.Length;

    public void Write(Span<byte> payload)
    {
        var writer = new PayloadWriter(payload);
        writer.Int(Piece);
        writer.Long(Slab);
        writer.Long(SlabSize);
        writer.Long(FirstLeaf);
        writer.Long(FirstSegment);
        writer.Int(Leaves.Length / PieceSize.NodeLength);
        writer.Int(Nodes.Length / PieceSize.NodeLength);
        writer.Long(First.Segment);
        writer.Int(First.Bytes.Length);
        writer.Long(Last.Segment);
        writer.Int(Last.Bytes.Length);
        writer.Bytes(Leaves);
        writer.Bytes(Nodes);
        writer.Bytes(First.Bytes);
        writer.Bytes(Last.Bytes);
    }

    /// <exception cref="MalformedDataException">It is no such payload.</exception>
    public static SlabDone Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int piece = reader.Int();
        long slab = reader.Long(), size = reader.Long();
        if (size < SubTreeHasher.SegmentPadded || !BitOperations.IsPow2(size))
            throw reader.Wrong($"{size} is no size of a slab");
        long leaf = reader.Long(), segment = reader.Long();
        int leaves = reader.Int(), nodes = reader.Int();
        long first = reader.Long();
        int firstLength = reader.Int();
        long last = reader.Long();
        int lastLength = reader.Int();
        if (Math.Max(firstLength, lastLength) > SubTreeHasher.SegmentRaw)
            throw reader.Wrong($"more bytes are kept than the {SubTreeHasher.SegmentRaw} of a segment");
        var record = new SlabDone
        {
            Piece = piece,
            Slab = slab,
            SlabSize = size,
            FirstLeaf = leaf,
            Leaves = reader.Bytes(leaves, PieceSize.NodeLength),
            FirstSegment = segment,
            Nodes = reader.Bytes(nodes, PieceSize.NodeLength),
            First = new KeptSegment(first, reader.Bytes(firstLength)),
            Last = new KeptSegment(last, reader.Bytes(lastLength)),
        };
        reader.RequireEnd();
        return record;
    }
}

/// <summary>A piece's CAR is complete and has its name.</summary>
internal readonly ref struct PieceDone : IJournalRecord
{
    private const int FixedLength = 4 + PieceSize.NodeLength + (3 * 8) + (2 * 4);

    public static JournalKind Kind => JournalKind.PieceDone;

    /// <summary>Number of the piece in the plan.</summary>
    public required int Piece { get; init; }

    /// <summary>Root of the piece's tree, 32 bytes.</summary>
    public required ReadOnlySpan<byte> Commitment { get; init; }

    /// <summary>Bytes of the CAR.</summary>
    public required long CarSize { get; init; }

    /// <summary>Bytes of the CAR without what fills it.</summary>
    public required long PayloadSize { get; init; }

    /// <summary>Number of files of which at least a part is in the piece.</summary>
    public required long Files { get; init; }

    /// <summary>The CAR's root in binary form.</summary>
    public required ReadOnlySpan<byte> Root { get; init; }

    /// <summary>Name of the CAR in its folder, UTF-8.</summary>
    public required ReadOnlySpan<byte> CarFile { get; init; }

    public int Length => FixedLength + Root.Length + CarFile.Length;

    public void Write(Span<byte> payload)
    {
        var writer = new PayloadWriter(payload);
        writer.Int(Piece);
        writer.Bytes(Commitment);
        writer.Long(CarSize);
        writer.Long(PayloadSize);
        writer.Long(Files);
        writer.Int(Root.Length);
        writer.Int(CarFile.Length);
        writer.Bytes(Root);
        writer.Bytes(CarFile);
    }

    /// <exception cref="MalformedDataException">It is no such payload.</exception>
    public static PieceDone Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int piece = reader.Int();
        var commitment = reader.Bytes(PieceSize.NodeLength);
        long size = reader.Long(), unfilled = reader.Long();
        if (unfilled > size)
            throw reader.Wrong($"a payload of {unfilled} bytes is more than its CAR of {size}");
        long files = reader.Long();
        int rootLength = reader.Int(), nameLength = reader.Int();
        var root = reader.Bytes(rootLength);
        if (!Cid.TryRead(root, out _, out int length) || length != root.Length)
            throw reader.Wrong("the root is no CID");
        var name = reader.Bytes(nameLength);
        if (name.IsEmpty || name.IndexOfAny((byte)'/', (byte)0) >= 0 || !Utf8.IsValid(name))
            throw reader.Wrong("the CAR's name is no name of a file");
        reader.RequireEnd();
        return new PieceDone { Piece = piece, Commitment = commitment, CarSize = size, PayloadSize = unfilled, Files = files, Root = root, CarFile = name };
    }
}

/// <summary>An entry is not what the plan says: it is taken in its new state, or left out.</summary>
internal readonly ref struct EntryChanged : IJournalRecord
{
    private const int StampLength = 48;

    public static JournalKind Kind => JournalKind.EntryChanged;

    /// <summary>Number of the entry in the plan's tree.</summary>
    public required int Entry { get; init; }

    /// <summary>The state that is taken; null where the entry is left out.</summary>
    public required FileStamp? Stamp { get; init; }

    /// <summary>The tag of that state, where it has one; see <see cref="SourceTree.Tag"/>.</summary>
    public ReadOnlySpan<byte> Tag { get; init; }

    /// <summary>As in <see cref="SkippedInput.Reason"/>, UTF-8.</summary>
    public required ReadOnlySpan<byte> Reason { get; init; }

    /// <summary>As in <see cref="SkippedInput.Detail"/>, UTF-8.</summary>
    public required ReadOnlySpan<byte> Detail { get; init; }

    public int Length => 4 + 1 + (Stamp is null ? 0 : StampLength) + (3 * 4) + Tag.Length + Reason.Length + Detail.Length;

    public void Write(Span<byte> payload)
    {
        var writer = new PayloadWriter(payload);
        writer.Int(Entry);
        writer.Byte(Stamp is null ? (byte)0 : (byte)1);
        if (Stamp is { } stamp)
            writer.Stamp(stamp);
        writer.Int(Tag.Length);
        writer.Int(Reason.Length);
        writer.Int(Detail.Length);
        writer.Bytes(Tag);
        writer.Bytes(Reason);
        writer.Bytes(Detail);
    }

    /// <exception cref="MalformedDataException">It is no such payload.</exception>
    public static EntryChanged Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        int entry = reader.Int();
        byte taken = reader.Byte();
        if (taken > 1)
            throw reader.Wrong($"{taken} is neither yes nor no");
        FileStamp? stamp = taken == 1 ? reader.Stamp() : null;
        int tagLength = reader.Int(), reasonLength = reader.Int(), detailLength = reader.Int();
        if (tagLength > (taken == 1 ? SourceTree.LongestTag : 0))
            throw reader.Wrong($"a tag of {tagLength} bytes is too long");
        var tag = reader.Bytes(tagLength);
        var reason = reader.Bytes(reasonLength);
        var detail = reader.Bytes(detailLength);
        if (!Utf8.IsValid(reason) || !Utf8.IsValid(detail))
            throw reader.Wrong("what is said of the entry is no UTF-8");
        reader.RequireEnd();
        return new EntryChanged { Entry = entry, Stamp = stamp, Tag = tag, Reason = reason, Detail = detail };
    }
}

/// <summary>The stream that is packed has come to its end.</summary>
internal readonly ref struct StreamEnded : IJournalRecord
{
    public static JournalKind Kind => JournalKind.StreamEnded;

    /// <summary>Its length in bytes.</summary>
    public required long Size { get; init; }

    public int Length => 8;

    public void Write(Span<byte> payload) => new PayloadWriter(payload).Long(Size);

    /// <exception cref="MalformedDataException">It is no such payload.</exception>
    public static StreamEnded Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        long size = reader.Long();
        reader.RequireEnd();
        return new StreamEnded { Size = size };
    }
}
