using System.Text;

namespace DataPrep.Source;

/// <summary>
/// Reads ranges of remote objects: a large one by one request for each worker and slab, from the socket straight into place; small ones are fetched ahead,
/// many at once. A range that breaks off is gone on with from the byte where it did, under the same condition; each answer is held against
/// what was listed, so that no object is read torn.
/// </summary>
/// <param name="workers">Threads that read.</param>
internal sealed class RemoteReader(SourceTree tree, IRemoteSource source, int workers) : ISourceReader
{
    private readonly SourceTree tree = tree;
    private readonly IRemoteSource source = source;
    private readonly ThreadLocal<Visit?> idle = new(trackAllValues: true);
    private readonly ThreadLocal<RangesAhead?> ahead = new();

    public bool FetchesAhead => true;

    /// <summary>Most bytes that are held for all workers before they ask for them.</summary>
    public static long AheadBytes(int workers) => (long)workers * RangesAhead.WindowOf(workers);

    public void Announce(IReadOnlyList<SourceRange> ranges, CancellationToken stop)
    {
        ahead.Value = new RangesAhead(source.Objects, ranges, ObjectOf, RangesAhead.WindowOf(workers), stop);
        ahead.Value.Advance();
    }

    public ISourceFile Open(int entry)
    {
        var visit = idle.Value ?? new Visit(this);
        idle.Value = null;
        visit.Begin(entry, ahead.Value);
        return visit;
    }

    public SourceChangedException Changed(int entry, long offset) => ISourceReader.Changed(entry, Place(entry), offset);

    public void Dispose()
    {
        foreach (var visit in idle.Values)
            visit?.Release();
        idle.Dispose();
        ahead.Dispose();
    }

    private (string Location, ObjectState State) ObjectOf(int entry) =>
        (source.Locate(tree, entry), new ObjectState(tree[entry].Size, Encoding.Latin1.GetString(tree.Tag(entry)), null));

    /// <summary>What an entry is called in messages.</summary>
    private byte[] Place(int entry) => PathText.FromArgument(Retry.Shown(source.Locate(tree, entry)));

    /// <summary>What ends the reading of an object, in the words of whoever reads.</summary>
    private IOException Ended(ObjectException fault, int entry, long offset) => fault.Fault switch
    {
        ObjectFault.Changed => new SourceChangedException(entry, Place(entry), offset, "changed", $"{fault.Message} while it was packed"),
        ObjectFault.Gone => new SourceChangedException(entry, Place(entry), offset, "vanished", fault.Message),
        ObjectFault.Unreadable => new SourceChangedException(entry, Place(entry), offset, "unreadable", fault.Message),
        _ => new IOException($"{PathText.Show(Place(entry))}: {fault.Message}. What is done is kept: with valid credentials, the same command goes on"),
    };

    private sealed class Visit : ISourceFile
    {
        private readonly RemoteReader reader;
        private readonly ObjectClient client;
        private readonly Timer silence;
        private RangesAhead? ahead;
        private RangesAhead.Fetched? fetched;
        private ObjectAnswer? answer;
        private CancellationTokenRegistration registration;
        private CancellationToken stop;
        private Retry retries;
        private ObjectState expected;
        private string location = "";
        private int entry;
        private long position;
        private long end;

        public Visit(RemoteReader reader)
        {
            this.reader = reader;
            client = reader.source.Objects;
            retries = client.Retries();
            silence = new Timer(_ => Break());
        }

        public void Begin(int entry, RangesAhead? ahead)
        {
            (this.entry, this.ahead, stop, position, end) = (entry, ahead, ahead?.Stop ?? default, 0, 0);
            location = "";
        }

        public void Expect(long offset, long length)
        {
            End();
            (position, end) = (offset, offset + length);
            fetched = ahead?.Take(new SourceRange(entry, offset, length));
        }

        public void Read(long offset, Span<byte> destination)
        {
            try
            {
                if (fetched is null || offset < fetched.Range.Offset || offset + destination.Length > fetched.Range.Offset + fetched.Range.Length)
                {
                    ReadAnswers(offset, destination);
                    return;
                }

                fetched.Arrival.GetAwaiter().GetResult();
                fetched.Buffer.AsSpan((int)(offset - fetched.Range.Offset), destination.Length).CopyTo(destination);
            }
            catch (ObjectException e)
            {
                throw reader.Ended(e, entry, position);
            }
        }

        /// <summary>Each range was held against what was listed, so that nothing is left to be asked.</summary>
        public void Finish()
        {
        }

        public void Dispose()
        {
            End();
            if (reader.idle.Value is null)
                reader.idle.Value = this;
            else if (reader.idle.Value != this)
                Release();
        }

        public void Release() => silence.Dispose();

        private void ReadAnswers(long offset, Span<byte> destination)
        {
            if (location.Length == 0)
            {
                (location, expected) = reader.ObjectOf(entry);
                retries = client.Retries();
            }

            if (offset != position)
                End();
            position = offset;
            end = Math.Max(end, offset + destination.Length);
            while (!destination.IsEmpty)
            {
                try
                {
                    destination = destination[ReadSome(destination)..];
                }
                catch (Exception e) when (Retry.IsFault(e))
                {
                    End();
                    stop.ThrowIfCancellationRequested();
                    if (stop.WaitHandle.WaitOne(client.Pause(retries, e, location)))
                        stop.ThrowIfCancellationRequested();
                }
            }

            if (position < end)
                return;
            End();
            client.ConfirmAsync(location, expected, stop).GetAwaiter().GetResult();
        }

        private int ReadSome(Span<byte> destination)
        {
            if (answer is null)
            {
                answer = client.OpenAsync(location, position, end - position, expected, stop).GetAwaiter().GetResult();
                registration = stop.UnsafeRegister(visit => ((Visit)visit!).Break(), this);
            }

            _ = silence.Change(client.Limits.Stall, Timeout.InfiniteTimeSpan);
            int got = answer.Body.Read(destination[..(int)Math.Min(destination.Length, end - position)]);
            _ = silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (got == 0)
                throw new ObjectException(ObjectFault.Passing, $"the answer ended {end - position} bytes short");
            position += got;
            retries.Progressed();
            return got;
        }

        /// <summary>Ends a read that waits, on another thread.</summary>
        private void Break() => answer?.Dispose();

        private void End()
        {
            if (fetched is not null)
                ahead!.Release(fetched);
            fetched = null;
            if (answer is null)
                return;
            _ = silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            registration.Dispose();
            client.Close(answer);
            answer = null;
        }
    }
}
