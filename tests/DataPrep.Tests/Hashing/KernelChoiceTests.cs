using DataPrep.Hashing;
using Xunit;

namespace DataPrep.Tests.Hashing;

public sealed class KernelChoiceTests
{
    [Fact]
    public void Known_names_resolve_to_themselves()
    {
        Assert.All(Sha256Kernels.All.Where(kernel => kernel.IsSupported), kernel => Assert.Same(kernel, Sha256Kernels.Resolve(kernel.Name)));
        Assert.Equal(Sha256Kernels.All.Count, Sha256Kernels.All.Select(kernel => kernel.Name).Distinct().Count());
        Assert.True(Sha256Kernels.All.Contains(Sha256Kernels.Current) || Sha256Kernels.Current is CombinedSha256);
        Assert.NotEmpty(Sha256Kernels.Choice.Reason);
    }

    [Fact]
    public void Without_a_name_a_supported_kernel_that_passes_is_taken()
    {
        Sha256Kernel[] kernels = [new Fake { Supported = false }, new Fake { Wrong = true }, new PortableSha256()];
        Assert.Same(kernels[2], KernelChoice.Make(null, kernels).Chosen);
        KernelChoice choice = KernelChoice.Make("", kernels);
        Assert.Same(kernels[2], choice.Chosen);
        Assert.Contains("failed the self-check: fake", choice.Reason);
        Assert.Equal([(false, null), (true, false), (true, (bool?)true)], choice.Candidates.Select(c => (c.Supported, c.PassesSelfCheck)));
        Assert.Equal([false, false, true], choice.Candidates.Select(c => c.Cost is not null));
        Assert.Throws<InvalidOperationException>(() => KernelChoice.Make(null, kernels[..2]));
    }

    [Fact]
    public void The_fastest_is_taken()
    {
        // 127 payload bytes are 127 bytes of message and 4 pairs: the second takes 2 + 4 * 31.75 / 127 = 3 ns for a byte.
        KernelCandidate[] candidates = [Measured(127, 2.5), Measured(31.75, 2), Measured(1, 1) with { PassesSelfCheck = false }];
        Assert.Equal(3, candidates[1].Cost!.Value.PerPayloadByte, 9);
        Assert.Same(candidates[1].Kernel, KernelChoice.Fastest(candidates).Chosen);
    }

    [Fact]
    public void Of_nearly_equal_kernels_the_preferred_is_taken()
    {
        KernelCandidate[] candidates = [Measured(100, 1), Measured(99, 0.97), Measured(97, 0.96)];
        Assert.Same(candidates[0].Kernel, KernelChoice.Fastest(candidates).Chosen);
    }

    [Fact]
    public void What_is_fastest_at_each_kind_of_work_is_combined()
    {
        KernelCandidate[] candidates = [Costs("a", 30, 0.3, 0.3), Costs("b", 20, 0.9, 0.2), Costs("c", 100, 0.29, 0.9)];
        var chosen = Assert.IsType<CombinedSha256>(KernelChoice.Fastest(candidates).Chosen);
        Assert.Equal("a+b", chosen.Name);
        Assert.Same(candidates[1].Kernel, chosen.ForTrees);
        Assert.Contains("0.93 ns", KernelChoice.Fastest(candidates).Reason);
        Assert.Same(candidates[0].Kernel, KernelChoice.Fastest([candidates[0], candidates[2]]).Chosen);
    }

    [Fact]
    public void Combined_kernels_give_the_digests_of_one()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        Sha256Kernel[] usable = [.. Sha256Kernels.All.Where(kernel => kernel.IsSupported)];
        byte[] buffer = new byte[1 << 16];
        random.NextBytes(buffer);
        for (int i = 0; i < 300; i++)
        {
            var kernel = CombinedSha256.Of(usable[random.Next(usable.Length)], usable[random.Next(usable.Length)], usable[random.Next(usable.Length)]);
            int longest = 1 << random.Next(15);
            Message[] messages = [.. Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(longest)).Select(length => new Message(random.Next(buffer.Length - length), length))];
            byte[] expected = new byte[32 * messages.Length], digests = new byte[32 * messages.Length];
            new PortableSha256().HashMessages(buffer, messages, expected);
            kernel.HashMessages(buffer, messages, digests);
            Assert.Equal(expected, digests);
            int pairs = random.Next(70);
            byte[] nodes = new byte[32 * pairs], expectedNodes = new byte[32 * pairs];
            kernel.HashPairs(buffer.AsSpan(0, 64 * pairs), nodes);
            new PortableSha256().HashPairs(buffer.AsSpan(0, 64 * pairs), expectedNodes);
            Assert.Equal(expectedNodes, nodes);
        }
    }

    [Fact]
    public void A_tree_of_a_combined_kernel_is_that_of_one()
    {
        byte[] raw = ScratchFolder.Bytes(DataPrep.Piece.SubTreeHasher.SegmentRaw, 5);
        byte[] root = new byte[32], expected = new byte[32];
        new DataPrep.Piece.SubTreeHasher(new PortableSha256()).Root(raw, 15, expected);
        new DataPrep.Piece.SubTreeHasher(new CombinedSha256(new PortableSha256(), new PortableSha256(), Sha256Kernels.Current)).Root(raw, 15, root);
        Assert.Equal(expected, root);
    }

    [Fact]
    public void Every_supported_kernel_is_checked_and_measured()
    {
        IReadOnlyList<KernelCandidate> candidates = KernelChoice.Survey(Sha256Kernels.All);
        Assert.Equal(Sha256Kernels.All, candidates.Select(candidate => candidate.Kernel));
        Assert.All(candidates, candidate =>
        {
            Assert.Equal(candidate.Kernel.IsSupported, candidate.Supported);
            Assert.Equal(candidate.Supported ? true : null, candidate.PassesSelfCheck);
            Assert.Equal(candidate.Supported, candidate.Cost is { NanosecondsPerByte: > 0 and < 1e6, NanosecondsPerPair: > 0 and < 1e9, NanosecondsPerByteOfMany: > 0 and < 1e6 });
        });
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        Sha256Kernel[] candidates = [new Fake(), new PortableSha256()];
        Assert.Equal(
            "DATAPREP_SHA256: no kernel 'x'; known: fake, portable",
            Assert.Throws<ArgumentException>(() => KernelChoice.Make("x", candidates)).Message);
    }

    [Fact]
    public void A_named_kernel_that_is_unsupported_or_wrong_is_refused()
    {
        Assert.Contains("not supported", Assert.Throws<ArgumentException>(() => KernelChoice.Make("fake", [new Fake { Supported = false }])).Message);
        Assert.Contains("self-check", Assert.Throws<InvalidOperationException>(() => KernelChoice.Make("fake", [new Fake { Wrong = true }])).Message);
        Assert.Contains(
            "self-check", Assert.Throws<InvalidOperationException>(() => KernelChoice.Make("fake", [new Fake { WrongPairs = true }])).Message);
        Assert.NotNull(KernelChoice.Make("fake", [new Fake()]));
    }

    private static KernelCandidate Measured(double pair, double messageByte) => new(new Fake(), true, true, new KernelCost(pair, messageByte, messageByte));

    private static KernelCandidate Costs(string name, double pair, double few, double many) => new(new Fake(name), true, true, new KernelCost(pair, few, many));

    private sealed class Fake(string name = "fake") : Sha256Kernel
    {
        private readonly PortableSha256 _right = new();

        public bool Supported { get; init; } = true;

        public bool Wrong { get; init; }

        public bool WrongPairs { get; init; }

        public override string Name => name;

        public override bool IsSupported => Supported;

        protected override void HashMessagesCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<Message> messages, Span<byte> digests)
        {
            _right.HashMessages(buffer, messages, digests);
            digests[^1] ^= (byte)(Wrong ? 1 : 0);
        }

        protected override void HashPairsCore(ReadOnlySpan<byte> pairs, Span<byte> digests)
        {
            _right.HashPairs(pairs, digests);
            digests[(pairs.Length / 2) - 1] ^= (byte)(WrongPairs ? 1 : 0);
        }
    }
}
