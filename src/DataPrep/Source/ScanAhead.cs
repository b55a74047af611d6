using System.Runtime.ExceptionServices;

namespace DataPrep.Source;

/// <summary>
/// Reads folders ahead of the walk that puts them in order. Batches wait in the order of the walk: what a batch brings
/// to light takes its place. Threads take the first that waits, as long as not too many entries lie ready; the walk
/// itself, when it needs a batch that is not ready, reads what waits too. So the walk never stands still while there is
/// work, and memory is bounded whatever the tree.
/// </summary>
internal sealed class ScanAhead : IDisposable
{
    /// <summary>Most entries that lie ready before the threads pause.</summary>
    private const int Window = 32 << 10;

    private readonly LinkedList<ScanBatch> waiting = [];
    private readonly FolderReader own;
    private readonly Thread[] helpers;
    private int ready;
    private bool ended;

    /// <param name="threads">With one, all is read by the thread of the walk.</param>
    public ScanAhead(ScanOptions options, int threads)
    {
        own = new FolderReader(options);
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.Length; i++)
        {
            helpers[i] = new Thread(() => Help(new FolderReader(options))) { IsBackground = true, Name = $"scan {i}" };
            helpers[i].Start();
        }
    }

    /// <summary>A folder of which all is to be read.</summary>
    public void Add(ScanFolder folder)
    {
        lock (waiting)
        {
            _ = waiting.AddLast(folder.First);
            Monitor.PulseAll(waiting);
        }
    }

    /// <summary>Returns when a batch has been read, which is then no longer ahead. Once for each batch.</summary>
    public void Await(ScanBatch batch)
    {
        while (true)
        {
            LinkedListNode<ScanBatch>? next = null;
            lock (waiting)
            {
                while (batch.State == ScanState.Taken && (next = NextAhead()) is null)
                    _ = Monitor.Wait(waiting);
                if (batch.State == ScanState.Done)
                {
                    TakeUp(batch);
                    return;
                }

                next ??= waiting.Find(batch)!; // in the order of the walk it is the first
                next.Value.State = ScanState.Taken;
            }

            Read(own, next);
        }
    }

    public void Dispose()
    {
        lock (waiting)
        {
            ended = true;
            Monitor.PulseAll(waiting);
        }

        foreach (var helper in helpers)
            helper.Join();
    }

    private void Help(FolderReader reader)
    {
        while (true)
        {
            LinkedListNode<ScanBatch>? next = null;
            lock (waiting)
            {
                while (!ended && (next = NextAhead()) is null)
                    _ = Monitor.Wait(waiting);
                if (ended)
                    return;
                next!.Value.State = ScanState.Taken;
            }

            Read(reader, next);
        }
    }

    /// <summary>The first batch that waits, or null where none does or enough lies ready.</summary>
    private LinkedListNode<ScanBatch>? NextAhead()
    {
        var node = ready < Window ? waiting.First : null;
        while (node is not null && node.Value.State != ScanState.Waiting)
            node = node.Next; // taken, one for each thread at most
        return node;
    }

    private void TakeUp(ScanBatch batch)
    {
        batch.Failure?.Throw();
        int before = ready;
        ready -= batch.Entries.Count;
        if (before >= Window && ready < Window)
            Monitor.PulseAll(waiting);
    }

    private void Read(FolderReader reader, LinkedListNode<ScanBatch> node)
    {
        var batch = node.Value;
        try
        {
            reader.Read(batch);
        }
#pragma warning disable CA1031 // Handed on to whoever awaits the batch
        catch (Exception e)
#pragma warning restore CA1031
        {
            batch.Failure = ExceptionDispatchInfo.Capture(e);
        }

        lock (waiting)
        {
            var last = node;
            foreach (var folder in batch.Folders)
                last = waiting.AddAfter(last, folder.First);
            if (batch == batch.Folder.First)
            {
                foreach (var more in batch.Folder.Rest)
                    last = waiting.AddAfter(last, more);
            }

            waiting.Remove(node);
            batch.State = ScanState.Done;
            ready += batch.Entries.Count;
            Monitor.PulseAll(waiting);
        }
    }
}
