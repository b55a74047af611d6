using DataPrep.Comparison;
using Xunit;

namespace DataPrep.Tests.Comparison;

public sealed class DigestGroupsTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1000, 50)]
    [InlineData(700_000, 200_000)] // beyond the buffers of most parts
    public void GroupsAreThoseOfADictionary(int count, int keys)
    {
        var random = new Random(count);
        using var groups = new DigestGroups();
        var twin = new Dictionary<int, List<(long, long)>>();
        for (int i = 0; i < count; i++)
        {
            int key = random.Next(keys);
            groups.Add(BitConverter.GetBytes(key), i, i % 7);
            if (!twin.TryGetValue(key, out var list))
                twin.Add(key, list = []);
            list.Add((i, i % 7));
        }

        Assert.Equal(twin.Values.Sum(list => list.Sum(item => item.Item2)), groups.Weight);
        var expected = twin.Values.Where(list => list.Count > 1).OrderBy(list => list[0].Item1).ToList();
        var found = groups.Repeated().OrderBy(list => list[0].Reference).ToList();
        Assert.Equal(expected.Count, found.Count);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second));
    }
}
