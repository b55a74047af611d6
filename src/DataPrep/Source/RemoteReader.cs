namespace DataPrep.Source;

/// <summary>
/// Reads ranges of remote objects: of a large one a range for each worker and slab, from the socket straight into place. A range that breaks off is
/// gone on with from the byte where it did, under the same condition; each answer is held against what was listed, so that no object is read torn.
/// </summary>
internal sealed class RemoteReader(SourceTree tree, IRemoteSource source) : ISourceReader
{
    private readonly SourceTree tree = tree;
    private readonly IRemoteSource source = source;
    private readonly ThreadLocal<Visit?> idle = new(trackAllValues: true);
    private readonly ThreadLocal<CancellationToken> stops = new();

    public bool FetchesAhead => true;

    public void Announce(IReadOnlyList<SourceRange> ranges, CancellationToken stop) => stops.Value = stop;

    public ISourceFile Open(int entry)
    {
        var visit = idle.Value ?? new Visit(this);
        idle.Value = null;
        visit.Begin(entry, stops.Value);
        return visit;
    }

    public SourceChangedException Changed(int entry, long offset) => ISourceReader.Changed(entry, Place(entry), offset);

    public void Dispose()
    {
        foreach (var visit in idle.Values)
            visit?.Release();
        idle.Dispose();
        stops.Dispose();
    }

    /// <summary>What an entry is called in messages.</summary>
    private byte[] Place(int entry) => PathText.FromArgument(Retry.Shown(source.Locate(tree, entry)));

    /// <summary>What ends the reading of an object, in the words of whoever reads; null where it is the end of the run.</summary>
    private SourceChangedException? Ended(ObjectException fault, int entry, long offset) => fault.Fault switch
    {
        ObjectFault.Changed => new SourceChangedException(entry, Place(entry), offset, "changed", $"{fault.Message} while it was packed"),
        ObjectFault.Gone => new SourceChangedException(entry, Place(entry), offset, "vanished", fault.Message),
        ObjectFault.Unreadable => new SourceChangedException(entry, Place(entry), offset, "unreadable", fault.Message),
        _ => null,
    };

    private sealed class Visit : ISourceFile
    {
        private readonly RemoteReader reader;
        private readonly ObjectClient client;
        private readonly Timer silence;
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

        public void Begin(int entry, CancellationToken stop)
        {
            var tree = reader.tree;
            (this.entry, this.stop, position, end) = (entry, stop, 0, 0);
            location = reader.source.Locate(tree, entry);
            expected = new ObjectState(tree[entry].Size, System.Text.Encoding.Latin1.GetString(tree.Tag(entry)), null);
            retries = client.Retries();
        }

        public void Expect(long offset, long length)
        {
            End();
            (position, end) = (offset, offset + length);
        }

        public void Read(long offset, Span<byte> destination)
        {
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
                    Wait(e);
                }
            }

            if (position == end)
                End();
        }

        /// <summary>Each answer was held against what was listed, so that nothing is left to be asked.</summary>
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
            if (answer is null)
                return;
            _ = silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            registration.Dispose();
            client.Close(answer);
            answer = null;
        }

        private void Wait(Exception fault)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                if (stop.WaitHandle.WaitOne(client.Pause(retries, fault, location)))
                    stop.ThrowIfCancellationRequested();
            }
            catch (ObjectException e) when (reader.Ended(e, entry, position) is { } ended)
            {
                throw ended;
            }
        }
    }
}
