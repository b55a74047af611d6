using System.Security.Cryptography;
using DataPrep.Hashing;
using DataPrep.Piece;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>No kernel reads or writes past its arguments: what lies behind them is a page without access.</summary>
public sealed class GuardPageTests
{
    private static readonly byte[] s_bytes = KernelData.Random(31, 200_000);

    public static TheoryData<string> Kernels => KernelData.Kernels;

    public static TheoryData<string> Supported => KernelData.Supported;

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Messages_of_any_length(string name)
    {
        Sha256Kernel kernel = KernelData.Kernel(name);
        foreach (int length in Enumerable.Range(0, 200).Concat([255, 256, 257, 4095, 4096, 4097, 100_001]))
        {
            using var buffer = new GuardedMemory(s_bytes.AsSpan(0, length));
            foreach (int count in (int[])[1, 2, 3, 8, 17])
            {
                // All of them end with the last byte there is.
                Message[] messages = [.. Enumerable.Range(0, count).Select(i => new Message(Math.Min(i, length), length - Math.Min(i, length)))];
                using var digests = new GuardedMemory(32 * count);
                kernel.HashMessages(buffer.Span, messages, digests.Span);
                KernelData.AssertDigests(buffer.Span.ToArray(), messages, digests.Span.ToArray());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Pairs_of_any_number(string name)
    {
        Sha256Kernel kernel = KernelData.Kernel(name);
        foreach (int count in Enumerable.Range(0, 70).Concat([127, 128, 129, 1000]))
        {
            using var pairs = new GuardedMemory(s_bytes.AsSpan(0, 64 * count));
            using var digests = new GuardedMemory(32 * count);
            kernel.HashPairs(pairs.Span, digests.Span);
            byte[] expected = [.. pairs.Span.ToArray().Chunk(64).SelectMany(SHA256.HashData)];
            Assert.True(digests.Span.SequenceEqual(expected), $"{count} pairs");
            kernel.HashPairs(pairs.Span, pairs.Span);
            Assert.True(pairs.Span[..(32 * count)].SequenceEqual(expected), $"{count} pairs in place");
        }
    }

    [Theory]
    [MemberData(nameof(Supported))]
    public void Sub_trees_of_any_payload(string name)
    {
        var hasher = new SubTreeHasher(KernelData.Kernel(name));
        using var root = new GuardedMemory(32);
        for (int height = 2; height <= 11; height++)
        {
            int most = (int)PieceSize.Unpadded(PieceSize.OfHeight(height));
            int[] around = [most, most - 1, most - 63, most - 64, most - 126, most - 127, most / 2, (most / 2) + 1];
            foreach (int length in Enumerable.Range(0, height < 4 ? most + 1 : 3).Concat(around).Where(n => n >= 0).Distinct())
            {
                using var payload = new GuardedMemory(s_bytes.AsSpan(0, length));
                hasher.Root(payload.Span, height, root.Span);
                Assert.True(root.Span.SequenceEqual(PlainCommP.Root(payload.Span, 32L << height)), $"{length} bytes, height {height}");
            }
        }
    }

    [Fact]
    public void Fr32_of_any_payload()
    {
        for (int groups = 1; groups < 40; groups++)
        {
            foreach (int length in (int[])[127 * groups, (127 * groups) - 1, (127 * groups) - 63, (127 * groups) - 126])
            {
                using var raw = new GuardedMemory(s_bytes.AsSpan(0, length));
                using var padded = new GuardedMemory(128 * groups);
                Fr32.PadTail(raw.Span, padded.Span);
                byte[] expected = [.. ReferenceCommP.Leaves(raw.Span, 128 * groups).SelectMany(leaf => leaf)];
                Assert.True(padded.Span.SequenceEqual(expected), $"{length} bytes");
                using var back = new GuardedMemory(127 * groups);
                Fr32.Unpad(padded.Span, back.Span);
                Assert.True(back.Span[..length].SequenceEqual(raw.Span), $"{length} bytes back");
            }
        }
    }
}
