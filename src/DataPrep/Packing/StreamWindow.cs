using System.Buffers;
using System.IO.Pipelines;

namespace DataPrep.Packing;

/// <summary>
/// What has come of a stream and may still be needed. One thread reads the stream into a pipe, as far ahead as the window is
/// wide; workers copy out of it what they want, at any offset that has not been released, and wait until it has come.
/// </summary>
internal sealed class StreamWindow : IDisposable
{
    private const int SegmentSize = 1 << 20;
    private readonly Stream input;
    private readonly Pipe pipe;
    private readonly Thread pump;
    private readonly object gate = new();

    // All below is guarded by the gate. What is held stands from the offset of its beginning on.
    private ReadOnlySequence<byte> held;
    private bool isReading;
    private long start;
    private long released;
    private long come;
    private long awaited = long.MaxValue;
    private bool ended;
    private bool closed;
    private Exception? failure;

    /// <param name="width">Most bytes that wait to be released.</param>
    public StreamWindow(Stream input, long width)
    {
        this.input = input;
        // Nothing is ever said to be examined, so what pauses the writer is all that is held.
        pipe = new Pipe(new PipeOptions(pauseWriterThreshold: width, resumeWriterThreshold: width, minimumSegmentSize: SegmentSize, useSynchronizationContext: false));
        pump = new Thread(Pump) { IsBackground = true, Name = "stream" };
        pump.Start();
    }

    /// <summary>Waits until the stream has come to a length.</summary>
    /// <returns>False where it ends before; <paramref name="size"/> is its length then, and else what has come of it.</returns>
    /// <exception cref="IOException">It cannot be read on.</exception>
    /// <exception cref="OperationCanceledException">Stopped; whoever stops it calls <see cref="Wake"/>.</exception>
    public bool Reaches(long length, CancellationToken stop, out long size)
    {
        lock (gate)
        {
            while (come < length && !ended)
            {
                stop.ThrowIfCancellationRequested();
                awaited = Math.Min(awaited, length);
                _ = Monitor.Wait(gate);
            }

            size = come;
            if (come < length && failure is not null)
                throw new IOException($"cannot read standard input at offset {come}: {failure.Message}; to go on, run the same command and feed the stream again from its beginning", failure);
            return come >= length;
        }
    }

    /// <summary>Copies bytes that have come and are not released.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        lock (gate)
        {
            if (offset + destination.Length > start + held.Length)
                Take();
            held.Slice(offset - start, destination.Length).CopyTo(destination);
        }
    }

    /// <summary>Nothing before an offset is needed any more.</summary>
    public void Release(long offset)
    {
        lock (gate)
        {
            if (offset <= released)
                return;
            released = offset;
            Take();
        }
    }

    /// <summary>Wakes those that wait, so that they see that they are to stop.</summary>
    public void Wake()
    {
        lock (gate)
            Monitor.PulseAll(gate);
    }

    /// <summary>A read of the stream can last for ever and cannot be broken off: its thread is left behind.</summary>
    public void Dispose()
    {
        lock (gate)
            closed = true;
        pipe.Writer.CancelPendingFlush();
    }

    /// <summary>Gives back what is released, and takes what has come.</summary>
    private void Take()
    {
        if (isReading)
            pipe.Reader.AdvanceTo(held.GetPosition(released - start));
        isReading = pipe.Reader.TryRead(out var result);
        (held, start) = (isReading ? result.Buffer : default, released);
    }

    private void Pump()
    {
        try
        {
            while (true)
            {
                int count = input.Read(pipe.Writer.GetMemory().Span);
                if (count == 0)
                    break;
                pipe.Writer.Advance(count);
                var flush = pipe.Writer.FlushAsync();
                if (!Come(count))
                    return;
                var flushed = flush.IsCompleted ? flush.Result : flush.AsTask().GetAwaiter().GetResult();
                if (flushed.IsCanceled)
                    return;
            }

            End(null);
        }
#pragma warning disable CA1031 // Handed on to whoever waits
        catch (Exception e)
#pragma warning restore CA1031
        {
            End(e);
        }
    }

    private bool Come(int count)
    {
        lock (gate)
        {
            come += count;
            if (come >= awaited)
            {
                awaited = long.MaxValue;
                Monitor.PulseAll(gate);
            }

            return !closed;
        }
    }

    private void End(Exception? failure)
    {
        lock (gate)
        {
            (ended, this.failure) = (true, failure);
            Monitor.PulseAll(gate);
        }
    }
}
