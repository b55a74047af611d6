using System.Text;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>The shell blocks of a page do what the page says, in the order in which they stand there.</summary>
public sealed class WorkedExampleTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void FromAFolderToWhatEachProviderIsHanded()
    {
        string script = "set -e\ndataprep() { \"$D\" \"$@\"; }\ncd \"$1\"\n" + Blocks("from-pack-to-provider.md");
        string output = DataPrepProcess.Shell(script, scratch.Folder("example")).Expect(0).Output;
        Assert.Contains("f01005/1=", output, StringComparison.Ordinal);
        Assert.Contains("https://staging.example/piece/baga6ea4seaq", output, StringComparison.Ordinal);
        Assert.Contains("Drive 1 of 1 for storage provider f01005", output, StringComparison.Ordinal);
        Assert.Contains("baga6ea4seaq", File.ReadAllText(scratch.At("example/out/distribution/f01002/aria2.txt")), StringComparison.Ordinal);
        Assert.Contains(".car: OK", output, StringComparison.Ordinal);
        Assert.Contains("| f01006 |", output, StringComparison.Ordinal);
    }

    /// <summary>What stands in blocks of <c>sh</c>.</summary>
    private static string Blocks(string page)
    {
        var blocks = new StringBuilder();
        bool isIn = false;
        foreach (string line in File.ReadLines(Path.Join(Checkout.Root, "docs", page)))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                isIn = line == "```sh";
            else if (isIn)
                _ = blocks.Append(line).Append('\n');
        }

        return blocks.ToString();
    }
}
