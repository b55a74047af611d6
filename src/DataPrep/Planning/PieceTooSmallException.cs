using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>A leaf, symlink or empty folder does not fit in a piece even alone, with the folders around it.</summary>
internal sealed class PieceTooSmallException(byte[] path, long needed, long capacity)
    : IOException($"{(path.Length == 0 ? "the dataset's root" : PathText.Quote(path))} does not fit in a piece: its CAR would be {needed} bytes, and a piece takes {capacity}")
{
    /// <summary>Bytes of the smallest CAR that holds something of the entry.</summary>
    public long Needed => needed;

    public long Capacity => capacity;
}
