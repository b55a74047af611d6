using DataPrep.Planning;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>The model of a fleet: by hand where the numbers are round, and against an obvious simulation.</summary>
public sealed class FleetEstimateTests
{
    private const long GB = 1_000_000_000;

    private static Fleet Hundred => new(100, 1, GB, null, 0);

    [Fact]
    public void EqualPiecesOfARoundNumberOfWavesTakeAsLongAsTheNodes()
    {
        var estimate = FleetEstimate.Of([.. Enumerable.Repeat(30 * GB, 300)], Hundred);
        Assert.Equal(90, estimate.Seconds, 6);
        Assert.Equal(90, estimate.NodeSeconds, 6);
        Assert.Equal((3, FleetLimit.Nodes), (estimate.Waves, estimate.Limit));
        Assert.Equal((30, 0, GB), (estimate.LongestTask, estimate.StorageSeconds, estimate.TaskRate));
    }

    [Fact]
    public void OnePieceMoreIsAWaveMore()
    {
        var estimate = FleetEstimate.Of([.. Enumerable.Repeat(30 * GB, 301)], Hundred);
        Assert.Equal(120, estimate.Seconds, 6);
        Assert.Equal(4, estimate.Waves);
    }

    [Fact]
    public void TasksOfANodeShareItsRate()
    {
        var one = FleetEstimate.Of([.. Enumerable.Repeat(30 * GB, 400)], Hundred);
        var four = FleetEstimate.Of([.. Enumerable.Repeat(30 * GB, 400)], Hundred with { TasksPerNode = 4 });
        Assert.Equal(one.Seconds, four.Seconds, 6);
        Assert.Equal((4, 1), (one.Waves, four.Waves));
        Assert.Equal(120, four.LongestTask, 6);
    }

    [Fact]
    public void EveryByteIsReadAndWritten()
    {
        var estimate = FleetEstimate.Of([.. Enumerable.Repeat(30 * GB, 300)], Hundred with { StorageRate = 20.0 * GB });
        Assert.Equal(900, estimate.Seconds, 6);
        Assert.Equal(900, estimate.StorageSeconds, 6);
        Assert.Equal(FleetLimit.Storage, estimate.Limit);
    }

    [Fact]
    public void SmallPiecesAreAllStarts()
    {
        var estimate = FleetEstimate.Of([.. Enumerable.Repeat(GB, 200)], Hundred with { TaskOverhead = 5 });
        Assert.Equal(12, estimate.Seconds, 6);
        Assert.Equal(FleetLimit.Starts, estimate.Limit);
    }

    [Fact]
    public void FewerPiecesThanTasksLeaveNodesIdle()
    {
        var estimate = FleetEstimate.Of([GB, 3 * GB, 2 * GB], Hundred);
        Assert.Equal(3, estimate.Seconds, 6);
        Assert.Equal((1, FleetLimit.Pieces), (estimate.Waves, estimate.Limit));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void IsWhatStepByStepGives(int seed)
    {
        var noise = new Random(seed);
        for (int round = 0; round < 50; round++)
        {
            var fleet = new Fleet(noise.Next(1, 9), noise.Next(1, 4), noise.Next(1, 100), noise.Next(2) == 0 ? null : noise.Next(1, 500), noise.Next(0, 4));
            long[] sizes = [.. Enumerable.Range(0, noise.Next(1, 60)).Select(_ => (long)noise.Next(1, 2000))];
            var estimate = FleetEstimate.Of(sizes, fleet);

            double[] slots = new double[Math.Min(fleet.Slots, sizes.Length)];
            foreach (long size in sizes)
            {
                int first = Array.IndexOf(slots, slots.Min());
                slots[first] += fleet.TaskOverhead + size / estimate.TaskRate;
            }

            Assert.Equal(slots.Max(), estimate.Seconds, 6);
            Assert.True(estimate.Seconds >= estimate.LongestTask);
            Assert.True(estimate.Seconds <= estimate.Waves * estimate.LongestTask + 1e-6);
            Assert.True(estimate.Seconds >= Math.Max(estimate.NodeSeconds, estimate.StorageSeconds) - 1e-6);
        }
    }
}
