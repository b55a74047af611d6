using DataPrep.Packing;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Tests.Reference;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Leaves, tail and CAR that end exactly at a slab's end, and one byte to either side.</summary>
public sealed class SlabBoundaryTests
{
    private const int Slab = (1 << 20) / 128 * 127;

    public static TheoryData<bool, int, int> Ends
    {
        get
        {
            var data = new TheoryData<bool, int, int>();
            foreach (bool wholeCar in (bool[])[false, true])
            {
                foreach (int slabs in (int[])[1, 2, 3])
                {
                    for (int delta = -2; delta <= 2; delta++)
                        data.Add(wholeCar, slabs, delta);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void EndNearASlabsEnd(bool wholeCar, int slabs, int delta)
    {
        var profile = new UnixFsProfile { ChunkSize = 100_000, MaxLinks = 3 };
        long target = ((long)slabs * Slab) + delta;
        int size = (int)target - 5000;
        for (int attempt = 0; attempt < 20; attempt++)
        {
            var layout = PieceLayout.Create(Root(size).ToSource().Tree, profile);
            long missing = target - (wholeCar ? layout.CarSize : layout.LeafEnd);
            if (missing == 0)
                break;
            size += (int)missing;
        }

        var root = Root(size);
        byte[] car = MemoryRun.Car(root, profile, new SlabPlan(1 << 20, 3), out var piece);
        using (piece)
        {
            Assert.Equal(target, wholeCar ? piece.Layout.CarSize : piece.Layout.LeafEnd);
            RefDag dag = root.Build(profile);
            Assert.Equal(dag.Cid.Text, piece.Root.ToString());
            Assert.Equal(dag.PreOrder().Select(visit => (visit.Block.Cid.Text, visit.Block.Size)).Order(), CarContents.Read(car).Multiset);
            Assert.Equal(CommPHasher.HashData(car), piece.Commitment);
            Assert.Equal(new TreeSidecar(piece.Commitment, piece.Nodes).Commitment, piece.Commitment);
        }
    }

    /// <summary>A section of exactly a slab's length, and neighbours that push it over every possible edge.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(38)]
    [InlineData(39)]
    [InlineData(Slab / 2)]
    public void LeavesAsLongAsASlab(int before)
    {
        var profile = new UnixFsProfile { ChunkSize = Slab - 39, MaxLinks = 2 };
        var root = Sample.Folder(("a", Sample.File(Sample.Bytes(1, before))), ("b", Sample.File(Sample.Bytes(2, (3 * profile.ChunkSize) + 1))), ("c", Sample.File("c")));
        byte[] car = MemoryRun.Car(root, profile, new SlabPlan(1 << 20, 2), out var piece);
        using (piece)
        {
            Assert.Equal(Slab, piece.Layout.LongestSection);
            Assert.Equal(root.Build(profile).Cid.Text, piece.Root.ToString());
            Assert.Equal(CommPHasher.HashData(car), piece.Commitment);
        }

        _ = CarContents.Read(car);
    }

    /// <summary>A tail of several slabs: one folder of many names.</summary>
    [Fact]
    public void ATailOfSeveralSlabs()
    {
        var profile = new UnixFsProfile { HamtThreshold = 1000, HamtFanout = 8 };
        var root = Sample.Folder([.. Enumerable.Range(0, 12_000).Select(i => ($"{i}-{new string('n', 180)}", (Sample)Sample.File("")))]);
        byte[] car = MemoryRun.Car(root, profile, new SlabPlan(1 << 20, 2), out var piece);
        using (piece)
        {
            Assert.InRange(piece.Layout.CarSize - piece.Layout.LeafEnd, 2 * Slab, 5 * Slab);
            Assert.Equal(root.Build(profile).Cid.Text, piece.Root.ToString());
            Assert.Equal(CommPHasher.HashData(car), piece.Commitment);
        }
    }

    private static SampleFolder Root(int size) => Sample.Folder(
        ("a", Sample.File(Sample.Bytes(1, 1000))), ("b", Sample.File("")), ("c", Sample.File(Sample.Bytes(2, size - 1000))));
}
