using DataPrep.Piece;
using DataPrep.Tests.Hashing;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Piece;

/// <summary>Every piece size from 128 B to 64 MiB: the payload that fills it, one byte less, and one more, which needs the next size.</summary>
public sealed class PieceSizeBoundaryTests
{
    private const int Largest = 64 << 20;
    private static readonly byte[] s_payload = KernelData.Random(41, (Largest / 128 * 127) + 1);
    private static readonly Lazy<(int Length, long Size, byte[] Root)[]> s_expected = new(() => [.. Lengths().Select(Expected)]);

    public static TheoryData<string> Kernels => KernelData.Supported;

    private static IEnumerable<int> Lengths()
    {
        for (int size = 128; size <= Largest; size *= 2)
        {
            int full = size / 128 * 127;
            foreach (int length in (int[])[full - 1, full, full + 1])
                yield return length;
        }
    }

    private static (int Length, long Size, byte[] Root) Expected(int length)
    {
        long size = ReferenceCommP.NaturalSize(length);
        return (length, size, PlainCommP.Root(s_payload.AsSpan(0, length), size));
    }

    [Fact]
    public void The_plain_loops_agree_with_the_specification()
    {
        foreach ((int length, long size, byte[] root) in s_expected.Value.Where(expected => expected.Size <= 1 << 18))
            Assert.True(ReferenceCommP.Root(s_payload.AsSpan(0, length), size).AsSpan().SequenceEqual(root), $"{length} bytes");
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_size_with_every_kernel(string name)
    {
        var hasher = new SubTreeHasher(KernelData.Kernel(name));
        byte[] root = new byte[32], nodes = new byte[32 * 128];
        foreach ((int length, long size, byte[] expected) in s_expected.Value)
        {
            ReadOnlySpan<byte> payload = s_payload.AsSpan(0, length);
            int height = PieceSize.Height(size);
            if (height <= SubTreeHasher.SegmentHeight)
            {
                hasher.Root(payload, height, root);
            }
            else
            {
                hasher.HashSegments(payload, nodes);
                PieceTree.Fold(nodes.AsSpan(0, (int)(32 * SubTreeHasher.SegmentCount(length))), SubTreeHasher.SegmentHeight, height, root);
            }

            Assert.True(expected.AsSpan().SequenceEqual(root), $"{length} bytes in {size}");
        }
    }

    [Fact]
    public void One_shot_finds_the_size()
    {
        foreach ((int length, long size, byte[] expected) in s_expected.Value)
        {
            PieceCommitment commitment = CommPHasher.HashData(s_payload.AsSpan(0, length));
            Assert.Equal(size, commitment.PieceSize);
            Assert.Equal(expected, commitment.Root);
        }
    }
}
