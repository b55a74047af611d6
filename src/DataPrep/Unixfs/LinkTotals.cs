using DataPrep.Ipld;

namespace DataPrep.Unixfs;

/// <summary>Sums over the links of a directory: as long as it is one node, its size follows from these.</summary>
internal struct LinkTotals
{
    public int Count { get; private set; }

    /// <summary>Bytes of the links in the directory's block.</summary>
    public long LinkBytes { get; private set; }

    /// <summary>Bytes of names and binary CIDs alone.</summary>
    public long NamesAndCids { get; private set; }

    /// <summary>Cumulative size of all that is linked to.</summary>
    public long Below { get; private set; }

    public void Add(int nameLength, int cidLength, long dagSize)
    {
        Count++;
        LinkBytes += DagPb.LinkLength(cidLength, nameLength, (ulong)dagSize);
        NamesAndCids += nameLength + cidLength;
        Below += dagSize;
    }
}
