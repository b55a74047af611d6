using DataPrep.Distribution.Policies;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Distribution;

public sealed class TranchesTests : IDisposable
{
    private const long TiB = 1L << 40;

    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void SharesAreCappedAndWhatIsLeftFollows()
    {
        Assert.Equal([10 * TiB, 15 * TiB, 25 * TiB, 50 * TiB], new Tranches(new TranchePolicy(), 100 * TiB).Sizes);
        // Of 5 PiB: 0.5 and 0.75 PiB, then the cap, to the end.
        var large = new Tranches(new TranchePolicy(), 5 * 1024 * TiB);
        Assert.Equal([512 * TiB, 768 * TiB, 1024 * TiB, 1024 * TiB, 1024 * TiB, 768 * TiB], large.Sizes);
        Assert.Equal([5, 7, 12, 25, 1], new Tranches(new TranchePolicy(), 50).Sizes);
        Assert.Empty(new Tranches(new TranchePolicy(), 0).Sizes);
        Assert.Equal(long.MaxValue, new Tranches(new TranchePolicy { Cap = "1MiB" }, long.MaxValue).Sizes.Sum());
    }

    [Theory]
    [InlineData(0, 0, 0, 10)]
    [InlineData(7, 0, 7, 3)]
    [InlineData(8, 1, -2, 17)]
    [InlineData(21, 1, 11, 4)]
    [InlineData(22, 2, -3, 28)]
    [InlineData(90, 3, 40, 10)]
    [InlineData(110, 3, 60, -10)]
    public void TheNextOpensWhenMoreThanThreeQuartersAreUsed(long used, int index, long ofIt, long left)
    {
        var state = new Tranches(new TranchePolicy(), 100 * TiB).At(used * TiB);
        Assert.Equal((index, ofIt * TiB, left * TiB), (state.Index, state.Used, state.Left));
    }

    [Theory]
    [InlineData("{\"minRegion\":3}", "no field 'minRegion'; known here are replicas")]
    [InlineData("{\"tranches\":{\"share\":[1]}}", "no field 'tranches.share'; known here are shares")]
    [InlineData("{\"status\":{\"x\":1}}", "no field 'status.x'")]
    [InlineData("{\"replicas\":0}", "replicas must be from 1")]
    [InlineData("{\"replicas\":2,\"minRegionsPerPiece\":3}", "more than there are replicas")]
    [InlineData("{\"maxProviderShare\":101}", "in percent")]
    [InlineData("{\"maxProviderShare\":\"25\"}", "not the expected JSON")]
    [InlineData("{\"tranches\":{\"shares\":[60,60]}}", "together at most 100")]
    [InlineData("{\"tranches\":{\"cap\":\"much\"}}", "no size")]
    [InlineData("{\"tranches\":{\"cap\":null}}", "not the expected JSON")]
    [InlineData("{\"status\":null}", "not the expected JSON")]
    [InlineData("[]", "not the expected JSON")]
    [InlineData("{", "no JSON")]
    public void WhatIsNoPolicyIsRefused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<MalformedDataException>(() => PolicyFile.Read(scratch.File("policy", text))).Message, StringComparison.Ordinal);

    [Fact]
    public void APolicyThatNamesNothingAsksForReplicasAlone()
    {
        Assert.Equivalent(new Policy(), PolicyFile.Read(scratch.File("policy", "{ } // nothing")));
        using var shipped = System.Text.Json.JsonDocument.Parse(PolicyFile.Shipped(PolicyFile.FilPlus)!);
        SchemaCheck.Follows(shipped.RootElement, "policy");
        var policy = PolicyFile.Read(PolicyFile.FilPlus);
        Assert.Equal((5, 5, 3, 25m), (policy.Replicas, policy.MinProviders, policy.MinRegions, policy.MaxProviderShare));
    }
}
