using System.Security.Cryptography;
using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;

namespace DataPrep.Tests.Car;

/// <summary>Small archives made on the spot, and streams that behave badly.</summary>
internal static class CarSamples
{
    public const string HelloWorld =
        "3aa265726f6f747381d82a58250001551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde96776657273696f6e01" +
        "2f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde968656c6c6f20776f726c64";

    public static byte[] Hello => Convert.FromHexString(HelloWorld);

    /// <summary>Header without roots.</summary>
    public static byte[] EmptyHeader => Convert.FromHexString("11a265726f6f7473806776657273696f6e01");

    public static Cid RawCid(ReadOnlySpan<byte> data) => Cid.Sha256(1, Multicodec.Raw, SHA256.HashData(data));

    /// <summary>Two short blocks below one root.</summary>
    public static byte[] TwoBlocks()
    {
        byte[] a = Encoding.UTF8.GetBytes("one"), b = Encoding.UTF8.GetBytes("another one");
        using MemoryStream stream = new();
        using CarWriter writer = new(stream, [RawCid(a)]);
        writer.Write(RawCid(a), a);
        writer.Write(RawCid(b), b);
        return stream.ToArray();
    }

    /// <summary>Wraps a payload in a CARv2 with some padding on both sides and an index of two bytes.</summary>
    public static byte[] Wrap(byte[] payload)
    {
        byte[] file = new byte[51 + 9 + payload.Length + 3 + 2];
        Convert.FromHexString("0aa16776657273696f6e02").CopyTo(file, 0);
        file[11] = 0x80;
        BitConverter.TryWriteBytes(file.AsSpan(27), 60L);
        BitConverter.TryWriteBytes(file.AsSpan(35), (long)payload.Length);
        BitConverter.TryWriteBytes(file.AsSpan(43), 60L + payload.Length + 3);
        payload.CopyTo(file, 60);
        return file;
    }

    public static CarReader Open(byte[] car, CarReadOptions? options = null) => CarReader.Open(new MemoryStream(car), options);

    /// <summary>Reads to the end, and answers header and blocks as text.</summary>
    public static List<string> ReadAll(CarReader reader)
    {
        List<string> lines = [string.Join(' ', reader.Roots)];
        while (reader.TryReadSection(out CarSection section))
        {
            lines.Add($"{section.Cid} {section.Offset} {section.DataOffset} {section.DataLength} "
                + $"{Convert.ToHexString(section.Data.Span)} {BlockHash.Verify(section.Cid, section.Data.Span)}");
        }

        return lines;
    }

    /// <summary>Cannot seek, and hands out few bytes at a time.</summary>
    public sealed class Trickle(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, step));
    }

    /// <summary>Counts the bytes that are read.</summary>
    public sealed class Counting(byte[] bytes) : MemoryStream(bytes)
    {
        public long BytesRead { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = base.Read(buffer, offset, count);
            BytesRead += read;
            return read;
        }
    }

    /// <summary>Takes so many bytes and then fails.</summary>
    public sealed class FullDisk(int capacity) : MemoryStream
    {
        private int _left = capacity;

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.Length > _left)
            {
                throw new IOException("No space left.");
            }

            _left -= buffer.Length;
        }
    }
}
