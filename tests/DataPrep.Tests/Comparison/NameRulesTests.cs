using System.Text;
using DataPrep.Comparison;
using Xunit;

namespace DataPrep.Tests.Comparison;

public sealed class NameRulesTests
{
    [Theory]
    [InlineData("plain.txt", true)]
    [InlineData("ünïcode 名前", true)]
    [InlineData(".hidden", true)]
    [InlineData("console", true)]
    [InlineData("a:b", false)]
    [InlineData("a\\b", false)]
    [InlineData("what?", false)]
    [InlineData("line\nbreak", false)]
    [InlineData("end.", false)]
    [InlineData("end ", false)]
    [InlineData("nul", false)]
    [InlineData("Com1.txt", false)]
    public void NamesAreJudged(string name, bool isGood) => Assert.Equal(isGood, NameRules.Problem(Encoding.UTF8.GetBytes(name)) is null);

    [Fact]
    public void NamesOfOneFolderFoldTogetherByCase()
    {
        Assert.NotNull(NameRules.Problem([0xff]));
        Assert.Equal(Fold("a/Name"), Fold("a/nAME"));
        Assert.Equal(Fold("a/\u00e9"), Fold("a/\u00c9"));
        Assert.NotEqual(Fold("A/name"), Fold("a/name"));
        Assert.NotEqual(Fold("a/name"), Fold("a/names"));

        static string Fold(string path) => Convert.ToHexString(NameRules.Folded(Encoding.UTF8.GetBytes(path)));
    }
}
