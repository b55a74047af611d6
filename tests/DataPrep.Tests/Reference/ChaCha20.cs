using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;

namespace DataPrep.Tests.Reference;

/// <summary>
/// The input generator of the IPIP-499 vectors: the ChaCha20 keystream of RFC 8439 with key = SHA-256(seed), nonce zero, counter 0.
/// </summary>
internal sealed class ChaCha20(string seed, long length) : Stream
{
    private const int Lanes = 8;

    private readonly uint[] _initial = Setup(SHA256.HashData(Encoding.UTF8.GetBytes(seed)));
    private readonly byte[] _blocks = new byte[Lanes * 64];
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            _position = value;
            if (value % _blocks.Length != 0)
                NextBlocks((uint)((value - (value % _blocks.Length)) / 64));
        }
    }

    public static byte[] Bytes(string seed, int count)
    {
        using var stream = new ChaCha20(seed, count);
        var bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int done = 0;
        while (done < buffer.Length && _position < length)
        {
            int within = (int)(_position % _blocks.Length);
            if (within == 0)
                NextBlocks((uint)(_position / 64));
            int take = (int)Math.Min(Math.Min(_blocks.Length - within, buffer.Length - done), length - _position);
            _blocks.AsSpan(within, take).CopyTo(buffer[done..]);
            done += take;
            _position += take;
        }

        return done;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static uint[] Setup(byte[] key)
    {
        var state = new uint[16];
        "expand 32-byte k"u8.ToArray().Chunk(4).Select(word => BinaryPrimitives.ReadUInt32LittleEndian(word)).ToArray().CopyTo(state, 0);
        key.Chunk(4).Select(word => BinaryPrimitives.ReadUInt32LittleEndian(word)).ToArray().CopyTo(state, 4);
        return state;
    }

    // Eight blocks at once: lane l of every vector belongs to the block with counter first + l
    private void NextBlocks(uint first)
    {
        var x = new Vector256<uint>[16];
        for (int i = 0; i < 16; i++)
            x[i] = Vector256.Create(_initial[i]);
        x[12] = Vector256.Create(first) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);
        Vector256<uint> counters = x[12];
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < 4; i++)
                QuarterRound(ref x[i], ref x[4 + i], ref x[8 + i], ref x[12 + i]);
            for (int i = 0; i < 4; i++)
                QuarterRound(ref x[i], ref x[4 + ((i + 1) & 3)], ref x[8 + ((i + 2) & 3)], ref x[12 + ((i + 3) & 3)]);
        }

        Span<uint> words = MemoryMarshal.Cast<byte, uint>(_blocks.AsSpan());
        for (int i = 0; i < 16; i++)
        {
            Vector256<uint> sum = x[i] + (i == 12 ? counters : Vector256.Create(_initial[i]));
            for (int lane = 0; lane < Lanes; lane++)
                words[(lane * 16) + i] = sum[lane];
        }
    }

    private static void QuarterRound(ref Vector256<uint> a, ref Vector256<uint> b, ref Vector256<uint> c, ref Vector256<uint> d)
    {
        a += b;
        d = Rotate(d ^ a, 16);
        c += d;
        b = Rotate(b ^ c, 12);
        a += b;
        d = Rotate(d ^ a, 8);
        c += d;
        b = Rotate(b ^ c, 7);
    }

    private static Vector256<uint> Rotate(Vector256<uint> value, int bits) => (value << bits) | (value >>> (32 - bits));
}
