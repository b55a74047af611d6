using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using DataPrep.Hashing;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>What a vector does lane by lane, on real vectors and on those that the runtime makes of smaller ones.</summary>
public sealed class LaneTests
{
    [Fact]
    public void Eight_lanes_compute_as_scalars_do() => CheckOperations<Vector256<uint>, EightLanes>();

    [Fact]
    public void Sixteen_lanes_compute_as_scalars_do() => CheckOperations<Vector512<uint>, SixteenLanes>();

    [Fact]
    public void Eight_lanes_are_kept_apart() => CheckLanesApart<Vector256<uint>, EightLanes>();

    [Fact]
    public void Sixteen_lanes_are_kept_apart() => CheckLanesApart<Vector512<uint>, SixteenLanes>();

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public unsafe void Words_are_transposed_there_and_back(int stride)
    {
        byte[] blocks = KernelData.Random(stride, 8 * 64), digests = new byte[8 * 32];
        uint[] consecutive = new uint[16 * stride], scattered = new uint[16 * stride];
        fixed (byte* from = blocks, to = digests)
        fixed (uint* words = consecutive, others = scattered)
        {
            byte** starts = stackalloc byte*[8];
            for (int i = 0; i < 8; i++)
                starts[i] = from + (i * 64);
            LaneTransposition.Load(from, words, stride);
            LaneTransposition.Load(starts, others, stride);
            LaneTransposition.Store(words, stride, to);
        }

        for (int lane = 0; lane < stride; lane++)
        {
            for (int word = 0; word < 16; word++)
            {
                // The lanes of the next eight messages are left alone.
                uint expected = lane < 8 ? BinaryPrimitives.ReadUInt32BigEndian(blocks.AsSpan((lane * 64) + (word * 4))) : 0;
                Assert.Equal(expected, consecutive[(word * stride) + lane]);
            }
        }

        Assert.Equal(consecutive, scattered);
        for (int i = 0; i < 8; i++)
            Assert.Equal(blocks[(i * 64)..((i * 64) + 32)], digests[(i * 32)..((i + 1) * 32)]);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(100)]
    [InlineData(0)]
    public void Messages_hash_the_same_whatever_calibration_says(int longest)
    {
        CheckMessages<Vector256<uint>, EightLanes>(longest);
        CheckMessages<Vector512<uint>, SixteenLanes>(longest);
    }

    private static unsafe void CheckOperations<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        var random = new Random(11);
        for (int round = 0; round < 100; round++)
        {
            uint[] x = Words(), y = Words(), z = Words();
            Check(LanesOf(TLanes.Add(Vector(x), Vector(y))), i => x[i] + y[i]);
            Check(LanesOf(TLanes.Xor(Vector(x), Vector(y))), i => x[i] ^ y[i]);
            Check(LanesOf(TLanes.Choose(Vector(x), Vector(y), Vector(z))), i => (x[i] & y[i]) | (~x[i] & z[i]));
            TVector yz = TLanes.Xor(Vector(y), Vector(z));
            Check(LanesOf(TLanes.Majority(Vector(x), Vector(y), Vector(z), ref yz)), i => (x[i] & y[i]) | (x[i] & z[i]) | (y[i] & z[i]));
            Check(LanesOf(TLanes.BigSigma0(Vector(x))), i => Right(x[i], 2) ^ Right(x[i], 13) ^ Right(x[i], 22));
            Check(LanesOf(TLanes.BigSigma1(Vector(x))), i => Right(x[i], 6) ^ Right(x[i], 11) ^ Right(x[i], 25));
            Check(LanesOf(TLanes.SmallSigma0(Vector(x))), i => Right(x[i], 7) ^ Right(x[i], 18) ^ (x[i] >> 3));
            Check(LanesOf(TLanes.SmallSigma1(Vector(x))), i => Right(x[i], 17) ^ Right(x[i], 19) ^ (x[i] >> 10));
        }

        uint[] Words() => [.. Enumerable.Range(0, TLanes.Count).Select(_ => (uint)random.NextInt64(1L << 32))];

        static uint Right(uint word, int count) => BitOperations.RotateRight(word, count);

        static TVector Vector(uint[] lanes)
        {
            fixed (uint* from = lanes)
                return TLanes.Load(from);
        }

        static uint[] LanesOf(TVector vector)
        {
            uint[] lanes = new uint[TLanes.Count];
            fixed (uint* to = lanes)
                TLanes.Store(vector, to);
            return lanes;
        }

        static void Check(uint[] lanes, Func<int, uint> expected) => Assert.Equal(Enumerable.Range(0, TLanes.Count).Select(expected), lanes);
    }

    /// <summary>A change of one message changes one digest, and that digest is right.</summary>
    private static unsafe void CheckLanesApart<TVector, TLanes>()
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        byte[] scratchBytes = new byte[LaneScratch<TVector, TLanes>.Length];
        byte[] pairs = KernelData.Random(12, TLanes.Count * 64), before = Digests();
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            pairs[(lane * 64) + (5 * lane % 64)] ^= 0x10;
            byte[] after = Digests();
            for (int i = 0; i < TLanes.Count; i++)
            {
                Span<byte> digest = after.AsSpan(i * 32, 32);
                Assert.Equal(i == lane, !digest.SequenceEqual(before.AsSpan(i * 32, 32)));
                Assert.True(digest.SequenceEqual(SHA256.HashData(pairs.AsSpan(i * 64, 64))), $"lane {i}");
            }

            before = after;
        }

        byte[] Digests()
        {
            byte[] digests = new byte[TLanes.Count * 32];
            fixed (byte* from = pairs, to = digests, bytes = scratchBytes)
            {
                var scratch = new LaneScratch<TVector, TLanes>(bytes);
                LaneCompression<TVector, TLanes>.HashPairs(from, to, scratch.State, scratch.Schedule);
            }

            return digests;
        }
    }

    private static unsafe void CheckMessages<TVector, TLanes>(int ownLongest)
        where TVector : unmanaged
        where TLanes : ILanes<TVector>
    {
        // Vectors that the runtime makes of scalars are some hundred times slower.
        int longest = Vector128.IsHardwareAccelerated ? 30_000 : 3_000;
        byte[] buffer = KernelData.Random(5, 100_000);
        var random = new Random(6);
        for (int round = 0; round < 25; round++)
        {
            Message[] messages = [.. Enumerable.Range(0, random.Next(0, 40)).Select(_ => new Message(random.Next(50_000), random.Next(random.Next(longest))))];
            byte[] digests = new byte[32 * messages.Length];
            fixed (byte* start = buffer)
                LaneMessages<TVector, TLanes>.Hash(start, messages, digests, ownLongest);
            KernelData.AssertDigests(buffer, messages, digests);
        }
    }
}
