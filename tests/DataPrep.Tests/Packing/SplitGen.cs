using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>A sample to be cut.</summary>
/// <param name="Share">How much room a piece has: 0 is the least with which the sample can be cut, 100 that of the whole.</param>
internal sealed record Split(UnixFsProfile Profile, Sample Root, int Share, int Threads, bool KeepFilesWhole, bool Balance)
{
    /// <summary>Writes the sample, and says how it is to be packed.</summary>
    public PackOptions Write(string folder)
    {
        Directory.CreateDirectory(folder);
        Root.WriteTo([.. System.Text.Encoding.UTF8.GetBytes(folder), .. "/src"u8]);
        return new PackOptions
        {
            Sources = [folder + "/src"],
            Output = folder + "/out",
            Profile = Profile,
            LargestCarSize = Capacity,
            KeepFilesWhole = KeepFilesWhole,
            Balance = Balance,
            Threads = Threads,
        };
    }

    private long Capacity
    {
        get
        {
            const int MostPieces = 8;
            var plain = new PlainPieces(Root, "src"u8.ToArray(), Profile);
            long whole = plain.CarSize(PlanPoint.Start, plain.End);
            long least = Math.Max(plain.LeastForContent, plain.LeastForDag.All);
            // With little room every leaf has a piece of its own, which is no test worth its time where there are many.
            long leaves = plain.Units.Sum(plain.Leaves);
            int share = leaves <= MostPieces ? Share : Math.Max(Share, 100 / MostPieces);
            return Math.Max(least, least + ((whole - least) * share / 100));
        }
    }
}

/// <summary>Checks random samples, each in a folder of its own.</summary>
internal static class Splits
{
    private const int FewCases = 30;

    /// <param name="check">Says to how many pieces a sample came.</param>
    public static void Check(int cases, Gen<Split> splits, Func<Split, PackOptions, int> check)
    {
        using var temp = new TempFolder();
        int number = 0, cut = 0;
        Prop.ForAll(splits.ToArbitrary(), split => cut += check(split, split.Write(temp.Of($"{number++}"))) > 1 ? 1 : 0)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(cases));
        // Four of five do; of a few samples, chance decides.
        Assert.True(cases < FewCases || cut > cases / 2, $"only {cut} of {cases} samples came to several pieces");
    }
}

/// <summary>Random samples with random room in a piece.</summary>
internal static class SplitGen
{
    public static Gen<Split> Plain { get; } =
        from sample in Gen.Frequency((15, SampleGen.SmallCase), (1, SampleGen.Case))
        from share in Gen.Frequency((1, Gen.Constant(0)), (6, Gen.Choose(0, 60)), (1, Gen.Choose(60, 99)))
        from threads in Gen.Choose(1, 3)
        select new Split(sample.Profile, sample.Root, share, threads, false, false);

    public static Gen<Split> WithWishes { get; } =
        from split in Plain
        from wish in Gen.Frequency((5, Gen.Constant(0)), (1, Gen.Constant(1)), (1, Gen.Constant(2)))
        select split with { KeepFilesWhole = wish != 1, Balance = wish != 0 };
}
