namespace DataPrep.Source;

/// <summary>
/// Speaks one protocol: one request, one answer. It neither tries again nor compares: <see cref="ObjectClient"/> and <see cref="RemoteReader"/>
/// do that for all protocols alike. A location is whatever the source that owns the transport names an object by. Safe for several threads.
/// </summary>
internal interface IObjectTransport : IDisposable
{
    /// <summary>Whether an answer says which version of the object it is from. If not, what was read counts only when the object has its tag afterwards too, and answers repeat the tag that was asked for.</summary>
    bool AnswersTellVersion => true;

    /// <summary>Asks what an object is now.</summary>
    /// <exception cref="ObjectException">The server says why not. Other exceptions (<see cref="IOException"/>, <see cref="HttpRequestException"/>, a time-out) count as passing faults.</exception>
    Task<ObjectState> StatAsync(string location, CancellationToken cancel);

    /// <summary>Asks for a range, on condition that the object still has a tag, as far as the protocol can say so. Returns when the head of the answer is there.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes, at least 1; the range is within the object as it was listed.</param>
    /// <param name="expected">The object as it was listed; the condition is its <see cref="ObjectState.Tag"/>.</param>
    /// <exception cref="ObjectException">The server says why not. Others as with <see cref="StatAsync"/>.</exception>
    Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel);
}

/// <summary>An answer whose body is still to be read. To dispose it ends a read that waits, with an exception.</summary>
/// <param name="state">Of the object, as this answer says.</param>
/// <param name="offset">Where in the object the body begins, in bytes.</param>
/// <param name="body">May be shorter than asked for, or longer.</param>
/// <param name="owner">Is disposed with it.</param>
internal sealed class ObjectAnswer(ObjectState state, long offset, Stream body, IDisposable? owner = null) : IDisposable
{
    public ObjectState State => state;

    public long Offset => offset;

    public Stream Body => body;

    public void Dispose()
    {
        body.Dispose();
        owner?.Dispose();
    }
}

/// <summary>What stands between a request and an answer that can be used.</summary>
internal enum ObjectFault
{
    /// <summary>It may work later: overload, a broken connection, silence.</summary>
    Passing,

    /// <summary>The object is another one than was listed.</summary>
    Changed,

    /// <summary>There is no such object.</summary>
    Gone,

    /// <summary>It cannot be had, or not in a form that can be used.</summary>
    Unreadable,

    /// <summary>The server does not know who asks, so that it will give nothing at all: the run ends, and can be gone on with.</summary>
    Unauthorized,
}

/// <summary>A server's answer that is no use.</summary>
/// <param name="retryAfter">How long the server wants to be left alone.</param>
internal sealed class ObjectException(ObjectFault fault, string message, TimeSpan? retryAfter = null) : IOException(message)
{
    public ObjectFault Fault => fault;

    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>A fault of somebody else's that lasted longer than was to be waited for: the same command, later, goes on.</summary>
public sealed class PassingFaultException(string message) : IOException(message);
