using DataPrep.Piece;
using DataPrep.Records;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

public sealed class AuditDrawTests
{
    private static PieceRecord Piece(long payload, int number = 0) => new()
    {
        PieceCid = $"piece {number}",
        PieceCidV2 = "",
        PieceSize = PieceSize.Padded(payload),
        RootCid = "",
        CarSize = payload,
        CarFile = "",
        Kind = "data",
        Files = 1,
        PayloadSize = payload,
    };

    [Fact]
    public void BothEndsOfEachPieceAreAlwaysDrawn()
    {
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            PieceRecord[] pieces = [.. Enumerable.Range(0, random.Next(1, 6)).Select(i => Piece(random.NextInt64(1, (round % 3 == 0 ? 40L : 4) * AuditSet.Segment), i))];
            long population = pieces.Sum(Strata.SegmentsOf);
            var draw = new AuditDraw(pieces, round % 2 == 0 ? random.NextInt64(1, population + 3) : null, 0.05m, 0.95m);
            Assert.Equal(population, draw.Plan.Population);
            var units = draw.Units($"{round}", "f01");
            Assert.Equal(draw.Plan.Count, units.Distinct().Count());
            Assert.All(units, unit => Assert.InRange(unit.Segment, 0, Strata.SegmentsOf(pieces[unit.Piece]) - 1));
            for (int piece = 0; piece < pieces.Length; piece++)
            {
                Assert.Contains(new SampleUnit(piece, 0), units);
                Assert.Contains(new SampleUnit(piece, Strata.SegmentsOf(pieces[piece]) - 1), units);
            }

            Assert.Equal(units, draw.Units($"{round}", "f01"));
        }
    }

    [Fact]
    public void ALargePieceIsDrawnFromSliceBySlice()
    {
        var draw = new AuditDraw([Piece(32_768L * AuditSet.Segment)], null, 0.01m, 0.99m);
        // 455 without slices.
        Assert.InRange(draw.Plan.Count, 455, 490);
        Assert.Equal(10, draw.Plan.Samples.Count);
        Assert.True(draw.Plan.Detectable(0.99m) <= 328);
        var units = draw.Units("seed", "f01");
        for (int slice = 0; slice < 8; slice++)
            Assert.InRange(units.Count(unit => unit.Segment / 4096 == slice), 50, 64);
        Assert.NotEqual(units, draw.Units("seed", "f02"));
        Assert.NotEqual(units, draw.Units("other", "f01"));
    }

    /// <summary>Strata cost little beside drawing from everything at once.</summary>
    [Theory]
    [InlineData(1, 101)]
    [InlineData(1, 1000)]
    [InlineData(1, 3000)]
    [InlineData(5, 400)]
    [InlineData(10, 32_768)]
    [InlineData(50, 1000)]
    public void StrataCostLittle(int pieces, long segments)
    {
        var draw = new AuditDraw([.. Enumerable.Range(0, pieces).Select(i => Piece(segments * AuditSet.Segment, i))], null, 0.01m, 0.99m);
        long random = SamplePlan.ToDetect([pieces * segments], 0.01m, 0.99m).Count;
        Assert.InRange(draw.Plan.Count, random, (random * 1.15) + (2 * pieces));
    }

    [Fact]
    public void ZeroFillIsNotDrawnFrom()
    {
        var piece = Piece(10L * AuditSet.Segment) with { PayloadSize = (3L * AuditSet.Segment) + 1 };
        Assert.Equal([0L, 1, 2, 3], new AuditDraw([piece], 100, 0.01m, 0.99m).Units("s", "p").Select(unit => unit.Segment));
    }
}
