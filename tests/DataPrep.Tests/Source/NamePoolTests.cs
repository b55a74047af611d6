using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class NamePoolTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData((1 << 20) - 1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    public void NamesComeBackWhateverTheirLength(int length)
    {
        var pool = new NamePool();
        byte[][] names = [new byte[length], "a"u8.ToArray(), [], [.. Enumerable.Repeat((byte)'x', length)], "b"u8.ToArray()];
        var places = names.Select(name => pool.Add(name)).ToList();
        for (int i = 0; i < names.Length; i++)
            Assert.True(names[i].AsSpan().SequenceEqual(pool[places[i]]));
    }
}
