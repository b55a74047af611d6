namespace DataPrep.Hashing;

/// <summary>
/// One kernel for a few long messages, one for many, one for trees. On a CPU that has both SHA extensions and wide vectors none is the fastest at all
/// of it: leaves come a few at a time, and leave most lanes of a wide kernel empty; pairs of nodes fill them.
/// </summary>
/// <param name="few">For messages that cannot fill the lanes of a wide kernel.</param>
/// <param name="many">For messages that can.</param>
/// <param name="pairs">For the nodes of trees.</param>
internal sealed class CombinedSha256(Sha256Kernel few, Sha256Kernel many, Sha256Kernel pairs) : Sha256Kernel
{
    // Lanes that are full on average, of sixteen.
    private const int FullLanes = 10;

    public override string Name { get; } = string.Join('+', ((string[])[few.Name, many.Name, pairs.Name]).Distinct());

    public override bool IsSupported => few.IsSupported && many.IsSupported && pairs.IsSupported;

    public override int LongMessages => few.LongMessages;

    public override Sha256Kernel ForTrees => pairs;

    /// <summary>The kernel itself where it does all of the work, else a combination.</summary>
    public static Sha256Kernel Of(Sha256Kernel few, Sha256Kernel many, Sha256Kernel pairs) =>
        few == many && few == pairs ? few : new CombinedSha256(few, many, pairs);

    protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests) =>
        (FillLanes(messages) ? many : few).HashMessages(buffer, messages, digests);

    protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests) => ForTrees.HashPairs(pairs, digests);

    /// <summary>Lanes are refilled as messages end, so that they stay full as long as no message is much of the whole.</summary>
    private static bool FillLanes(ReadOnlySpan<Message> messages)
    {
        if (messages.Length < FullLanes)
            return false;
        long sum = 0;
        int longest = 0;
        foreach (var message in messages)
        {
            sum += message.Length;
            longest = Math.Max(longest, message.Length);
        }

        return sum >= (long)longest * FullLanes;
    }
}
