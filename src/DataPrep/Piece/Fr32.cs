using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DataPrep.Piece;

/// <summary>
/// fr32: every 127 bytes become four field elements of 254 bits, each in 32 little-endian bytes whose top two bits are
/// zero. Taken as one little-endian integer, the 1016 input bits go out in order, with two zero bits after each 254.
/// </summary>
/// <remarks>
/// <code>
/// in : |  254 bits  |  254 bits  |  254 bits  |  254 bits  |          127 bytes
/// out: |  254 bits 00  |  254 bits 00  |  254 bits 00  |  254 bits 00  |   128 bytes
/// </code>
/// Element i of a group starts at bit 254 i of the input: i = 1 at byte 31, bit 6; i = 2 at byte 63, bit 4; i = 3 at byte 95, bit 2.
/// </remarks>
internal static class Fr32
{
    /// <summary>Payload bytes of a group.</summary>
    public const int RawGroup = 127;

    /// <summary>Padded bytes of a group: four nodes.</summary>
    public const int PaddedGroup = 128;

    /// <summary>Pads whole groups.</summary>
    /// <param name="raw">A multiple of 127 bytes.</param>
    /// <param name="padded">At least 128 bytes for each 127; must not overlap <paramref name="raw"/>.</param>
    /// <exception cref="ArgumentException">The lengths are not as said.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pad(ReadOnlySpan<byte> raw, Span<byte> padded)
    {
        int groups = raw.Length / RawGroup;
        if (raw.Length % RawGroup != 0)
            throw new ArgumentException("Whole groups of 127 bytes are needed.", nameof(raw));
        if (padded.Length / PaddedGroup < groups)
            throw new ArgumentException("Room for 128 bytes per group is needed.", nameof(padded));
        if (groups == 0)
            return;

        int vectorized = 0;
        if (Vector256.IsHardwareAccelerated && BitConverter.IsLittleEndian)
        {
            // The last load of a group reads one byte past it, so the last group is not among these.
            vectorized = groups - 1;
            ref byte from = ref MemoryMarshal.GetReference(raw);
            ref byte to = ref MemoryMarshal.GetReference(padded);
            for (int group = 0; group < vectorized; group++)
                PadGroupVector(ref Unsafe.Add(ref from, group * RawGroup), ref Unsafe.Add(ref to, group * PaddedGroup));
        }

        for (int group = vectorized; group < groups; group++)
            PadGroup(raw.Slice(group * RawGroup, RawGroup), padded.Slice(group * PaddedGroup, PaddedGroup));
    }

    /// <summary>Pads any number of bytes as if zeros followed them, and fills all of the output.</summary>
    /// <param name="raw">Any length whose groups, the last one extended with zeros, fit <paramref name="padded"/>.</param>
    /// <param name="padded">A multiple of 128 bytes; what follows the payload's groups is set to zero.</param>
    /// <exception cref="ArgumentException">The lengths are not as said.</exception>
    public static void PadTail(ReadOnlySpan<byte> raw, Span<byte> padded)
    {
        if (padded.Length % PaddedGroup != 0 || raw.Length > padded.Length / PaddedGroup * RawGroup)
            throw new ArgumentException("Whole groups of 128 bytes for all of the payload are needed.", nameof(padded));

        int whole = raw.Length / RawGroup;
        Pad(raw[..(whole * RawGroup)], padded);
        ReadOnlySpan<byte> tail = raw[(whole * RawGroup)..];
        Span<byte> rest = padded[(whole * PaddedGroup)..];
        if (!tail.IsEmpty)
        {
            Span<byte> group = stackalloc byte[RawGroup];
            tail.CopyTo(group);
            group[tail.Length..].Clear();
            PadGroup(group, rest[..PaddedGroup]);
            rest = rest[PaddedGroup..];
        }

        rest.Clear();
    }

    /// <summary>The payload of padded groups. The two top bits of each element are not looked at.</summary>
    /// <param name="padded">A multiple of 128 bytes.</param>
    /// <param name="raw">At least 127 bytes for each 128; must not overlap <paramref name="padded"/>.</param>
    /// <exception cref="ArgumentException">The lengths are not as said.</exception>
    public static void Unpad(ReadOnlySpan<byte> padded, Span<byte> raw)
    {
        int groups = padded.Length / PaddedGroup;
        if (padded.Length % PaddedGroup != 0)
            throw new ArgumentException("Whole groups of 128 bytes are needed.", nameof(padded));
        if (raw.Length / RawGroup < groups)
            throw new ArgumentException("Room for 127 bytes per group is needed.", nameof(raw));

        for (int group = 0; group < groups; group++)
            UnpadGroup(padded.Slice(group * PaddedGroup, PaddedGroup), raw.Slice(group * RawGroup, RawGroup));
    }

    /// <summary>One group, byte by byte: the definition, and the path of machines without vectors.</summary>
    internal static void PadGroup(ReadOnlySpan<byte> raw, Span<byte> padded)
    {
        raw[..32].CopyTo(padded);
        for (int i = 32; i < 64; i++)
            padded[i] = (byte)((raw[i] << 2) | (raw[i - 1] >> 6));
        for (int i = 64; i < 96; i++)
            padded[i] = (byte)((raw[i] << 4) | (raw[i - 1] >> 4));
        for (int i = 96; i < 127; i++)
            padded[i] = (byte)((raw[i] << 6) | (raw[i - 1] >> 2));
        padded[127] = (byte)(raw[126] >> 2);
        padded[31] &= 0x3f;
        padded[63] &= 0x3f;
        padded[95] &= 0x3f;
    }

    private static void UnpadGroup(ReadOnlySpan<byte> padded, Span<byte> raw)
    {
        padded[..31].CopyTo(raw);
        raw[31] = (byte)((padded[31] & 0x3f) | (padded[32] << 6));
        for (int i = 32; i < 63; i++)
            raw[i] = (byte)((padded[i] >> 2) | (padded[i + 1] << 6));
        raw[63] = (byte)(((padded[63] & 0x3f) >> 2) | (padded[64] << 4));
        for (int i = 64; i < 95; i++)
            raw[i] = (byte)((padded[i] >> 4) | (padded[i + 1] << 4));
        raw[95] = (byte)(((padded[95] & 0x3f) >> 4) | (padded[96] << 2));
        for (int i = 96; i < 127; i++)
            raw[i] = (byte)((padded[i] >> 6) | (padded[i + 1] << 2));
    }

    /// <summary>
    /// One group in four vectors of four 64-bit lanes. A lane of element i needs 64 bits from bit 8 - 2i of its first
    /// byte on, which touch nine bytes: one load gives the low bits, the load one byte further the high ones, and where
    /// both overlap they agree. The last load ends at byte 127, one past the group, whose bits the mask takes away.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PadGroupVector(ref byte raw, ref byte padded)
    {
        // Lane 3 holds an element's last eight bytes: its two top bits are zero.
        Vector256<ulong> mask = Vector256.Create(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue >> 2);
        Vector256<ulong> element0 = Load(ref raw, 0);
        Vector256<ulong> element1 = (Load(ref raw, 31) >>> 6) | (Load(ref raw, 32) << 2);
        Vector256<ulong> element2 = (Load(ref raw, 63) >>> 4) | (Load(ref raw, 64) << 4);
        Vector256<ulong> element3 = (Load(ref raw, 95) >>> 2) | (Load(ref raw, 96) << 6);
        (element0 & mask).AsByte().StoreUnsafe(ref padded);
        (element1 & mask).AsByte().StoreUnsafe(ref padded, 32);
        (element2 & mask).AsByte().StoreUnsafe(ref padded, 64);
        (element3 & mask).AsByte().StoreUnsafe(ref padded, 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Load(ref byte raw, nuint offset) => Vector256.LoadUnsafe(ref raw, offset).AsUInt64();
}
