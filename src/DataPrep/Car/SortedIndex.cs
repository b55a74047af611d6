using System.Buffers.Binary;
using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>
/// Where the sections of a CAR begin, sorted by multihash: the index format MultihashIndexSorted of CARv2, code 0x0401
/// (ipld/specs, transport/car/carv2, with the counts that the specification leaves out and go-car writes).
/// <code>
/// varint 0x0401 | int32 hash codes | for each, ascending: uint64 code | int32 widths
///   for each width, ascending: uint32 width | uint64 bytes of records | records: digest, uint64 offset; sorted by digest
/// </code>
/// Numbers are little-endian, a width is a digest's length and 8, offsets count from the start of the CARv1 payload and lead to the length varint
/// of a section. Identity CIDs are left out: they hold their block. Memory: 40 bytes for each block with a digest of 32, and up to as much again.
/// </summary>
internal sealed class SortedIndex
{
    // Records of one kind by the first byte of the digest: each list grows and is sorted by itself.
    private const int Lists = 256;
    private readonly SortedDictionary<(ulong Code, int DigestLength), RecordList?[]> kinds = [];

    /// <summary>How many blocks are listed.</summary>
    public long Count { get; private set; }

    /// <summary>Lists the blocks of a CAR, by its section headers alone.</summary>
    /// <exception cref="MalformedDataException">The file is no CAR, or is cut off.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SortedIndex Of(string car, CancellationToken cancel)
    {
        var index = new SortedIndex();
        using var reader = CarBytes.OpenReader(car, new CarReadOptions { SkipData = true, AllowZeroPadding = true });
        while (reader.TryReadSection(out var section))
        {
            cancel.ThrowIfCancellationRequested();
            index.Add(section.Cid, section.Offset - reader.DataOffset);
        }

        return index;
    }

    /// <param name="offset">Of its section, from the start of the payload.</param>
    public void Add(in Cid cid, long offset)
    {
        if (cid.MultihashCode == Multicodec.Identity)
            return;
        var digest = cid.Digest;
        var kind = (cid.MultihashCode, digest.Length);
        if (!kinds.TryGetValue(kind, out var lists))
            kinds.Add(kind, lists = new RecordList?[Lists]);
        (lists[digest.IsEmpty ? 0 : digest[0]] ??= new RecordList(digest.Length)).Add(digest, offset);
        Count++;
    }

    public void Write(Stream destination)
    {
        Span<byte> number = stackalloc byte[Varint.MaxLength];
        destination.Write(number[..Varint.Write(number, Multicodec.CarMultihashIndexSorted)]);
        var codes = kinds.GroupBy(kind => kind.Key.Code).ToList();
        WriteInt32(destination, codes.Count);
        foreach (var code in codes)
        {
            WriteUInt64(destination, code.Key);
            WriteInt32(destination, code.Count());
            foreach (var (kind, lists) in code)
            {
                int width = kind.DigestLength + sizeof(ulong);
                WriteInt32(destination, width);
                WriteUInt64(destination, (ulong)width * (ulong)lists.Sum(list => (long)(list?.Count ?? 0)));
                foreach (var list in lists)
                    list?.Write(destination);
            }
        }
    }

    private static void WriteInt32(Stream destination, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        destination.Write(bytes);
    }

    private static void WriteUInt64(Stream destination, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        destination.Write(bytes);
    }

    private sealed class RecordList(int digestLength)
    {
        private readonly int width = digestLength + sizeof(ulong);
        private byte[] records = [];

        public int Count { get; private set; }

        public void Add(ReadOnlySpan<byte> digest, long offset)
        {
            int at = checked(Count * width);
            if (records.Length - at < width)
                Array.Resize(ref records, checked(Math.Max(4, Count * 2) * width));
            digest.CopyTo(records.AsSpan(at));
            BinaryPrimitives.WriteInt64LittleEndian(records.AsSpan(at + digestLength), offset);
            Count++;
        }

        public void Write(Stream destination)
        {
            int[] order = [.. Enumerable.Range(0, Count)];
            // Equal digests stay in the order of the file.
            Array.Sort(order, (a, b) => Digest(a).SequenceCompareTo(Digest(b)) is var result and not 0 ? result : a - b);
            foreach (int record in order)
                destination.Write(records.AsSpan(record * width, width));
        }

        private ReadOnlySpan<byte> Digest(int record) => records.AsSpan(record * width, digestLength);
    }
}
