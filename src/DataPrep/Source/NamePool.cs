namespace DataPrep.Source;

/// <summary>Where a name stands in a <see cref="NamePool"/>, in 60 bits: <c>length 22 | position 38</c>.</summary>
internal readonly record struct NameRef(ulong Bits)
{
    /// <summary>Bits that are used.</summary>
    public const int Width = 60;

    private const int PositionBits = 38;

    public const int LargestLength = (1 << 22) - 1;

    public NameRef(long position, int length)
        : this((ulong)position | ((ulong)length << PositionBits))
    {
    }

    public int Length => (int)(Bits >> PositionBits);

    public long Position => (long)(Bits & ((1UL << PositionBits) - 1));
}

/// <summary>
/// Names of millions of entries without an object for each: bytes one after the other in blocks of 1 MiB,
/// none across two blocks.
/// </summary>
internal sealed class NamePool
{
    private const int BlockBits = 20;
    private const int BlockSize = 1 << BlockBits;

    // The first one grows, since most trees are small.
    private const int SmallBlock = 4 << 10;
    private readonly List<byte[]> blocks = [];
    private int used = BlockSize;

    public NameRef Add(ReadOnlySpan<byte> name) => Add(name, []);

    /// <summary>Adds a name and, right behind it, more bytes that <see cref="Behind"/> gives back.</summary>
    public NameRef Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> more)
    {
        int length = name.Length + more.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, NameRef.LargestLength);
        if (length == 0)
            return default; // the folder around several sources has no name, and is added before there is a block
        if (length > BlockSize - used)
        {
            blocks.Add(new byte[Math.Max(blocks.Count == 0 ? SmallBlock : BlockSize, length)]);
            used = 0;
        }
        else if (length > blocks[^1].Length - used)
        {
            byte[] block = blocks[^1];
            Array.Resize(ref block, Math.Min(BlockSize, Math.Max(2 * block.Length, used + length)));
            blocks[^1] = block;
        }

        var place = new NameRef(((long)(blocks.Count - 1) << BlockBits) | (uint)used, name.Length);
        var room = blocks[^1].AsSpan(used);
        name.CopyTo(room);
        more.CopyTo(room[name.Length..]);
        used += length;
        return place;
    }

    public ReadOnlySpan<byte> this[NameRef name] => name.Length == 0 ? [] : Bytes(name, 0, name.Length);

    /// <summary>The bytes that were added along with a name.</summary>
    public ReadOnlySpan<byte> Behind(NameRef name, int length) => length == 0 ? [] : Bytes(name, name.Length, length);

    private ReadOnlySpan<byte> Bytes(NameRef name, int skip, int length) =>
        blocks[(int)(name.Position >> BlockBits)].AsSpan((int)(name.Position & (BlockSize - 1)) + skip, length);
}
