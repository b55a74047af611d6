namespace DataPrep.Hashing;

/// <summary>A kernel of the native library: <c>native/include/dataprep_kernels.h</c>.</summary>
/// <param name="index">Its number in the library.</param>
internal sealed unsafe class NativeSha256(int index, string name) : Sha256Kernel, ISubTreeKernel
{
    public override string Name => name;

    public override bool IsSupported => NativeKernels.dp_kernel_supported(index) == 1;

    /// <summary>Whether it uses more than plain C does.</summary>
    public bool IsAccelerated => name != "portable-c";

    public override int LongMessages => name switch { "avx512" => 16, "avx2" => 8, _ => FewMessages };

    public int ScratchSize { get; } = (int)NativeKernels.dp_scratch_size();

    public void HashSubTree(ReadOnlySpan<byte> raw, int height, Span<byte> root, Span<byte> scratch)
    {
        fixed (byte* r = raw, o = root, s = scratch)
            NativeKernels.dp_subtree_root(index, r, (nuint)raw.Length, height, o, s);
    }

    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        fixed (byte* b = buffer, d = digests)
        fixed (Message* m = messages)
            NativeKernels.dp_hash_messages(index, b, m, (nuint)messages.Length, d);
    }

    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        fixed (byte* p = pairs, d = digests)
            NativeKernels.dp_hash_pairs(index, p, d, (nuint)(pairs.Length / PairLength));
    }
}
