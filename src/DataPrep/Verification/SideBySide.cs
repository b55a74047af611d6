namespace DataPrep.Verification;

/// <summary>
/// Several items worked on at once, their results taken one by one in the order of the items: what is said of them does
/// not depend on who was done first.
/// </summary>
internal static class SideBySide
{
    /// <param name="atOnce">Most items at work at the same time.</param>
    /// <param name="take">Called on this thread.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Run<TItem, TResult>(IEnumerable<TItem> items, int atOnce, Func<TItem, CancellationToken, TResult> work, Action<TResult> take, CancellationToken cancel)
    {
        if (atOnce <= 1)
        {
            foreach (var item in items)
                take(work(item, cancel));
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var running = new Queue<Task<TResult>>();
        try
        {
            foreach (var item in items)
            {
                if (running.Count == atOnce)
                    TakeNext();
                running.Enqueue(Task.Factory.StartNew(() => work(item, stop.Token), default, TaskCreationOptions.LongRunning, TaskScheduler.Default));
            }

            while (running.Count > 0)
                TakeNext();
        }
        catch
        {
            // What is still at work uses things that the caller is about to dispose of.
            stop.Cancel();
            foreach (var task in running)
                ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
            throw;
        }

        void TakeNext()
        {
            var result = running.Peek().GetAwaiter().GetResult();
            _ = running.Dequeue();
            take(result);
        }
    }
}
