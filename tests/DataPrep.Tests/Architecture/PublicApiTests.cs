using Xunit;

namespace DataPrep.Tests.Architecture;

/// <summary>What embedders rely on changes only when someone means it to: then the list is written anew with DATAPREP_WRITE_PUBLIC_API=1.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("DataPrep", typeof(DataPrep.Ipld.Cid))]
    [InlineData("DataPrep.Hosting", typeof(DataPrep.Hosting.PackQueue))]
    public void PublicSurfaceIsTheListedOne(string project, Type member)
    {
        string list = Path.Join(Checkout.Root, "src", project, "PublicApi.txt");
        string[] actual = [.. PublicApi.Of(member.Assembly)];
        if (Environment.GetEnvironmentVariable("DATAPREP_WRITE_PUBLIC_API") == "1")
            File.WriteAllLines(list, actual);
        string[] listed = File.ReadAllLines(list);
        Assert.True(listed.SequenceEqual(actual), $"not as in PublicApi.txt:\n{string.Join('\n', actual.Except(listed).Select(line => "+ " + line).Concat(listed.Except(actual).Select(line => "- " + line)))}");
    }
}
