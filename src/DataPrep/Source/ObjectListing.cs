using System.Text;

namespace DataPrep.Source;

/// <summary>Collects the objects of a remote source, in any order, and makes the tree of them: canonical, whatever the order.</summary>
internal sealed class ObjectListing
{
    private const int LongestName = 255;
    private static readonly FileStamp FolderStamp = new() { Mode = Posix.S_IFDIR | 0x1ED };

    private readonly NamePool names = new();
    private readonly List<Item> items = [];
    private readonly Dictionary<int, byte[]> locations = [];
    private readonly Dictionary<string, byte[]> anchors = new(StringComparer.Ordinal);
    private readonly List<SkippedInput> skipped = [];
    private int[]? order;

    public int Count => items.Count;

    /// <summary>What is wrong with a path of the dataset; null where nothing is.</summary>
    public static string? ProblemOf(ReadOnlySpan<byte> path)
    {
        if (path.IndexOf((byte)0) >= 0)
            return "its path has a NUL in it";
        foreach (var part in path.Split((byte)'/'))
        {
            var name = path[part];
            if (name.IsEmpty)
                return "a part of its path is empty";
            if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
                return $"a part of its path is '{PathText.Show(name)}'";
            if (name.Length > LongestName)
                return $"a part of its path has more than {LongestName} bytes";
        }

        return null;
    }

    /// <summary>Whether a path is one of those to be taken.</summary>
    public static bool Takes(ScanOptions options, ReadOnlySpan<byte> path)
    {
        if (!options.Hidden && (path[0] == '.' || path.IndexOf("/."u8) >= 0))
            return false;
        return options.Selection?.TakesNamed(path) != false;
    }

    /// <summary>Takes an object in; returns its number.</summary>
    /// <param name="path">In the dataset; see <see cref="ProblemOf"/>.</param>
    /// <param name="location">Where it is not that of its folder and its name.</param>
    public int Add(ReadOnlySpan<byte> path, in ObjectState state, byte[]? location = null)
    {
        if (location is not null)
            locations[items.Count] = location;
        items.Add(new Item(names.Add(path), names.Add(state.TagBytes), state.Stamp));
        return items.Count - 1;
    }

    /// <summary>Says what state an object has, where that was not known yet.</summary>
    public void Set(int item, in ObjectState state) => items[item] = items[item] with { Tag = names.Add(state.TagBytes), Stamp = state.Stamp };

    /// <summary>Leaves out an object.</summary>
    public void Drop(int item, string reason, string detail)
    {
        Skip(Path(item).ToArray(), reason, detail);
        items[item] = items[item] with { IsDropped = true };
    }

    /// <summary>Why an object was left out; null where it was not.</summary>
    public SkippedInput? Failure(int item) => items[item].IsDropped ? skipped.Find(input => input.Path.AsSpan().SequenceEqual(Path(item))) : null;

    /// <summary>Notes what is left out.</summary>
    public void Skip(byte[] path, string reason, string detail) => skipped.Add(new SkippedInput(path, reason, detail));

    /// <summary>Takes in a folder, for the case that nothing is in it.</summary>
    public void AddFolder(ReadOnlySpan<byte> path) => items.Add(new Item(names.Add(path), default, FolderStamp));

    /// <summary>Says where a folder is, if that is not its folder's place and its name.</summary>
    public void Anchor(string folder, byte[] location) => anchors[folder] = location;

    public ObjectState StateOf(int item)
    {
        var stamp = items[item].Stamp;
        var modified = DateTimeOffset.UnixEpoch.AddSeconds(stamp.ModifySeconds).AddTicks(stamp.ModifyNanoseconds / 100);
        return new ObjectState(stamp.Size, Encoding.Latin1.GetString(names[items[item].Tag]), modified);
    }

    public ReadOnlySpan<byte> Path(int item) => names[items[item].Path];

    /// <summary>Where an object is, if it was added with a location of its own.</summary>
    public byte[]? LocationOf(int item) => locations.GetValueOrDefault(item);

    /// <summary>Two objects with one path, the first of them in the order of the paths; null where there are none.</summary>
    public (int First, int Second)? Twice()
    {
        var sorted = Sorted();
        for (int i = 1; i < sorted.Length; i++)
        {
            if (Path(sorted[i]).SequenceEqual(Path(sorted[i - 1])))
                return (Math.Min(sorted[i - 1], sorted[i]), Math.Max(sorted[i - 1], sorted[i]));
        }

        return null;
    }

    /// <summary>A dataset of one object: the root itself, or in a root folder.</summary>
    public static SourceTree OfFile(ReadOnlySpan<byte> name, in ObjectState state, byte[] location, bool wrap)
    {
        var tree = new SourceTree();
        int root = wrap ? tree.Add(EntryKind.Directory, [], [], FolderStamp, -1) : -1;
        _ = tree.Add(EntryKind.File, name, [], state.Stamp, root, location, state.TagBytes);
        if (wrap)
            tree.Close(root);
        return tree;
    }

    /// <summary>Makes the tree. What is not to be taken is left out; so is a file of which a folder has the name, and the second of two with one path, which are noted.</summary>
    /// <param name="name">The root folder's, from which the dataset has its name; may be empty.</param>
    /// <param name="location">Of the root folder; null where objects or folders have locations of their own.</param>
    public SourceTree Build(ReadOnlySpan<byte> name, byte[]? location, ScanOptions options)
    {
        var tree = new SourceTree();
        var open = new Stack<(int Entry, int Length)>();
        open.Push((tree.Add(EntryKind.Directory, name, [], FolderStamp, -1, location), 0));
        ReadOnlySpan<byte> before = [];
        bool wasFile = false;
        foreach (int item in Sorted())
        {
            var path = Path(item);
            bool isFolder = items[item].Stamp.Type == Posix.S_IFDIR;
            if (items[item].IsDropped || (isFolder && !options.EmptyDirectories) || !Takes(options, path))
                continue;
            if (wasFile && path.StartsWith(before) && path.Length > before.Length && path[before.Length] == '/')
            {
                tree.DropLast();
                tree.Skip(before.ToArray(), "name", "a folder has the same name, and both cannot stand in one place");
            }

            if (path.SequenceEqual(before) && !before.IsEmpty)
            {
                if (!isFolder)
                    tree.Skip(path.ToArray(), "name", "another object has the same path");
                continue;
            }

            // The open folders are all above what came before.
            while (open.Peek().Length is > 0 and var length && !(path.Length > length && path[length] == '/' && path.StartsWith(before[..length])))
                tree.Close(open.Pop().Entry);
            before = path;
            wasFile = !isFolder;
            int begin = open.Peek().Length + (open.Count > 1 ? 1 : 0);
            for (int slash; (slash = path[begin..].IndexOf((byte)'/')) >= 0; begin += slash + 1)
                OpenFolder(tree, open, path[..(begin + slash)], begin);
            if (isFolder)
                OpenFolder(tree, open, path, begin);
            else
                _ = tree.Add(EntryKind.File, path[begin..], [], items[item].Stamp, open.Peek().Entry, locations.GetValueOrDefault(item), names[items[item].Tag]);
        }

        while (open.TryPop(out var folder))
            tree.Close(folder.Entry);
        foreach (var input in skipped)
            tree.Skip(input.Path, input.Reason, input.Detail);
        return tree;
    }

    private void OpenFolder(SourceTree tree, Stack<(int Entry, int Length)> open, ReadOnlySpan<byte> path, int name)
    {
        byte[]? anchor = anchors.Count > 0 ? anchors.GetValueOrDefault(Encoding.UTF8.GetString(path)) : null;
        open.Push((tree.Add(EntryKind.Directory, path[name..], [], FolderStamp, open.Peek().Entry, anchor), path.Length));
    }

    private int[] Sorted()
    {
        if (order?.Length == items.Count)
            return order;
        order = [.. Enumerable.Range(0, items.Count)];
        Array.Sort(order, (a, b) => PathText.Compare(Path(a), Path(b)) is not 0 and var different ? different : a.CompareTo(b));
        return order;
    }

    private readonly record struct Item(NameRef Path, NameRef Tag, FileStamp Stamp, bool IsDropped = false);
}
