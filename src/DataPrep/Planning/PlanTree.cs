using DataPrep.Ipld;
using DataPrep.Source;

namespace DataPrep.Planning;

/// <summary>The entries of a tree in a plan, each as what differs from the one before.</summary>
internal static class PlanTree
{
    // flags 1 | name 2 | inode 1 | mtime 1 | size or target 1
    private const int LeastEntry = 6;

    // A few bytes must not stand for megabytes of name, or a small file could ask for any amount of memory.
    private const int LongestPrefix = 255;

    // The table of a tree has no room for more.
    private const int MostDevices = ushort.MaxValue + 1;

    /// <exception cref="ArgumentException">There is no root, folders are not closed, or content has no place in a file system.</exception>
    public static void Write(PlanOutput output, SourceTree tree)
    {
        if (tree.Count == 0)
            throw new ArgumentException("A tree has at least its root.", nameof(tree));
        var nesting = new TreeNesting(tree.Count);
        var stamps = new StampDeltas();
        ReadOnlySpan<byte> before = [];
        output.Varint((ulong)tree.Count);
        bool hasTags = HasTags(tree);
        output.Byte(hasTags ? (byte)1 : (byte)0);
        for (int i = 0; i < tree.Count; i++)
        {
            while (nesting.TakeEnded(i, out _))
            {
            }

            ref readonly var entry = ref tree[i];
            byte[]? anchor = tree.Anchor(i);
            var stamp = tree.Stamp(i);
            string? problem = entry.Parent != nesting.Folder ? "its folder is another" : stamp.Size < 0 ? "its size is negative" : null;
            problem ??= nesting.Enter(i, entry.Kind, entry.End, anchor);
            if (problem is not null)
                throw new ArgumentException($"Entry {i} is none of a tree: {problem}.", nameof(tree));

            var flags = stamps.Flags(entry.Kind, stamp) | (EntryFlags)entry.Kind;
            if (anchor is not null)
                flags |= EntryFlags.Anchor;
            output.Byte((byte)(entry.IsKept ? flags | EntryFlags.Kept : flags));
            var name = tree.Name(i);
            int prefix = Math.Min(name.CommonPrefixLength(before), LongestPrefix);
            output.Varint((ulong)prefix);
            output.Block(name[prefix..]);
            before = name;
            stamps.Write(output, stamp, flags);
            if (anchor is not null)
                output.Block(anchor);
            if (entry.Kind == EntryKind.Directory)
                output.Varint((ulong)(entry.End - i - 1));
            else if (entry.Kind == EntryKind.Symlink)
                output.Block(tree.Target(i));
            else if (entry.Kind == EntryKind.File && hasTags)
                output.Block(tree.Tag(i));
        }
    }

    // Those that had tags may have been taken out since, and a plan that is read and written again is the same.
    private static bool HasTags(SourceTree tree)
    {
        for (int i = 0; tree.HasTags && i < tree.Count; i++)
        {
            if (!tree.Tag(i).IsEmpty)
                return true;
        }

        return false;
    }

    /// <exception cref="MalformedDataException">What follows is no tree.</exception>
    public static SourceTree Read(PlanInput input)
    {
        int count = input.Count(LeastEntry);
        if (count == 0)
            throw input.Wrong("a tree has at least its root", -1);
        int hasTags = input.Byte();
        if (hasTags > 1)
            throw input.Wrong($"{hasTags} is neither yes nor no");
        var tree = new SourceTree();
        var nesting = new TreeNesting(count);
        var stamps = new StampDeltas();
        var devices = new HashSet<ulong>();
        byte[] name = new byte[LongestPrefix];
        int nameLength = 0;
        for (int i = 0; i < count; i++)
        {
            while (nesting.TakeEnded(i, out int ended))
                tree.Close(ended);
            int folder = nesting.Folder;
            var flags = (EntryFlags)input.Byte();
            var kind = (EntryKind)(flags & EntryFlags.Kind);

            int prefix = (int)Math.Min(input.Varint(), int.MaxValue);
            if (prefix > Math.Min(nameLength, LongestPrefix))
                throw input.Wrong($"a name has {prefix} bytes in common with one of {nameLength}");
            var rest = input.Block(NameRef.LargestLength - prefix);
            nameLength = prefix + rest.Length;
            if (nameLength > name.Length)
                Array.Resize(ref name, nameLength);
            rest.CopyTo(name.AsSpan(prefix));

            var stamp = stamps.Read(input, kind, flags);
            if ((i == 0 || (flags & EntryFlags.Device) != 0) && devices.Add(stamp.Device) && devices.Count > MostDevices)
                throw input.Wrong($"there are more than {MostDevices} devices");
            byte[]? anchor = (flags & EntryFlags.Anchor) == 0 ? null : input.Block(NameRef.LargestLength).ToArray();
            int end = kind == EntryKind.Directory ? input.Place(i + 1, count) : i + 1;
            var target = kind == EntryKind.Symlink ? input.Block(NameRef.LargestLength - nameLength) : [];
            var tag = kind == EntryKind.File && hasTags == 1 ? input.Block(Math.Clamp(NameRef.LargestLength - nameLength - 1, 0, SourceTree.LongestTag)) : [];
            if (nesting.Enter(i, kind, end, anchor) is { } problem)
                throw input.Wrong(problem);
            int entry = tree.Add(kind, name.AsSpan(0, nameLength), target, stamp, folder, anchor, tag);
            tree.Keep(entry, (flags & EntryFlags.Kept) != 0);
        }

        while (nesting.TakeEnded(count, out int ended))
            tree.Close(ended);
        return tree;
    }
}
