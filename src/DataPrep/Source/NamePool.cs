namespace DataPrep.Source;

/// <summary>Where a name stands in a <see cref="NamePool"/>.</summary>
internal readonly record struct NameRef(int Block, int Offset, int Length);

/// <summary>
/// Names of millions of entries without an object for each: bytes one after the other in blocks of 1 MiB,
/// none across two blocks.
/// </summary>
internal sealed class NamePool
{
    private const int BlockSize = 1 << 20;
    private readonly List<byte[]> blocks = [];
    private int used = BlockSize;

    public NameRef Add(ReadOnlySpan<byte> name)
    {
        if (name.Length == 0)
            return default;
        if (name.Length > BlockSize - used)
        {
            blocks.Add(new byte[Math.Max(BlockSize, name.Length)]);
            used = 0;
        }

        var place = new NameRef(blocks.Count - 1, used, name.Length);
        name.CopyTo(blocks[^1].AsSpan(used));
        used += name.Length;
        return place;
    }

    public ReadOnlySpan<byte> this[NameRef name] => name.Length == 0 ? [] : blocks[name.Block].AsSpan(name.Offset, name.Length);
}
