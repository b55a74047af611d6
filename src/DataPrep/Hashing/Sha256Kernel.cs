namespace DataPrep.Hashing;

/// <summary>
/// SHA-256 over many independent messages. A kernel holds no state of a hash between calls, allocates nothing in
/// steady state and may be shared by threads.
/// </summary>
internal abstract class Sha256Kernel
{
    /// <summary>Bytes of a digest.</summary>
    public const int DigestLength = 32;

    /// <summary>Bytes of a pair: two tree nodes of 32 bytes.</summary>
    public const int PairLength = 64;

    /// <summary>The name by which <c>DATAPREP_SHA256</c> asks for this kernel.</summary>
    public abstract string Name { get; }

    /// <summary>Whether this machine can run the kernel.</summary>
    public abstract bool IsSupported { get; }

    /// <summary>How many long messages side by side keep it busy: its lanes; or a few streams, where one instruction makes rounds.</summary>
    public virtual int LongMessages => FewMessages;

    /// <summary>What makes the nodes of trees: itself, or the one of those that it combines.</summary>
    public virtual Sha256Kernel ForTrees => this;

    /// <summary>As many leaves as stay in the cache until the tree is made of them.</summary>
    public const int FewMessages = 3;

    /// <summary>SHA-256 of each message.</summary>
    /// <param name="buffer">Holds the messages; they may overlap each other.</param>
    /// <param name="messages">Ranges of <paramref name="buffer"/>, of any length.</param>
    /// <param name="digests">32 bytes for each message, in their order; apart from <paramref name="buffer"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A message lies outside the buffer.</exception>
    /// <exception cref="ArgumentException"><paramref name="digests"/> is too short.</exception>
    public void HashMessages(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
    {
        if (digests.Length / DigestLength < messages.Length)
            throw new ArgumentException("Room for 32 bytes per message is needed.", nameof(digests));
        foreach (Message message in messages)
        {
            if ((uint)message.Offset > (uint)buffer.Length || (uint)message.Length > (uint)(buffer.Length - message.Offset))
                throw new ArgumentOutOfRangeException(nameof(messages), message, "The message lies outside the buffer.");
        }

        HashMessagesCore(buffer, messages, digests);
    }

    /// <summary>SHA-256 of each 64-byte pair, the full digest: the two bits that tree nodes drop are still there.</summary>
    /// <param name="pairs">n pairs, one after the other.</param>
    /// <param name="digests">
    /// 32 bytes for each pair, in order. It may begin exactly where <paramref name="pairs"/> begins: digest i is
    /// written only after the pairs that it overwrites have been read. Any other overlap is undefined.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="pairs"/> is no multiple of 64 bytes, or <paramref name="digests"/> too short.</exception>
    public void HashPairs(ReadOnlySpan<byte> pairs, Span<byte> digests)
    {
        if (pairs.Length % PairLength != 0)
            throw new ArgumentException("A whole number of 64-byte pairs is needed.", nameof(pairs));
        if (digests.Length < pairs.Length / 2)
            throw new ArgumentException("Room for 32 bytes per pair is needed.", nameof(digests));

        HashPairsCore(pairs, digests);
    }

    /// <summary><see cref="HashMessages"/> with arguments already checked.</summary>
    protected abstract void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests);

    /// <summary><see cref="HashPairs"/> with arguments already checked.</summary>
    protected abstract void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests);
}
