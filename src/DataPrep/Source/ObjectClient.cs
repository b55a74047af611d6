namespace DataPrep.Source;

/// <summary>
/// Asks a transport, again where a fault may pass, and not more often at the same time than the limits say. Safe for several threads.
/// </summary>
/// <param name="warn">Is told when waiting takes long.</param>
internal sealed class ObjectClient(IObjectTransport transport, RemoteLimits limits, Action<string>? warn = null) : IDisposable
{
    private readonly SemaphoreSlim free = new(limits.Connections);
    private volatile bool wasHeard;

    public RemoteLimits Limits => limits;

    /// <summary>Asks what an object is now.</summary>
    /// <exception cref="ObjectException">It cannot be had, for a reason that does not pass.</exception>
    /// <exception cref="PassingFaultException">The patience is at its end.</exception>
    public async Task<ObjectState> StatAsync(string location, CancellationToken cancel)
    {
        var retries = Retries();
        while (true)
        {
            TimeSpan pause;
            await free.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                silence.CancelAfter(limits.Stall);
                var state = await transport.StatAsync(location, silence.Token).ConfigureAwait(false);
                wasHeard = true;
                return state;
            }
            catch (Exception e) when (Retry.IsFault(e))
            {
                cancel.ThrowIfCancellationRequested();
                pause = retries.Pause(e, location, wasHeard);
            }
            finally
            {
                _ = free.Release();
            }

            await Task.Delay(pause, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Asks for a range, once, when a connection is free. Whoever gets the answer ends it with <see cref="Close"/>.</summary>
    /// <exception cref="ObjectException">The answer is of another object than the expected one, or none that can be used.</exception>
    public async Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel)
    {
        await free.WaitAsync(cancel).ConfigureAwait(false);
        ObjectAnswer? answer = null;
        try
        {
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            silence.CancelAfter(limits.Stall);
            answer = await transport.OpenAsync(location, offset, length, expected, silence.Token).ConfigureAwait(false);
            wasHeard = true;
            Require(answer, offset, expected);
            return answer;
        }
        catch
        {
            answer?.Dispose();
            _ = free.Release();
            throw;
        }
    }

    /// <summary>When a range has been read: makes sure that it was of the expected version, where the answer did not say.</summary>
    /// <exception cref="ObjectException">It was not, or nobody knows.</exception>
    public async Task ConfirmAsync(string location, ObjectState expected, CancellationToken cancel)
    {
        if (transport.AnswersTellVersion)
            return;
        var now = await StatAsync(location, cancel).ConfigureAwait(false);
        if (Difference(now, expected) is { } difference)
            throw new ObjectException(ObjectFault.Changed, difference);
    }

    /// <summary>Ends the use of an answer.</summary>
    public void Close(ObjectAnswer answer)
    {
        answer.Dispose();
        _ = free.Release();
    }

    /// <summary>What keeps count of the tries of one task.</summary>
    public Retry Retries() => new(limits, warn);

    /// <summary>How long to wait before another try.</summary>
    /// <exception cref="PassingFaultException">The patience is at its end.</exception>
    public TimeSpan Pause(Retry retries, Exception fault, string location) => retries.Pause(fault, location, wasHeard);

    public void Dispose()
    {
        transport.Dispose();
        free.Dispose();
    }

    /// <summary>Not every server heeds conditions: what an answer says of its object is held against what was listed.</summary>
    private static void Require(ObjectAnswer answer, long offset, in ObjectState expected)
    {
        if (Difference(answer.State, expected) is { } difference)
            throw new ObjectException(ObjectFault.Changed, difference);
        if (answer.Offset != offset)
            throw new ObjectException(ObjectFault.Unreadable, offset > 0 && answer.Offset == 0 ? "the server gives no ranges of it, but only the whole; to pack it as one file: curl URL | dataprep pack - -o OUT" : $"asked for byte {offset}, the server answered from byte {answer.Offset} on");
    }

    private static string? Difference(in ObjectState now, in ObjectState expected)
    {
        if (now.Size != expected.Size)
            return now.Size > expected.Size ? $"grew from {expected.Size} to {now.Size} bytes" : $"shrank from {expected.Size} to {now.Size} bytes";
        return now.Tag != expected.Tag ? "was replaced by another version" : null;
    }
}
