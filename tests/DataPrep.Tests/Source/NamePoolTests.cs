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

    [Fact]
    public void ManyNamesComeBackAsTheFirstBlockGrowsAndOthersFollow()
    {
        var random = new Random(7);
        var pool = new NamePool();
        var names = new List<(byte[] Name, byte[] More, NameRef Place)>();
        for (int i = 0; i < 30_000; i++)
        {
            byte[] name = ScratchFolder.Bytes(random.Next(120), i), more = ScratchFolder.Bytes(random.Next(3) == 0 ? random.Next(50) : 0, i + 1);
            names.Add((name, more, pool.Add(name, more)));
        }

        foreach (var (name, more, place) in names)
        {
            Assert.True(name.AsSpan().SequenceEqual(pool[place]));
            Assert.True(more.AsSpan().SequenceEqual(pool.Behind(place, more.Length)));
        }
    }
}
