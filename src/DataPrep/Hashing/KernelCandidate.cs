namespace DataPrep.Hashing;

/// <summary>What is known of one kernel on this machine.</summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Supported">Whether this machine can run it.</param>
/// <param name="PassesSelfCheck">Whether it gave the known answers; null if it was not asked.</param>
/// <param name="Cost">How fast it was; null if it was not measured.</param>
internal sealed record KernelCandidate(Sha256Kernel Kernel, bool Supported, bool? PassesSelfCheck, KernelCost? Cost)
{
    public string Name => Kernel.Name;
}

/// <summary>What a kernel takes for the work of packing.</summary>
/// <param name="NanosecondsPerPair">For a 64-byte pair among many.</param>
/// <param name="NanosecondsPerByte">For a byte of a few messages of some KiB, as the leaves of large files come.</param>
/// <param name="NanosecondsPerByteOfMany">For a byte of more messages than any kernel has lanes, as small files come.</param>
internal readonly record struct KernelCost(double NanosecondsPerPair, double NanosecondsPerByte, double NanosecondsPerByteOfMany)
{
    // 127 payload bytes become four nodes, and a binary tree has as many inner nodes as leaves, less one.
    private const double PairsPerByte = 4 / 127.0;

    /// <summary>
    /// Nanoseconds for a byte of payload, which is hashed twice: once as part of a leaf block's message, and in the
    /// piece's tree, where 31.75 bytes of payload stand behind each pair. For 64 bytes, that is one block of message
    /// and two pairs.
    /// </summary>
    public double PerPayloadByte => NanosecondsPerByte + (PairsPerByte * NanosecondsPerPair);
}
