using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// A piece being written, without a name until it is placed, so that a later run can go on with it. Written to by several threads, in ranges that begin at multiples
/// of a segment and, but for the last, end there. A write that failed is not tried again: the run ends.
/// </summary>
internal interface IPieceFile : IPieceSink, IDisposable
{
    /// <summary>Whether it is that of a run before this one, with what that has written.</summary>
    bool WasThere { get; }

    /// <summary>Bytes of the whole piece.</summary>
    long Size { get; }

    /// <summary>Makes durable what has been written so far.</summary>
    void Sync();

    /// <summary>All is written: makes it durable, complete but for its name.</summary>
    /// <param name="payload">Bytes of the CAR; what is behind them becomes zeros.</param>
    void Complete(long payload);

    /// <summary>Puts something behind what was written, and makes it durable.</summary>
    /// <param name="write">Takes the file, which may be read from its start, and written at its end.</param>
    void Append(Action<Stream> write);

    /// <summary>SHA-256 of the complete piece in hex, by reading it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    string Sha256(CancellationToken cancel);

    /// <summary>Gives the complete piece its name; where the same piece has it already, that one stays.</summary>
    /// <exception cref="IOException">Something else has the name, or it cannot be given.</exception>
    void Place(string name);

    /// <summary>Removes it: what it holds is not needed.</summary>
    void Discard();
}

/// <summary>
/// Where pieces go that are not kept in folders, such as a bucket. OUT is then a folder of work: it holds the plan, the journal, the trees and the records, which go to the
/// target when all pieces stand there.
/// </summary>
internal interface IPieceTarget
{
    /// <summary>What a person calls it.</summary>
    string Name { get; }

    /// <summary>Padded size of the parts in which a piece is taken: a slab holds whole ones.</summary>
    long PartSize { get; }

    /// <summary>Bytes that are held on their way there, beside a part for each worker.</summary>
    long Held { get; }

    /// <summary>Looks whether the target can be used. Where it holds a dataset of which the folder knows nothing, the folder takes over its records.</summary>
    /// <exception cref="IOException">It cannot be used, or the folder belongs to another target.</exception>
    void Begin(OutputFolder folder);

    /// <summary>Takes away what runs of the folder have begun and no run will go on with. Only while other runs are kept out.</summary>
    void Tidy();

    /// <summary>Whether a finished piece stands there.</summary>
    bool Has(PieceRecord piece);

    /// <summary>Makes a piece, or goes on with it.</summary>
    /// <param name="name">What tells it from other pieces in the making.</param>
    /// <param name="leafEnd">Offset at which the leaves end; what follows is written after them.</param>
    IPieceFile Create(string name, long size, long leafEnd);

    /// <summary>A piece that is complete but for its name; null where there is none.</summary>
    IPieceFile? Complete(string name, PieceRecord piece);

    /// <summary>Removes a finished piece.</summary>
    void Remove(string car);

    /// <summary>Removes all that runs of the folder have begun and not placed.</summary>
    void Clear();

    /// <summary>Puts trees and records beside the pieces, as far as they are not there; <c>dataset.json</c> last.</summary>
    /// <exception cref="IOException">Others are there, or they cannot be written.</exception>
    void Publish(IReadOnlyList<PieceRecord> pieces);
}
