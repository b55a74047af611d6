using System.Buffers;

namespace DataPrep.Tests.Reference;

/// <summary>Cuts a stream into chunks of a fixed size, one ahead, so that the end is known before it is reached.</summary>
internal sealed class RefChunks : IDisposable
{
    private readonly Stream _stream;
    private readonly int _chunkSize;
    private readonly byte[] _buffer;
    private byte[]? _next;

    public RefChunks(Stream stream, long chunkSize)
    {
        _stream = stream;
        _chunkSize = checked((int)chunkSize);
        _buffer = ArrayPool<byte>.Shared.Rent(_chunkSize);
        _next = Read();
    }

    public bool AtEnd => _next is null;

    public byte[] Next()
    {
        byte[] chunk = _next ?? throw new InvalidOperationException("No chunk left.");
        _next = Read();
        return chunk;
    }

    public void Dispose()
    {
        _stream.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private byte[]? Read()
    {
        int count = _stream.ReadAtLeast(_buffer.AsSpan(0, _chunkSize), _chunkSize, throwOnEndOfStream: false);
        return count == 0 ? null : _buffer[..count];
    }
}
