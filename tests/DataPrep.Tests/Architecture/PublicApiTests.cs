using Xunit;

namespace DataPrep.Tests.Architecture;

/// <summary>What embedders rely on changes only when someone means it to: then the list is written anew with DATAPREP_WRITE_PUBLIC_API=1.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void PublicSurfaceIsTheListedOne()
    {
        string list = Path.Join(Checkout.Root, "src", "DataPrep", "PublicApi.txt");
        string[] actual = [.. PublicApi.Of(typeof(DataPrep.Ipld.Cid).Assembly)];
        if (Environment.GetEnvironmentVariable("DATAPREP_WRITE_PUBLIC_API") == "1")
            File.WriteAllLines(list, actual);
        string[] listed = File.ReadAllLines(list);
        Assert.True(listed.SequenceEqual(actual), $"not as in PublicApi.txt:\n{string.Join('\n', actual.Except(listed).Select(line => "+ " + line).Concat(listed.Except(actual).Select(line => "- " + line)))}");
    }
}
