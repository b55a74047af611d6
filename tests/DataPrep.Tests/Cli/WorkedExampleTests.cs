using DataPrep.Tests.Docs;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Pages of docs do what they say: their blocks are run, see <see cref="ShellPage"/>.</summary>
public sealed class WorkedExampleTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData("getting-started.md")]
    [InlineData("guide.md")]
    [InlineData("faq.md")]
    [InlineData("car.md")]
    [InlineData("piece.md")]
    public void Page(string page) => _ = new ShellPage(page).Run(scratch.Folder("page"));

    [Fact]
    public void FromAFolderToWhatEachProviderIsHanded()
    {
        string output = new ShellPage("from-pack-to-provider.md").Run(scratch.Folder("example"));
        Assert.Contains("f01005/1=", output, StringComparison.Ordinal);
        Assert.Contains("https://staging.example/piece/baga6ea4seaq", output, StringComparison.Ordinal);
        Assert.Contains("Drive 1 of 1 for storage provider f01005", output, StringComparison.Ordinal);
        Assert.Contains("baga6ea4seaq", File.ReadAllText(scratch.At("example/out/distribution/f01002/aria2.txt")), StringComparison.Ordinal);
        Assert.Contains(".car: OK", output, StringComparison.Ordinal);
        Assert.Contains("| f01006 |", output, StringComparison.Ordinal);
    }
}
