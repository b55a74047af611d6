namespace DataPrep.Hashing;

/// <summary>Known answers that a kernel must give before its first use: wrong hardware or a wrong build must not make pieces.</summary>
internal static class Sha256SelfCheck
{
    // FIPS 180-4 example messages, which start with "abc"; the third range is empty.
    private static ReadOnlySpan<byte> Text => "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"u8;

    private static readonly Message[] s_messages = [new(0, 3), new(0, 56), new(7, 0)];

    private static readonly byte[] s_digests = Convert.FromHexString(
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD" +
        "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1" +
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");

    // SHA-256 of 64 zero bytes, and of two such digests one after the other: the first two nodes of a tree of zeros, not truncated.
    private static readonly byte[] s_zeroPair = Convert.FromHexString("F5A5FD42D16A20302798EF6ED309979B43003D2320D9F0E8EA9831A92759FB4B");

    private static readonly byte[] s_secondPair = Convert.FromHexString("DB56114E00FDD4C1F85C892BF35AC9A89289AAECB1EBD0A96CDE606A748B5D71");

    /// <summary>Whether the kernel gives the known answers, in every lane and in place.</summary>
    public static bool Passes(Sha256Kernel kernel) =>
        Messages(kernel) && Pairs(kernel) && (kernel is not ISubTreeKernel trees || SubTree(trees));

    // The commitment to 65,536 bytes of a linear congruential generator, as go-fil-commp-hashhash and data-segment compute it.
    private static readonly byte[] s_subTree = Convert.FromHexString("DCD3ED5CFF82D087679E178653C904EA153B764C7AB6F116D0EC1F085868FA27");

    /// <summary>Whole blocks of leaves, one that ends within a group of 127 bytes, and zeros behind it.</summary>
    private static bool SubTree(ISubTreeKernel kernel)
    {
        const int Height = 12;
        byte[] payload = new byte[65_536];
        uint x = 12_345;
        for (int i = 0; i < payload.Length; i++)
        {
            x = unchecked((x * 1_664_525) + 1_013_904_223);
            payload[i] = (byte)(x >> 24);
        }

        byte[] root = new byte[32];
        kernel.HashSubTree(payload, Height, root, new byte[kernel.ScratchSize]);
        return root.AsSpan().SequenceEqual(s_subTree);
    }

    private static bool Messages(Sha256Kernel kernel)
    {
        // 24 messages: a kernel with eight or sixteen lanes must fill and refill them.
        const int Repeats = 8;
        var messages = new Message[s_messages.Length * Repeats];
        for (int i = 0; i < messages.Length; i++)
            messages[i] = s_messages[i % s_messages.Length];
        byte[] digests = new byte[messages.Length * Sha256Kernel.DigestLength];
        kernel.HashMessages(Text, messages, digests);
        for (int i = 0; i < Repeats; i++)
        {
            if (!digests.AsSpan(i * s_digests.Length, s_digests.Length).SequenceEqual(s_digests))
                return false;
        }

        return true;
    }

    private static bool Pairs(Sha256Kernel kernel)
    {
        // 35 pairs: whole batches of any width up to 16, and a rest.
        const int Count = 35;
        byte[] layer = new byte[Count * Sha256Kernel.PairLength];
        return Reduces(s_zeroPair) && Reduces(s_secondPair);

        bool Reduces(byte[] expected)
        {
            kernel.HashPairs(layer, layer);
            for (int i = 0; i < Count; i++)
            {
                if (!layer.AsSpan(i * 32, 32).SequenceEqual(expected))
                    return false;
            }

            // The second layer, again of 35 pairs.
            for (int i = 0; i < 2 * Count; i++)
                expected.CopyTo(layer, i * 32);
            return true;
        }
    }
}
