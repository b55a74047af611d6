using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>A scanned source, cut into pieces: what packing would give.</summary>
/// <param name="Pieces">The data pieces, in the order of the tree.</param>
/// <param name="DagSizes">CAR sizes of the pieces of the dataset DAG; none where the dataset lies whole in one piece.</param>
/// <param name="Dataset">The record as far as it follows from the scan.</param>
/// <param name="Whole">Layout of the tree as one piece, where it is one.</param>
internal sealed record PackPlan(SourceTree Tree, IReadOnlyList<PieceRange> Pieces, IReadOnlyList<long> DagSizes, DatasetRecord Dataset, PieceLayout? Whole)
{
    /// <summary>Of a piece's share of a plan: the folders that hold more in other pieces.</summary>
    public IReadOnlySet<int> Ongoing { get; init; } = new HashSet<int>();

    public bool IsOnePiece => Pieces.Count == 1 && DagSizes.Count == 0;

    /// <summary>Bytes of all CARs.</summary>
    public long CarSize
    {
        get
        {
            long size = 0;
            for (int i = 0; i < Pieces.Count; i++)
                size += Pieces[i].CarSize;
            for (int i = 0; i < DagSizes.Count; i++)
                size += DagSizes[i];
            return size;
        }
    }

    /// <summary>The pieces that it gives, data pieces first.</summary>
    /// <param name="leastCarSize">Bytes that a CAR is filled up to.</param>
    public IEnumerable<PlannedPiece> Sizes(long leastCarSize) =>
        Pieces.Select(piece => ("data", piece.CarSize)).Concat(DagSizes.Select(size => ("dag", size)))
            .Select(piece => (Kind: piece.Item1, CarSize: Math.Max(piece.Item2, leastCarSize)))
            .Select(piece => new PlannedPiece(piece.Kind, piece.CarSize, Piece.PieceSize.Padded(piece.CarSize)));

    /// <summary>The plan of a dataset of one piece, with its files as they are in the tree now.</summary>
    /// <exception cref="PlanOutdatedException">It does not fit in one piece any more.</exception>
    public PackPlan LaidOutAgain(UnixFsProfile profile, long capacity)
    {
        var whole = PieceLayout.Create(Tree, profile);
        if (whole.CarSize > capacity)
            throw new PlanOutdatedException();
        return this with { Pieces = [Pieces[0] with { CarSize = whole.CarSize }], Whole = whole };
    }
}

/// <summary>Files that are cut into pieces together: those of the plan, or those that changed and came last.</summary>
/// <param name="Part">The tree that was cut, as a part of the whole.</param>
/// <param name="FirstPiece">Number of the first of the pieces within the dataset.</param>
internal sealed record CutRound(int Number, PartialTree Part, IReadOnlyList<PieceRange> Pieces, int FirstPiece)
{
    public SourceTree Tree => Part.Tree;

    /// <summary>All files, as a plan cuts them.</summary>
    public static CutRound OfPlan(SourceTree tree, IReadOnlyList<PieceRange> pieces) => new(0, PartialTree.Whole(tree), pieces, 0);

    /// <summary>Files of which no piece holds all, by their entry in the whole tree.</summary>
    public IEnumerable<int> CutFiles => Pieces.Where(piece => piece.End.Leaf > 0).Select(piece => Part.Origin(piece.End.Entry));

    /// <summary>Index of the piece in which a leaf lies.</summary>
    /// <param name="entry">An entry of the tree that was cut.</param>
    public int PieceOf(int entry, long leaf)
    {
        int low = 0, high = Pieces.Count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Pieces[middle].End > new PlanPoint(entry, leaf))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
