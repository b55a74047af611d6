using System.Security.Cryptography;

namespace DataPrep.Tests.Reference;

/// <summary>
/// Piece commitments in plain loops over arrays, for payloads of megabytes; nothing is shared with the library, and
/// <see cref="ReferenceCommP"/> says whether it is right. Zero leaves behind the payload are hashed once a level.
/// </summary>
internal static class PlainCommP
{
    public static byte[] Root(ReadOnlySpan<byte> payload, long paddedSize)
    {
        byte[] layer = Pad(payload);
        byte[] zero = new byte[32];
        for (long nodes = paddedSize / 32; nodes > 1; nodes /= 2)
        {
            layer = Parents(layer, zero);
            zero = ReferenceCommP.Node(zero, zero);
        }

        return layer.Length == 0 ? zero : layer;
    }

    /// <summary>Every 254 bits of payload are followed by two zero bits.</summary>
    private static byte[] Pad(ReadOnlySpan<byte> payload)
    {
        int groups = (payload.Length + 126) / 127;
        byte[] padded = new byte[128 * groups];
        for (int i = 0; i < payload.Length; i++)
        {
            // Byte i of the group stands in the element that holds its first bit, and may reach into the next.
            int group = i / 127, bit = i % 127 * 8, element = bit / 254;
            int to = (group * 1024) + bit + (2 * element);
            int value = payload[i] << (to % 8);
            int room = 254 - (bit % 254);
            if (room < 8)
                value = ((payload[i] & ((1 << room) - 1)) << (to % 8)) | (payload[i] >> room << ((to % 8) + room + 2));
            padded[to / 8] |= (byte)value;
            if (value > 255)
                padded[(to / 8) + 1] |= (byte)(value >> 8);
        }

        return padded;
    }

    private static byte[] Parents(byte[] layer, byte[] zero)
    {
        int count = ((layer.Length / 32) + 1) / 2;
        byte[] parents = new byte[32 * count];
        Parallel.For(0, (count + 1023) / 1024, part =>
        {
            Span<byte> pair = stackalloc byte[64];
            for (int i = part * 1024; i < Math.Min(count, (part + 1) * 1024); i++)
            {
                layer.AsSpan(64 * i, Math.Min(64, layer.Length - (64 * i))).CopyTo(pair);
                if (layer.Length - (64 * i) < 64)
                    zero.CopyTo(pair[32..]);
                SHA256.HashData(pair, parents.AsSpan(32 * i, 32));
                parents[(32 * i) + 31] &= 0x3f;
            }
        });
        return parents;
    }
}
