using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>
/// CIDs that were met, by 128 bits of the SHA-256 of their binary form, of which nobody can make two alike. Takes 28 to 60 bytes for each, and
/// half as much again while it grows.
/// </summary>
internal sealed class SeenBlocks
{
    /// <summary>Most that are remembered: 170 MB.</summary>
    public const int Most = 1 << 22;

    private readonly HashSet<Mark> marks = [];

    /// <returns>False where it was met before.</returns>
    /// <exception cref="InvalidDataException">It would be one more than <see cref="Most"/>.</exception>
    public bool Add(in Cid cid)
    {
        Span<byte> bytes = stackalloc byte[Cid.MaxByteLength], digest = stackalloc byte[SHA256.HashSizeInBytes];
        _ = SHA256.HashData(bytes[..cid.WriteTo(bytes)], digest);
        if (!marks.Add(MemoryMarshal.Read<Mark>(digest)))
            return false;
        return marks.Count <= Most ? true : throw new InvalidDataException($"more than {Most} different blocks: ask for them with duplicates, or folder by folder");
    }

    private readonly record struct Mark(ulong Low, ulong High);
}
