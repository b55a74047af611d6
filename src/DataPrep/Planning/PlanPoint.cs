using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>
/// A place between two units of a tree's content, in tree order. Units are the leaves of files, symlinks, and folders
/// that hold nothing: what stands in a piece on its own account.
/// </summary>
/// <param name="Entry">The entry before which, or in which, the place is; the number of entries at the very end.</param>
/// <param name="Leaf">Leaves of that entry, a file, that stand before the place; 0 before the entry.</param>
internal readonly record struct PlanPoint(int Entry, long Leaf) : IComparable<PlanPoint>
{
    public static PlanPoint Start => default;

    public static PlanPoint End(SourceTree tree) => new(tree.Count, 0);

    /// <summary>Whether an entry consists of units, of which files have as many as leaves: it does unless it was removed, or is a folder that stands in a piece only with what it holds.</summary>
    public static bool IsUnit(SourceTree tree, int entry) => tree[entry].Kind switch
    {
        EntryKind.Directory => !tree.HoldsAnything(entry),
        EntryKind.Removed => false,
        _ => true,
    };

    public int CompareTo(PlanPoint other) => Entry != other.Entry ? Entry.CompareTo(other.Entry) : Leaf.CompareTo(other.Leaf);

    public static bool operator <(PlanPoint left, PlanPoint right) => left.CompareTo(right) < 0;

    public static bool operator >(PlanPoint left, PlanPoint right) => left.CompareTo(right) > 0;

    public static bool operator <=(PlanPoint left, PlanPoint right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PlanPoint left, PlanPoint right) => left.CompareTo(right) >= 0;
}

/// <summary>What one data piece holds: all units of content from one place in the tree up to another.</summary>
/// <param name="CarSize">Exact bytes of its CAR.</param>
internal readonly record struct PieceRange(PlanPoint Begin, PlanPoint End, long CarSize);
