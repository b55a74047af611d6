using DataPrep.Packing;
using Xunit;

namespace DataPrep.Tests.Packing;

public sealed class NumaNodesTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    [Theory]
    [InlineData("0-3\n", new[] { 0, 1, 2, 3 })]
    [InlineData("0,2-3,8\n", new[] { 0, 2, 3, 8 })]
    [InlineData("\n", new int[0])]
    [InlineData("what", new int[0])]
    public void ReadsTheKernelsLists(string list, int[] cpus) => Assert.Equal(cpus, NumaNodes.Parse(list));

    [Fact]
    public void WorkersAreSpreadOverTheNodes()
    {
        _ = scratch.File("node0/cpulist", "0-1,4\n");
        Assert.Equal(0, new NumaNodes(scratch.Root).CpusOf(0).Length);
        _ = scratch.File("node1/cpulist", "2-3\n");
        _ = scratch.File("node2/cpulist", "\n"); // memory without CPUs
        var nodes = new NumaNodes(scratch.Root);
        Assert.Equal([0, 1, 4], nodes.CpusOf(0).ToArray());
        Assert.Equal([2, 3], nodes.CpusOf(1).ToArray());
        Assert.Equal([0, 1, 4], nodes.CpusOf(2).ToArray());
    }

    [Fact]
    public void BindingKeepsTheThreadRunning()
    {
        _ = scratch.File("node0/cpulist", "0\n");
        _ = scratch.File("node1/cpulist", "4000\n"); // none that there is: nothing changes
        bool ran = false;
        var thread = new Thread(() =>
        {
            var nodes = new NumaNodes(scratch.Root);
            nodes.Bind(0);
            nodes.Bind(1);
            ran = true;
        });
        thread.Start();
        thread.Join();
        Assert.True(ran);
        Assert.Equal(0, new NumaNodes(scratch.At("missing")).CpusOf(0).Length);
    }

    public void Dispose() => scratch.Dispose();
}
