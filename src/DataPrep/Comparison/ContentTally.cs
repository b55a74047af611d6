using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;

namespace DataPrep.Comparison;

/// <summary>Finds content that a dataset has more than once, or that another has too: by the leaves in its pieces, from section headers alone, or by whole files.</summary>
/// <param name="byLeaves">Whether pieces are read, as far as they are there; else the records of files decide.</param>
/// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
internal sealed class ContentTally(bool byLeaves, string? source, PackCounters progress, CancellationToken cancel) : IDisposable
{
    private readonly DigestGroups groups = new();

    public bool IsByLeaves => byLeaves;

    /// <summary>Bytes of the dataset's content that were looked at.</summary>
    public long Bytes { get; private set; }

    /// <summary>Bytes that are in the dataset once more, and again for each further time.</summary>
    public long DuplicateBytes { get; private set; }

    /// <summary>Bytes that are in another dataset too.</summary>
    public long SharedBytes { get; private set; }

    /// <summary>The piece with most of the content that is there once more, and how much: <c>-1</c> where there is none.</summary>
    public (int Piece, long Bytes) Most { get; private set; } = (-1, 0);

    /// <summary>Takes the leaves of a data piece.</summary>
    /// <param name="number">Of the piece; -1 for those of another dataset.</param>
    /// <param name="onlyRaw">Whether all leaves are raw blocks, and no others.</param>
    /// <exception cref="MalformedDataException">The CAR is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void AddPiece(string path, int number, bool onlyRaw)
    {
        using var reader = CarBytes.OpenReader(path, new CarReadOptions { SkipData = true, AllowZeroPadding = true }, source);
        while (reader.TryReadSection(out var section))
        {
            cancel.ThrowIfCancellationRequested();
            if (!onlyRaw || section.Cid.Codec == Multicodec.Raw)
                Add(section.Cid, number, section.DataLength);
            progress.Add(section.DataLength);
        }
    }

    /// <summary>Takes a file as a whole.</summary>
    /// <param name="number">0, or -1 for one of another dataset.</param>
    public void AddFile(FileRecord file, int number)
    {
        if (file.Type == "file" && file.Size > 0 && Cid.TryParse(file.Cid, out var cid))
            Add(cid, number, file.Size);
    }

    /// <summary>Compares all that was taken.</summary>
    /// <param name="pieces">How many there are.</param>
    /// <exception cref="IOException">A temporary file cannot be read.</exception>
    public void Count(int pieces)
    {
        long[] byPiece = new long[Math.Max(1, pieces)];
        foreach (var group in groups.Repeated())
        {
            cancel.ThrowIfCancellationRequested();
            // Others have -1 and come first.
            var own = group.SkipWhile(item => item.Reference < 0).ToList();
            if (own.Count > 0 && own.Count < group.Count)
                SharedBytes += own.Sum(item => item.Weight);
            foreach (var (piece, bytes) in own.Skip(1))
            {
                DuplicateBytes += bytes;
                byPiece[piece] += bytes;
            }
        }

        int most = Array.IndexOf(byPiece, byPiece.Max());
        Most = byPiece[most] > 0 ? (most, byPiece[most]) : (-1, 0);
    }

    public void Dispose() => groups.Dispose();

    private void Add(in Cid cid, int number, long bytes)
    {
        groups.Add(cid.Digest, number, bytes);
        Bytes += number >= 0 ? bytes : 0;
    }
}
