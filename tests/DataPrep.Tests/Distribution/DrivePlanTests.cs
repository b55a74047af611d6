using DataPrep.Distribution.Drives;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Distribution;

/// <summary>Which pieces go on which drive.</summary>
public sealed class DrivePlanTests
{
    private static PieceRecord Piece(int i, long size) => new() { PieceCid = $"p{i}", PieceCidV2 = "", PieceSize = 1, RootCid = "", CarSize = size, CarFile = $"p{i}.car", Kind = "data", Files = 1, PayloadSize = size };

    [Fact]
    public void RandomPlansKeepTheRulesAndTheBound()
    {
        var random = new Random(11);
        for (int n = 0; n < 2000; n++)
        {
            bool isEqual = n % 2 == 0;
            PieceRecord[] pieces = [.. Enumerable.Range(0, random.Next(1, 9)).Select(i => Piece(i, isEqual ? 40_960 : random.Next(1, 60_000)))];
            long capacity = random.Next(62_000, 200_000);
            var drives = DrivePlan.Of("f0", pieces, [], capacity);
            Assert.Equal(Enumerable.Range(1, drives.Count), drives.Select(drive => drive.Drive));
            Assert.Equal(pieces.Select(piece => piece.PieceCid).Order(StringComparer.Ordinal), drives.SelectMany(drive => drive.Pieces).Order(StringComparer.Ordinal));
            foreach (var drive in drives)
            {
                var on = pieces.Where(piece => drive.Pieces.Contains(piece.PieceCid)).ToList();
                Assert.Equal(on.Select(piece => piece.PieceCid), drive.Pieces);
                Assert.Equal(on.Sum(piece => piece.CarSize), drive.Bytes);
                Assert.True(on.Sum(piece => Blocks(piece.CarSize)) <= capacity - (capacity / 100));
            }

            int least = Least([.. pieces.Select(piece => Blocks(piece.CarSize))], capacity - (capacity / 100));
            Assert.True(isEqual ? drives.Count == least : 9 * drives.Count <= (11 * least) + 6, $"{drives.Count} drives, {least} would do");
        }
    }

    [Fact]
    public void PlannedDrivesStayAndNewPiecesGetNewOnes()
    {
        var pieces = Enumerable.Range(0, 5).Select(i => Piece(i, 40_960)).ToList();
        var first = DrivePlan.Of("f0", pieces, [], 100_000);
        Assert.Equal(["p0 p1", "p2 p3", "p4"], first.Select(drive => string.Join(' ', drive.Pieces)));
        var second = DrivePlan.Of("f0", [.. pieces.Where((_, i) => i is not (2 or 3)), Piece(5, 40_960)], first, 200_000);
        Assert.Equal(["1: p0 p1", "3: p4", "4: p5"], second.Select(drive => $"{drive.Drive}: {string.Join(' ', drive.Pieces)}"));
        Assert.Equal([100_000, 100_000, 200_000], second.Select(drive => drive.Capacity));
        Assert.Equal(second.Select(drive => drive.Name), DrivePlan.Of("f0", [.. pieces.Where((_, i) => i is not (2 or 3)), Piece(5, 40_960)], second, 200_000).Select(drive => drive.Name));
    }

    [Fact]
    public void APieceThatFitsOnNoDriveIsNamed() =>
        Assert.Contains("p0", Assert.Throws<IOException>(() => DrivePlan.Of("f0", [Piece(0, 100_000)], [], 100_000)).Message, StringComparison.Ordinal);

    private static long Blocks(long size) => (size + 4095) / 4096 * 4096;

    /// <summary>By trying all ways.</summary>
    private static int Least(long[] sizes, long room)
    {
        int best = sizes.Length;
        Try(0, []);
        return best;

        void Try(int next, List<long> drives)
        {
            if (drives.Count >= best)
                return;
            if (next == sizes.Length)
            {
                best = drives.Count;
                return;
            }

            for (int i = 0; i < drives.Count; i++)
            {
                if (drives[i] + sizes[next] > room)
                    continue;
                drives[i] += sizes[next];
                Try(next + 1, drives);
                drives[i] -= sizes[next];
            }

            drives.Add(sizes[next]);
            Try(next + 1, drives);
            drives.RemoveAt(drives.Count - 1);
        }
    }
}
