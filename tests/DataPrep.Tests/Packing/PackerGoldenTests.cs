using System.Text.Json;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>
/// Every golden UnixFS case through the packer. Where the public tools disagree, the expected root is the one that
/// <see cref="GoldenUnixfs"/> stands by: a mode that equals the default is kept (kubo, boxo), and child directories
/// count in the decision on sharding (boxo).
/// </summary>
public sealed class PackerGoldenTests
{
    private const string MixedMetadata = "dir-meta-dir";
    private const long Large = 64 << 20;

    public static TheoryData<string> Ids => [.. GoldenUnixfs.Files.Concat(GoldenUnixfs.Directories).Select(c => c.Id).Where(id => id != MixedMetadata)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void PacksAsPublicToolsImport(string id)
    {
        GoldenCase golden = GoldenUnixfs.Get(id);
        JsonElement? input = golden.IsDirectory ? null : golden.Entries[0].Input;
        bool isLarge = input is { } json && json.TryGetProperty("size", out var size) && size.GetInt64() > Large;
        using var temp = new TempFolder(onDisk: isLarge);
        var options = new PackOptions { Sources = [""], Output = temp.Of("out"), Profile = Profile(golden), Threads = 2 };
        if (isLarge)
        {
            // A file without content of its own, and a reader that knows what would be in it
            using (FileStream sparse = File.Create(temp.Of("source")))
                sparse.SetLength(input!.Value.GetProperty("size").GetInt64());
            options = options with { Sources = [temp.Of("source")], Reader = _ => new MadeReader(Repeat(input.Value)) };
        }
        else
        {
            options = options with { Sources = [golden.WriteTo(temp.Of("source"))] };
        }

        var plan = new DatasetPacker(options, new PackCounters(), TestContext.Current.CancellationToken).Plan();
        if (golden.DagSize is { } dagSize)
            Assert.Equal(dagSize, plan.Whole!.DagSize(0));

        var output = PackedOutput.Pack(options);
        Assert.Equal(golden.Root, output.Result.Dataset.RootCid);
        Assert.Equal(plan.Whole!.CarSize, output.Piece.CarSize);
        Check(golden, CarContents.Read(output.CarPath));
        var commitment = output.Sidecar();
        if (isLarge)
        {
            // A commitment hashes everything four times: of pieces of 1 GiB it is not computed again
            if (output.Piece.CarSize < 256 << 20)
                Assert.Equal(FileCommP.Compute(output.CarPath, 2, _ => { }, TestContext.Current.CancellationToken).Commitment, commitment);
            return;
        }

        using (FileStream car = File.OpenRead(output.CarPath))
            Assert.Equal(CommPHasher.HashData(car), commitment);
        output.VerifyFindsNothing();
    }

    /// <summary>The one case that has a mode without an mtime beside entries with both, which no options can ask for.</summary>
    [Fact]
    public void PacksMetadataOfSingleEntries()
    {
        GoldenCase golden = GoldenUnixfs.Get(MixedMetadata);
        var entries = golden.Entries.Where(e => e.Path.Length > 0).OrderBy(e => e.Path, StringComparer.Ordinal).ToList();
        Sample Node(GoldenEntry e) => e.Type == GoldenType.Directory ? Below(e.Path + "/") : Sample.File(GoldenInput.FromJson(e.Input!.Value));
        SampleFolder Below(string prefix) => Sample.Folder([.. entries
            .Where(e => e.Path.StartsWith(prefix, StringComparison.Ordinal) && !e.Path[prefix.Length..].Contains('/'))
            .Select(e => (e.Path[prefix.Length..], Node(e)))]);
        var root = Below("");
        var (tree, contents) = root.ToSource();
        GoldenEntry self = golden.Entries.Single(e => e.Path.Length == 0);
        var layout = PieceLayout.Create(tree, Profile(golden), entry =>
        {
            GoldenEntry of = entry == 0 ? self : entries[entry - 1];
            return new NodeMetadata(of.Mode, of.Mtime is { } time ? new UnixTime(time.Seconds, time.Nanos) : null);
        });

        byte[] car = MemoryRun.Car(layout, new MadeReader(contents), SlabPlan.Choose(layout, 2, null, null), out var piece);
        using (piece)
        {
            Assert.Equal(golden.Root, piece.Root.ToString());
            Assert.Equal(golden.DagSize, layout.DagSize(0));
            Assert.Equal(CommPHasher.HashData(car), piece.Commitment);
        }

        Check(golden, CarContents.Read(car));
    }

    private static void Check(GoldenCase golden, CarContents car)
    {
        Assert.Equal(golden.Root, car.Root.ToString());
        Assert.Equal(golden.BlocksVisited, car.Sections.Count);
        // Not by Assert.Equal, which takes minutes for tens of thousands of tuples
        var visited = car.PreOrder().Select(visit => $"{visit.Cid} {visit.Size}").Order(StringComparer.Ordinal);
        Assert.True(visited.SequenceEqual(car.Sections.Select(section => $"{section.Cid} {section.Size}").Order(StringComparer.Ordinal)));
        if (golden.BlocksSha256 is { } sha256)
            Assert.Equal(sha256, car.BlocksSha256());
    }

    private static UnixFsProfile Profile(GoldenCase golden) => new()
    {
        ChunkSize = (int)golden.ChunkSize,
        MaxLinks = golden.MaxLinks,
        HamtThreshold = golden.ShardThreshold,
        HamtFanout = golden.Fanout,
        HamtEstimation = golden.BlockBytes ? HamtEstimation.BlockBytes : HamtEstimation.LinksBytes,
        PreserveMode = golden.Entries.Any(entry => entry.Mode is not null),
        PreserveMtime = golden.Entries.Any(entry => entry.Mtime is not null),
    };

    private static ReadContent Repeat(JsonElement input)
    {
        Assert.Equal("repeat", input.GetProperty("kind").GetString());
        byte[] period = GoldenInput.Prng(input.GetProperty("seed").GetString()!, input.GetProperty("period").GetInt64());
        return (_, offset, destination) =>
        {
            for (int at = (int)(offset % period.Length); destination.Length > 0; at = 0)
            {
                int count = Math.Min(destination.Length, period.Length - at);
                period.AsSpan(at, count).CopyTo(destination);
                destination = destination[count..];
            }
        };
    }
}
