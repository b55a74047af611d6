using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>
/// What of a plan is needed to make one of its data pieces: the entries in its range, and the folders above the first of them. It stands in the
/// plan's file by itself, so that a task on another machine reads no more than that.
/// </summary>
/// <param name="Number">Of the piece, from 0 on.</param>
/// <param name="Tree">The folders above the first entry, then the entries of the range, each as in the whole tree.</param>
/// <param name="First">The entry of the whole tree that the first one after these folders is; the others follow it there as here.</param>
/// <param name="Folders">The folders above it, as entries of the whole tree.</param>
/// <param name="Range">What of the tree here the piece holds.</param>
/// <param name="Ongoing">How many of the folders in which the last entry stands, from the root on, hold more behind the range: were all removed that they hold here, they would not be empty.</param>
internal sealed record PlanShare(int Number, SourceTree Tree, int First, IReadOnlyList<int> Folders, PieceRange Range, int Ongoing)
{
    /// <summary>The folders here that hold more behind the range.</summary>
    public HashSet<int> OngoingFolders
    {
        get
        {
            var around = new List<int>();
            for (int i = Tree.Count - 1; i >= 0; i = Tree[i].Parent)
                around.Add(i);
            return [.. around.AsEnumerable().Reverse().Take(Ongoing)];
        }
    }

    /// <summary>The entry of the whole tree that one here is.</summary>
    public int Origin(int entry) => entry < Folders.Count ? Folders[entry] : First + entry - Folders.Count;

    /// <summary>Takes a piece's share out of the whole tree.</summary>
    public static PlanShare Of(SourceTree tree, int number, in PieceRange piece)
    {
        // Folders of which all content lies behind the range would look like empty ones, which are content.
        int last = piece.End.Leaf > 0 ? piece.End.Entry : piece.End.Entry - 1;
        while (last > piece.Begin.Entry && !PlanPoint.IsUnit(tree, last))
            last--;
        var folders = new List<int>();
        for (int i = tree[piece.Begin.Entry].Parent; i >= 0; i = tree[i].Parent)
            folders.Add(i);
        folders.Reverse();

        var share = new SourceTree();
        var open = new Stack<(int Entry, int End)>();
        foreach (int folder in folders)
            open.Push((share.AddFrom(tree, folder, open.TryPeek(out var above) ? above.Entry : -1), tree[folder].End));
        for (int i = piece.Begin.Entry; i <= last; i++)
        {
            while (open.TryPeek(out var ended) && ended.End <= i)
                share.Close(open.Pop().Entry);
            int entry = share.AddFrom(tree, i, open.TryPeek(out var above) ? above.Entry : -1);
            if (tree[i].Kind == EntryKind.Directory)
                open.Push((entry, tree[i].End));
        }

        int ongoing = 0;
        while (open.TryPop(out var rest))
        {
            share.Close(rest.Entry);
            ongoing += rest.End > last + 1 ? 1 : 0;
        }

        int moved = folders.Count - piece.Begin.Entry;
        var end = piece.End.Leaf > 0 ? piece.End with { Entry = piece.End.Entry + moved } : PlanPoint.End(share);
        return new PlanShare(number, share, piece.Begin.Entry, folders, new PieceRange(piece.Begin with { Entry = folders.Count }, end, piece.CarSize), ongoing);
    }

    public void Write(PlanOutput output)
    {
        output.BeginPart();
        output.Varint((ulong)Number);
        output.Varint((ulong)First);
        output.Varint((ulong)Folders.Count);
        foreach (int folder in Folders)
            output.Varint((ulong)folder);
        PlanTree.Write(output, Tree);
        PlanFile.WritePieces(output, Tree, [Range]);
        output.Varint((ulong)Ongoing);
        output.EndPart();
    }

    /// <exception cref="Ipld.MalformedDataException">It is no share, or that of another piece.</exception>
    public static PlanShare Read(PlanInput input, int number)
    {
        if (input.Varint() is var stated && stated != (ulong)number)
            throw input.Wrong($"the share of piece {stated} stands where that of piece {number} should");
        int first = input.Place(0, int.MaxValue);
        int[] folders = new int[input.Count(1)];
        for (int i = 0; i < folders.Length; i++)
            folders[i] = input.Place(0, int.MaxValue);
        var tree = PlanTree.Read(input);
        var pieces = PlanFile.ReadPieces(input, tree);
        if (folders.Length >= tree.Count || pieces is not [var range] || range.Begin.Entry != folders.Length || first > int.MaxValue - tree.Count)
            throw input.Wrong("the share of a piece does not fit its tree");
        int ongoing = input.Place(0, tree.Count);
        _ = input.End();
        return new PlanShare(number, tree, first, folders, range, ongoing);
    }
}
