using DataPrep.Ipld;
using DataPrep.Tests.Packing;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Unixfs;

/// <summary>What the cutting of a dataset rests on: sharded directories are larger than as one node, and grow with every link.</summary>
public sealed class HamtSizesTests
{
    [Fact]
    public void EveryBeginningOfADirectoryIsMeasuredAsIfItWereAll() => Prop.ForAll(
        SampleGen.Profile.ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), (profile, seed) =>
    {
        var random = new Random(seed);
        var links = Links.Random(random);
        var metadata = new NodeMetadata(random.Next(2) == 0 ? null : 0x1ff, random.Next(2) == 0 ? null : new UnixTime(-1, 1));
        var sizes = new HamtSizes(profile);
        sizes.Take(links, metadata);
        Assert.Equal(sizes.Measure(), sizes.Measure(links.Count, links.DagSize(links.Count - 1)));
        var before = default(NodeSize);
        for (int count = 1; count <= links.Count; count++)
        {
            long last = random.Next(3) == 0 ? random.NextInt64(1L << 40) : links.DagSize(count - 1);
            var first = links.First(count, last);
            var alone = new HamtSizes(profile);
            alone.Take(first, metadata);
            var size = sizes.Measure(count, last);
            Assert.Equal(alone.Measure(), size);

            var asOneNode = new DirectoryNode(profile).SizeAsOneNode(first.Totals, metadata);
            Assert.InRange(asOneNode.SectionBytes, 0, size.SectionBytes - 1);
            Assert.InRange(asOneNode.DagSize, 0, size.DagSize - 1);

            size = sizes.Measure(count, links.DagSize(count - 1));
            Assert.InRange(before.SectionBytes, 0, size.SectionBytes - 1);
            Assert.InRange(before.DagSize, 0, size.DagSize - 1);
            before = size;
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private sealed class Links(List<(byte[] Name, int CidLength, long DagSize)> links) : IDirectoryLinks
    {
        public int Count => links.Count;

        public LinkTotals Totals
        {
            get
            {
                var totals = default(LinkTotals);
                foreach (var link in links)
                    totals.Add(link.Name.Length, link.CidLength, link.DagSize);
                return totals;
            }
        }

        public static Links Random(Random random)
        {
            int count = random.Next(1, 80);
            var names = Enumerable.Range(0, count).Select(i => (byte[])[.. Sample.Bytes(random.Next(), random.Next(250)), (byte)i]);
            return new Links([.. names.Select(name => (name, random.Next(2) == 0 ? 34 : 36, random.NextInt64(1L << random.Next(1, 50))))]);
        }

        public Links First(int count, long dagSizeOfLast) => new([.. links.Take(count - 1), links[count - 1] with { DagSize = dagSizeOfLast }]);

        public ReadOnlySpan<byte> Name(int index) => links[index].Name;

        public int CidLength(int index) => links[index].CidLength;

        public long DagSize(int index) => links[index].DagSize;

        public int WriteCid(int index, Span<byte> destination) => throw new NotSupportedException();
    }
}
