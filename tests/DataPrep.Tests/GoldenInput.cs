using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DataPrep.Tests;

/// <summary>
/// Recreates the inputs that golden vectors describe. Kinds: prng (SHA-256 in counter mode: block i = sha256(utf8(seed) ||
/// uint64 big-endian i)), byte (one value), repeat (a prng period over and over), runs (values and counts), text (UTF-8).
/// </summary>
internal static class GoldenInput
{
    private const int ChunkLength = 1 << 20;

    /// <summary>The whole input, for sizes that fit an array.</summary>
    public static byte[] FromJson(JsonElement input)
    {
        var content = new MemoryStream();
        foreach (byte[] chunk in Chunks(input))
            content.Write(chunk);
        return content.ToArray();
    }

    /// <summary>The input in chunks of at most 1 MiB, for inputs of any size.</summary>
    public static IEnumerable<byte[]> Chunks(JsonElement input) => input.GetProperty("kind").GetString() switch
    {
        "prng" => PrngChunks(input.GetProperty("seed").GetString()!, input.GetProperty("size").GetInt64()),
        "byte" => Repeated([(byte)input.GetProperty("value").GetInt32()], input.GetProperty("size").GetInt64()),
        "repeat" => Repeated(
            Prng(input.GetProperty("seed").GetString()!, input.GetProperty("period").GetInt64()), input.GetProperty("size").GetInt64()),
        "runs" => input.GetProperty("runs").EnumerateArray().SelectMany(run => Repeated([(byte)run[0].GetInt32()], run[1].GetInt64())),
        "text" => [Encoding.UTF8.GetBytes(input.GetProperty("text").GetString()!)],
        string kind => throw new NotSupportedException($"Input kind '{kind}'"),
        null => throw new NotSupportedException("Input without a kind"),
    };

    /// <summary>The input as a stream that is read once from the start.</summary>
    public static Stream Open(JsonElement input) => new ChunkStream(Chunks(input));

    /// <summary>The first bytes of a seed's SHA-256 counter-mode stream.</summary>
    public static byte[] Prng(string seed, long size)
    {
        byte[] result = new byte[size];
        long at = 0;
        foreach (byte[] chunk in PrngChunks(seed, size))
        {
            chunk.CopyTo(result, at);
            at += chunk.Length;
        }

        return result;
    }

    /// <summary>As <see cref="Prng"/>, in chunks of at most 1 MiB.</summary>
    public static IEnumerable<byte[]> PrngChunks(string seed, long size)
    {
        byte[] block = [.. Encoding.UTF8.GetBytes(seed), .. new byte[sizeof(ulong)]];
        ulong counter = 0;
        for (long left = size; left > 0; left -= ChunkLength)
        {
            byte[] chunk = new byte[(int)Math.Min(left, ChunkLength)];
            byte[] digest = new byte[32];
            for (int at = 0; at < chunk.Length; at += digest.Length)
            {
                BinaryPrimitives.WriteUInt64BigEndian(block.AsSpan(block.Length - sizeof(ulong)), counter++);
                SHA256.HashData(block, digest);
                digest.AsSpan(0, Math.Min(digest.Length, chunk.Length - at)).CopyTo(chunk.AsSpan(at));
            }

            yield return chunk;
        }
    }

    private static IEnumerable<byte[]> Repeated(byte[] period, long size)
    {
        // Whole periods of about 1 MiB at a time.
        byte[] chunk = period.Length == 1
            ? Enumerable.Repeat(period[0], (int)Math.Min(size, ChunkLength)).ToArray()
            : Enumerable.Repeat(period, Math.Max(1, ChunkLength / period.Length)).SelectMany(bytes => bytes).ToArray();
        for (long left = size; left > 0; left -= chunk.Length)
            yield return left < chunk.Length ? chunk[..(int)left] : chunk;
    }

    private sealed class ChunkStream(IEnumerable<byte[]> chunks) : Stream
    {
        private readonly IEnumerator<byte[]> _chunks = chunks.GetEnumerator();
        private ReadOnlyMemory<byte> _chunk;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            while (_chunk.IsEmpty)
            {
                if (!_chunks.MoveNext())
                    return 0;
                _chunk = _chunks.Current;
            }

            int length = Math.Min(buffer.Length, _chunk.Length);
            _chunk.Span[..length].CopyTo(buffer);
            _chunk = _chunk[length..];
            return length;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _chunks.Dispose();
            base.Dispose(disposing);
        }
    }
}
