using DataPrep.Car;

namespace DataPrep.Verification;

/// <summary>Reports source files that do not have the bytes any more that an inline piece needs: each file once, and of a piece not more than can be read.</summary>
internal sealed class SourceFaults(FindingLog log)
{
    private const int Most = 20;

    // Parts that could not be read. Who reads is ahead of who looks at leaves, and both go on in order.
    private readonly Queue<long> unread = new();
    private long lastUnread = -1;
    private string lastLocation = "";

    /// <summary>Files at fault.</summary>
    public long Count { get; private set; }

    /// <summary>Takes that content cannot be read, when it is read.</summary>
    public void Take(SourceFaultException fault)
    {
        if (fault.Part == lastUnread)
            return;
        unread.Enqueue(lastUnread = fault.Part);
        Report(fault);
    }

    /// <summary>Takes that a leaf is another than when it was packed, when it is looked at.</summary>
    public void TakeChange(SourceFaultException change)
    {
        while (unread.TryPeek(out long part) && part < change.Part)
            _ = unread.Dequeue();
        // What could not be read is another in any case.
        if (!unread.TryPeek(out long known) || known != change.Part)
            Report(change);
    }

    /// <summary>Says how many more there were.</summary>
    /// <param name="piece">The <c>.inline</c> file.</param>
    public void End(string piece)
    {
        if (Count > Most)
            log.Error("source", piece, -1, $"{Count - Most} more source files of this piece have changed, or are not there");
    }

    private void Report(SourceFaultException fault)
    {
        if (fault.Location == lastLocation)
            return;
        lastLocation = fault.Location;
        if (++Count <= Most)
            log.Error("source", fault.Location, fault.Offset, fault.Reason);
    }
}
