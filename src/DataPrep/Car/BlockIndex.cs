using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>
/// Where the blocks of a CAR stand, by CID. Of several blocks with one CID the first that was added counts.
/// Takes about 60 bytes a block once trimmed, up to twice that before, so that a full piece of 32 GiB in chunks of 1 MiB takes 2 MiB:
/// <code>
/// digest 32 | data offset 8 | length and kind 4 | hash 4 | next 4 | bucket 4        56, and up to a fifth more places than blocks
/// </code>
/// Blocks with other CIDs than those that this tool writes take 128 bytes.
/// </summary>
internal sealed class BlockIndex
{
    // What tells apart CIDs of one sha2-256 digest: version and codec.
    private const int V0Node = 1 << 30, V1Node = 2 << 30, V1Raw = 3 << 30;
    private const int LengthMask = (1 << 30) - 1;

    private readonly Dictionary<Digest, Place> common = [];
    private readonly Dictionary<Cid, Place> others = [];

    public int Count => common.Count + others.Count;

    /// <param name="dataOffset">Offset in the file of the block's first byte.</param>
    /// <param name="length">Bytes of the block: fewer than 2^30.</param>
    /// <returns>False where a block with this CID is there already.</returns>
    public bool TryAdd(in Cid cid, long dataOffset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)LengthMask, nameof(length));
        int kind = KindOf(cid);
        if (kind == 0)
            return others.TryAdd(cid, new Place(dataOffset, length));
        ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(common, new Digest(cid), out bool isKnown);
        if (isKnown)
            return place.Kind != kind && others.TryAdd(cid, new Place(dataOffset, length));
        place = new Place(dataOffset, length | kind);
        return true;
    }

    public bool TryFind(in Cid cid, out long dataOffset, out int length)
    {
        int kind = KindOf(cid);
        if ((kind == 0 || !common.TryGetValue(new Digest(cid), out var place) || place.Kind != kind) && !others.TryGetValue(cid, out place))
        {
            (dataOffset, length) = (-1, -1);
            return false;
        }

        (dataOffset, length) = (place.DataOffset, place.Length);
        return true;
    }

    /// <summary>Gives back what was reserved for blocks that did not come.</summary>
    public void Trim()
    {
        common.TrimExcess();
        others.TrimExcess();
    }

    private static int KindOf(in Cid cid)
    {
        if (cid.MultihashCode != Multicodec.Sha256 || cid.DigestLength != Digest.Size)
            return 0;
        return cid.Codec switch
        {
            Multicodec.DagPb => cid.Version == 0 ? V0Node : V1Node,
            Multicodec.Raw => V1Raw,
            _ => 0,
        };
    }

    // Of words of four bytes, as the digest is: eight would cost four more of padding.
    private readonly struct Place(long dataOffset, int lengthAndKind)
    {
        private readonly uint low = (uint)dataOffset;
        private readonly int high = (int)(dataOffset >> 32);

        public long DataOffset => ((long)high << 32) | low;

        public int Length => lengthAndKind & LengthMask;

        public int Kind => lengthAndKind & ~LengthMask;
    }

    [InlineArray(Size / sizeof(int))]
    private struct Digest : IEquatable<Digest>
    {
        public const int Size = 32;
        private int first;

        public Digest(in Cid cid) => cid.Digest.CopyTo(MemoryMarshal.AsBytes((Span<int>)this));

        public readonly bool Equals(Digest other) => Bytes(in this).SequenceEqual(Bytes(in other));

        public override readonly bool Equals(object? obj) => obj is Digest other && Equals(other);

        public override readonly int GetHashCode()
        {
            // Seeded per process: before blocks are checked, digests are whatever the file says.
            HashCode hash = default;
            hash.AddBytes(Bytes(in this));
            return hash.ToHashCode();
        }

        private static ReadOnlySpan<byte> Bytes(ref readonly Digest digest) => MemoryMarshal.AsBytes((ReadOnlySpan<int>)digest);
    }
}
