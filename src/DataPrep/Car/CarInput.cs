using System.Buffers;
using DataPrep.Ipld;

namespace DataPrep.Car;

/// <summary>
/// Forward reading with a contiguous window. Protocol: <see cref="Fill"/> makes bytes visible in <see cref="Window"/>,
/// <see cref="Advance"/> gives them up; a window is valid until the next call. The buffer grows with bytes that have arrived,
/// never with a length that a file merely claims.
/// </summary>
/// <param name="skips">Whether most of what is stepped over is long: then little is read at a time, until it turns out to be short.</param>
internal sealed class CarInput(Stream stream, string? path, int capacity, bool skips = false) : IDisposable
{
    /// <summary>To read on costs less than to step over fewer bytes, and read again behind them.</summary>
    private const int Short = 16 << 10;

    private const int LeastRead = 4 << 10;
    private int mostRead = skips ? LeastRead : int.MaxValue;
    private readonly long _origin = stream.CanSeek ? stream.Position : 0;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacity);
    private int _start;
    private int _end;

    /// <summary>Length in bytes counted from where reading began, or null where the stream cannot tell.</summary>
    public long? Length { get; } = stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) : null;

    /// <summary>Offset of the first byte of <see cref="Window"/>, counted from where reading began.</summary>
    public long Offset { get; private set; }

    public ReadOnlyMemory<byte> Window => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Makes at least <paramref name="count"/> bytes visible, or all that are left; returns how many are visible.</summary>
    public int Fill(int count)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            int read = stream.Read(_buffer, _end, Math.Min(_buffer.Length - _end, Math.Max(mostRead, count - (_end - _start))));
            if (read == 0)
            {
                break;
            }

            _end += read;
        }

        return _end - _start;
    }

    public void Advance(int count)
    {
        _start += count;
        Offset += count;
    }

    /// <summary>Steps over bytes; false where the input ends before.</summary>
    public bool Skip(long count)
    {
        long visible = Math.Min(count, _end - _start);
        Advance((int)visible);
        count -= visible;
        if (count > 0 && Length is { } length)
        {
            if (skips)
                mostRead = count > Short ? LeastRead : Math.Min(2 * mostRead, _buffer.Length);
            long step = Math.Clamp(length - Offset, 0, count);
            Offset += step;
            stream.Position = _origin + Offset;
            _start = _end = 0;
            return step == count;
        }

        while (count > 0)
        {
            int available = Fill(1);
            if (available == 0)
            {
                return false;
            }

            int step = (int)Math.Min(count, available);
            Advance(step);
            count -= step;
        }

        return true;
    }

    public MalformedDataException Fault(string what, long offset) => new(what, offset, path);

    public MalformedDataException Fault(MalformedDataException inner, long baseOffset) => inner.WithContext(path, baseOffset);

    public void Dispose()
    {
        byte[] buffer = Interlocked.Exchange(ref _buffer, []);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _start = _end = 0;
    }

    private void MakeRoom(int count)
    {
        if (_end < _buffer.Length && _buffer.Length - _start >= count)
        {
            return;
        }

        int visible = _end - _start;
        if (visible < _buffer.Length)
        {
            _buffer.AsSpan(_start, visible).CopyTo(_buffer);
        }
        else
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(checked(_buffer.Length * 2));
            _buffer.AsSpan(_start, visible).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        _start = 0;
        _end = visible;
    }
}
