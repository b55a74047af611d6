using DataPrep.Planning;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Planning;

public sealed class FileNumbersTests
{
    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(1, 1.0)]
    [InlineData(2, 0.5)]
    [InlineData(1000, 0.0)]
    [InlineData(1000, 0.03)]
    [InlineData(1000, 0.5)]
    [InlineData(1000, 0.97)]
    [InlineData(9000, 1.0)]
    public void NumbersCountTheFilesBefore(int entries, double others)
    {
        var random = new Random(entries);
        var tree = new SourceTree();
        var files = new List<int>();
        for (int i = 0; i < entries; i++)
        {
            bool isFile = random.NextDouble() >= others;
            _ = tree.Add(isFile ? EntryKind.File : random.Next(2) == 0 ? EntryKind.Symlink : EntryKind.Directory, "n"u8, [], default, i == 0 ? -1 : 0);
            if (isFile && random.Next(8) == 0)
                tree.Remove(i, "changed", "");
            else if (isFile)
                files.Add(i);
        }

        var numbers = new FileNumbers(tree);
        Assert.Equal(files.Count, numbers.Count);
        for (int i = 0; i < files.Count; i++)
        {
            Assert.Equal(files[i], numbers.Entry(i));
            Assert.Equal(i, numbers.Number(files[i]));
        }
    }
}
