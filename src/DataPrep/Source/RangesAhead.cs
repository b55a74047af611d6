using System.Buffers;

namespace DataPrep.Source;

/// <summary>
/// The small ranges that one thread is going to read, in their order, fetched by many requests at once, as far ahead as a window of
/// memory reaches. Each thread has its own window, so that none waits for what others hold. Owned by that thread.
/// </summary>
/// <param name="objectOf">Location and listed state of an entry.</param>
/// <param name="window">Most bytes to hold; see <see cref="WindowOf"/>.</param>
/// <param name="stop">Ends all requests.</param>
internal sealed class RangesAhead(ObjectClient client, IReadOnlyList<SourceRange> ranges, Func<int, (string Location, ObjectState State)> objectOf, long window, CancellationToken stop)
{
    /// <summary>Longer ranges take longer than an answer does to come: they are read straight into place.</summary>
    private const int LargestRange = 1 << 20;

    private const long AllWindows = 40 << 20, LargestWindow = 4 << 20;
    private const int MostRequests = 256;
    private readonly Queue<Fetched> fetched = new();
    private int next;
    private long held;

    /// <summary>Bytes that each of so many threads may hold.</summary>
    public static long WindowOf(int workers) => Math.Clamp(AllWindows / workers, LargestRange, LargestWindow);

    public CancellationToken Stop => stop;

    /// <summary>Asks for as much as there is room for.</summary>
    public void Advance()
    {
        for (; next < ranges.Count && fetched.Count < MostRequests; next++)
        {
            var range = ranges[next];
            if (range.Length is 0 or > LargestRange)
                continue;
            if (held > 0 && held + range.Length > window)
                return;
            held += range.Length;
            var (location, state) = objectOf(range.Entry);
            byte[] buffer = ArrayPool<byte>.Shared.Rent((int)range.Length);
            fetched.Enqueue(new Fetched(range, buffer, FetchAsync(location, range, state, buffer)));
        }
    }

    /// <summary>The next range, if it is one of those that are fetched; whoever takes it gives it back with <see cref="Release"/>.</summary>
    public Fetched? Take(in SourceRange range) => fetched.TryPeek(out var first) && first.Range == range ? fetched.Dequeue() : null;

    public void Release(Fetched taken)
    {
        held -= taken.Range.Length;
        if (taken.Arrival.IsCompleted)
            ArrayPool<byte>.Shared.Return(taken.Buffer);
        Advance();
    }

    private async Task FetchAsync(string location, SourceRange range, ObjectState expected, byte[] buffer)
    {
        var retries = client.Retries();
        int got = 0, length = (int)range.Length;
        while (true)
        {
            TimeSpan pause;
            ObjectAnswer? answer = null;
            try
            {
                answer = await client.OpenAsync(location, range.Offset + got, length - got, expected, stop).ConfigureAwait(false);
                using var silence = CancellationTokenSource.CreateLinkedTokenSource(stop);
                while (got < length)
                {
                    silence.CancelAfter(client.Limits.Stall);
                    int count = await answer.Body.ReadAsync(buffer.AsMemory(got, length - got), silence.Token).ConfigureAwait(false);
                    if (count == 0)
                        throw new ObjectException(ObjectFault.Passing, $"the answer ended {length - got} bytes short");
                    got += count;
                    retries.Progressed();
                }

                client.Close(answer);
                answer = null;
                await client.ConfirmAsync(location, expected, stop).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (Retry.IsFault(e))
            {
                stop.ThrowIfCancellationRequested();
                pause = client.Pause(retries, e, location);
            }
            finally
            {
                if (answer is not null)
                    client.Close(answer);
            }

            await Task.Delay(pause, stop).ConfigureAwait(false);
        }
    }

    /// <param name="Arrival">Ends when the bytes are there.</param>
    internal sealed record Fetched(SourceRange Range, byte[] Buffer, Task Arrival);
}
