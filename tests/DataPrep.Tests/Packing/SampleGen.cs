using System.Text;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;

namespace DataPrep.Tests.Packing;

/// <summary>Random profiles with tiny chunks and few links, so that trees are deep, and random trees with names of any bytes.</summary>
internal static class SampleGen
{
    private const int Largest = 12_000;

    private static readonly Limits Usual = new(300, 3, 40);
    private static readonly Limits Small = new(20, 2, 14);

    private static readonly byte[][] OddNames =
    [
        "a"u8.ToArray(), "a-b"u8.ToArray(), "a.txt"u8.ToArray(), "a b"u8.ToArray(), ".hidden"u8.ToArray(), "new\nline"u8.ToArray(),
        "tab\t\u0001\u007f"u8.ToArray(), "back\\slash\""u8.ToArray(), "%2f<&>'"u8.ToArray(), "..."u8.ToArray(), "\u2028"u8.ToArray(),
        "\uFF5E"u8.ToArray(), "\U0001F600"u8.ToArray(), "e\u0301"u8.ToArray(), "\u00e9"u8.ToArray(), "\uFFFD"u8.ToArray(),
        [0xff, 0xfe], [0xff, 0xfd], [0xc3], (byte[])[.. "bad"u8, 0xe2, 0x82], [0xed, 0xa0, 0x80],
        Encoding.ASCII.GetBytes(new string('x', 255)), Encoding.ASCII.GetBytes(new string('x', 254)), [.. Enumerable.Repeat((byte)0xfe, 255)],
    ];

    public static Gen<UnixFsProfile> Profile { get; } =
        from chunk in Gen.OneOf(Gen.Choose(1, 64), Gen.Elements(127, 128, 129, 1000, 1024))
        from links in Gen.Choose(2, 5)
        from version in Gen.Choose(0, 1)
        from raw in Gen.Elements(true, false)
        from threshold in Gen.Elements(0, 1, 100, 400, 262_144)
        from fanout in Gen.Elements(8, 16, 32, 256, 512, 1024)
        from estimation in Gen.Elements(HamtEstimation.BlockBytes, HamtEstimation.LinksBytes)
        from mode in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        from mtime in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new UnixFsProfile
        {
            ChunkSize = chunk,
            MaxLinks = links,
            CidVersion = version,
            RawLeaves = raw,
            HamtThreshold = threshold,
            HamtFanout = fanout,
            HamtEstimation = estimation,
            PreserveMode = mode,
            PreserveMtime = mtime,
        };

    public static Gen<(UnixFsProfile Profile, Sample Root)> Case { get; } = CaseOf(Usual);

    /// <summary>Smaller ones, of which many can be looked at closely.</summary>
    public static Gen<(UnixFsProfile Profile, Sample Root)> SmallCase { get; } = CaseOf(Small);

    private static Gen<(long Seconds, int Nanos)> Mtime { get; } =
        from seconds in Gen.Elements<long>(-3600, -1, 0, 1, 127, 128, 1_700_000_000, 4_102_444_800)
        from nanos in Gen.Elements(0, 1, 54_321, 999_999_999)
        select (seconds, nanos);

    private static Gen<byte[]> Name { get; } = Gen.Frequency(
        (2, Gen.Elements(OddNames)),
        (3, Gen.Choose(1, 400).Select(number => Encoding.ASCII.GetBytes($"f{number}"))),
        (1, from length in Gen.Choose(1, 12)
            from bytes in Gen.ArrayOf(Gen.Choose(1, 255).Select(b => b == '/' ? (byte)'_' : (byte)b), length)
            where bytes is not ([(byte)'.'] or [(byte)'.', (byte)'.']) // no names in a folder
            select bytes));

    private static Gen<Sample> Link { get; } =
        from target in Gen.OneOf(Name, Gen.Elements<byte[]>([.. "../up"u8], [.. "/"u8], [.. Enumerable.Repeat((byte)'t', 2000)]))
        from mtime in Mtime
        select (Sample)new SampleLink(target, mtime);

    private static Gen<(UnixFsProfile Profile, Sample Root)> CaseOf(Limits limits) =>
        from profile in Profile
        from root in Gen.Frequency((8, Folder(profile, limits)), (1, File(profile, limits)), (1, Link))
        select (profile, root);

    private static Gen<Sample> File(UnixFsProfile profile, Limits limits) =>
        from size in Size(profile.ChunkSize, profile.MaxLinks, limits.Leaves)
        from seed in Gen.Choose(0, 5)
        from mode in Gen.Elements(0x1a4u, 0x180u, 0x124u, 0x1edu, 0x9edu)
        from mtime in Mtime
        select (Sample)new SampleFile(seed == 0 ? new byte[size] : Sample.Bytes(seed, size), mode, mtime);

    private static Gen<int> Size(int chunk, int links, int most) =>
        from level in Gen.Elements(0, 1, chunk, 2 * chunk, links * chunk, (links + 1) * chunk, links * links * chunk, ((links * links) + 1) * chunk, links * links * links * chunk)
        from delta in Gen.Choose(-1, 1)
        select Math.Clamp(level + delta, 0, Math.Min(Largest, most * chunk));

    private static Gen<Sample> Folder(UnixFsProfile profile, Limits limits) =>
        from count in Gen.Frequency((6, Gen.Choose(0, 6)), (1, Gen.Choose(limits.Children * 3 / 8, limits.Children)))
        from names in Gen.ArrayOf(Name, count)
        from nodes in Gen.ArrayOf(Node(profile, limits with { Depth = count > 6 ? 0 : limits.Depth }), count)
        from mode in Gen.Elements(0x1edu, 0x1c0u, 0x3ffu)
        from mtime in Mtime
        select (Sample)new SampleFolder(
            [.. names.Zip(nodes).DistinctBy(entry => Convert.ToHexString(entry.First))], mode, mtime);

    private static Gen<Sample> Node(UnixFsProfile profile, Limits limits) => limits.Depth == 0
        ? Gen.Frequency((5, File(profile, limits)), (1, Link))
        : Gen.Frequency((5, File(profile, limits)), (1, Link), (2, Folder(profile, limits with { Depth = limits.Depth - 1 })));

    /// <param name="Leaves">Most leaves of a file.</param>
    /// <param name="Depth">Folders in one another.</param>
    /// <param name="Children">Most entries of a folder.</param>
    private sealed record Limits(int Leaves, int Depth, int Children);
}
