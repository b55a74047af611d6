using DataPrep.Car;
using DataPrep.Source;

namespace DataPrep.Verification;

/// <summary>Reports source files that do not have the bytes any more that an inline piece needs: each file once, and of a piece not more than can be read.</summary>
internal sealed class SourceFaults(FindingLog log)
{
    private const int Most = 20;
    private string last = "";

    /// <summary>Files at fault.</summary>
    public long Count { get; private set; }

    /// <summary>Takes a fault; those of a file one after the other.</summary>
    public void Take(SourceFaultException fault) => Take(fault.Location, fault.Offset, fault.Reason);

    /// <summary>Takes that a leaf has other content than when it was packed.</summary>
    public void TakeChange((byte[] Location, long Offset) place) => Take(PathText.Quote(place.Location), place.Offset, "has changed since it was packed");

    /// <summary>Says how many more there were.</summary>
    /// <param name="piece">The <c>.inline</c> file.</param>
    public void End(string piece)
    {
        if (Count > Most)
            log.Error("source", piece, -1, $"{Count - Most} more source files of this piece have changed, or are not there");
    }

    private void Take(string location, long offset, string reason)
    {
        if (location == last)
            return;
        last = location;
        if (++Count <= Most)
            log.Error("source", location, offset, reason);
    }
}
