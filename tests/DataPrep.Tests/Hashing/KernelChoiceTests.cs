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
        Assert.Contains(Sha256Kernels.Current, Sha256Kernels.All);
    }

    [Fact]
    public void Without_a_name_the_first_supported_kernel_is_taken()
    {
        Sha256Kernel[] candidates = [new Fake { Supported = false }, new Fake { Wrong = true }, new PortableSha256(), new DotNetSha256()];
        Assert.Same(candidates[2], Sha256Kernels.Resolve(null, candidates));
        Assert.Same(candidates[2], Sha256Kernels.Resolve("", candidates));
        Assert.Throws<InvalidOperationException>(() => Sha256Kernels.Resolve(null, candidates[..2]));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        Sha256Kernel[] candidates = [new Fake(), new PortableSha256()];
        Assert.Equal(
            "DATAPREP_SHA256: no kernel 'x'; known: fake, portable",
            Assert.Throws<ArgumentException>(() => Sha256Kernels.Resolve("x", candidates)).Message);
    }

    [Fact]
    public void A_named_kernel_that_is_unsupported_or_wrong_is_refused()
    {
        Assert.Contains("not supported", Assert.Throws<ArgumentException>(() => Sha256Kernels.Resolve("fake", [new Fake { Supported = false }])).Message);
        Assert.Contains("self-check", Assert.Throws<InvalidOperationException>(() => Sha256Kernels.Resolve("fake", [new Fake { Wrong = true }])).Message);
        Assert.Contains(
            "self-check", Assert.Throws<InvalidOperationException>(() => Sha256Kernels.Resolve("fake", [new Fake { WrongPairs = true }])).Message);
        Assert.NotNull(Sha256Kernels.Resolve("fake", [new Fake()]));
    }

    private sealed class Fake : Sha256Kernel
    {
        private readonly PortableSha256 _right = new();

        public bool Supported { get; init; } = true;

        public bool Wrong { get; init; }

        public bool WrongPairs { get; init; }

        public override string Name => "fake";

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
