using System.Globalization;
using System.Text;
using DataPrep.Planning;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Planning;

/// <summary>Random plans, which depend on the seed alone, and what it means that two are equal.</summary>
internal sealed class PlanGen(int seed)
{
    private readonly Random random = new(seed);
    private readonly SourceTree tree = new();
    private readonly List<int> content = [];
    private bool isRemote;

    /// <summary>A plan of about so many entries.</summary>
    public PlanContent Plan(int entries)
    {
        isRemote = random.Next(2) == 0;
        switch (random.Next(4))
        {
            case 0:
                Folder(-1, entries, "/root \xff"u8.ToArray());
                break;
            case 1:
                _ = Leaf(-1, "/a/file"u8.ToArray());
                break;
            default:
                // Several sources: the root has no place of its own
                int root = tree.Add(EntryKind.Directory, [], [], default, -1);
                for (int i = random.Next(1, 5); i > 0; i--)
                    Folder(root, entries / 4, Bytes(random.Next(1, 40)));
                _ = Leaf(root, "/x"u8.ToArray());
                tree.Close(root);
                break;
        }

        foreach (int entry in content)
        {
            if (random.Next(10) == 0 && tree[entry].Kind == EntryKind.File)
                tree.Renew(entry, Stamp(Posix.S_IFREG), Tag());
            if (random.Next(10) == 0)
                tree.Remove(entry, random.Next(2) == 0 ? "changed" : "replaced", random.Next(2) == 0 ? "was modified" : $"grew to {entry} bytes, \u00e9\ud83d\ude00");
        }

        for (int i = random.Next(4); i > 0; i--)
            tree.Skip(Bytes(random.Next(300)), "fifo", "");
        return new PlanContent(Bytes(random.Next(500)), tree, Pieces());
    }

    private void Folder(int parent, int entries, byte[]? anchor)
    {
        int folder = tree.Add(EntryKind.Directory, Name(), [], Stamp(Posix.S_IFDIR), parent, anchor);
        while (tree.Count - folder < entries)
        {
            if (random.Next(6) == 0)
                Folder(folder, random.Next(1 + (entries / 2)), random.Next(30) == 0 ? Bytes(9) : null);
            else
                _ = Leaf(folder, null);
        }

        tree.Close(folder);
    }

    private int Leaf(int folder, byte[]? anchor)
    {
        bool isLink = random.Next(5) == 0;
        int entry = isLink
            ? tree.Add(EntryKind.Symlink, Name(), Bytes(random.Next(8) == 0 ? 4095 : random.Next(20)), Stamp(Posix.S_IFLNK), folder, anchor)
            : tree.Add(EntryKind.File, Name(), [], Stamp(Posix.S_IFREG), folder, anchor, Tag());
        content.Add(entry);
        return entry;
    }

    private byte[] Tag() => !isRemote || random.Next(3) == 0 ? [] : Bytes(random.Next(1, random.Next(20) == 0 ? 256 : 40));

    private byte[] Name() => random.Next(6) switch
    {
        0 => [],
        1 => Bytes(random.Next(1, 256)),
        2 => [.. Enumerable.Repeat((byte)'x', random.Next(200, 600)), .. Bytes(2)],
        _ => Encoding.ASCII.GetBytes(tree.Count.ToString("D8", CultureInfo.InvariantCulture)),
    };

    private FileStamp Stamp(int type)
    {
        long seconds = random.Next(8) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : 1_700_000_000 + random.Next(1000);
        int nanoseconds = random.Next(2) == 0 ? 0 : random.Next(1_000_000_000);
        return new FileStamp
        {
            Device = random.Next(5) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : 0x800000001,
            Inode = random.Next(5) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : 1000 + (ulong)tree.Count,
            Size = random.Next(5) == 0 ? random.NextInt64() : random.Next(100_000),
            ModifySeconds = seconds,
            ModifyNanoseconds = nanoseconds,
            ChangeTime = random.Next(2) == 0 ? random.NextInt64(long.MinValue, long.MaxValue) : unchecked((seconds * 1_000_000_000) + nanoseconds),
            Mode = (uint)type | (uint)(random.Next(3) == 0 ? random.Next(0x1000) : 0x1a4),
        };
    }

    private List<PieceRange> Pieces()
    {
        var points = new List<PlanPoint> { PlanPoint.Start, PlanPoint.End(tree) };
        for (int i = random.Next(6); i > 0; i--)
        {
            int entry = random.Next(tree.Count + 1);
            bool isFile = entry < tree.Count && tree[entry].Kind == EntryKind.File;
            points.Add(new PlanPoint(entry, isFile ? random.NextInt64(tree[entry].Size) : 0));
        }

        points.Sort();
        return [.. points.Zip(points.Skip(1), (begin, end) => new PieceRange(begin, end, random.NextInt64()))];
    }

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    public static void AssertSame(PlanContent expected, PlanContent actual)
    {
        Assert.Equal(expected.Header, actual.Header);
        Assert.Equal(expected.Pieces, actual.Pieces);
        AssertSame(expected.Tree, actual.Tree);
    }

    public static void AssertSame(SourceTree expected, SourceTree actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            Assert.Equal((expected[i].Kind, expected[i].Parent, expected[i].End), (actual[i].Kind, actual[i].Parent, actual[i].End));
            Assert.Equal((expected[i].Size, expected.Stamp(i)), (actual[i].Size, actual.Stamp(i)));
            Assert.True(expected.Name(i).SequenceEqual(actual.Name(i)), $"name of {i}");
            Assert.True(expected.Target(i).SequenceEqual(actual.Target(i)), $"target of {i}");
            Assert.True(expected.Tag(i).SequenceEqual(actual.Tag(i)), $"tag of {i}");
            Assert.Equal(expected.Anchor(i), actual.Anchor(i));
        }

        Assert.Equal(expected.Skipped.Select(Text), actual.Skipped.Select(Text));

        static string Text(SkippedInput skipped) => $"{Convert.ToHexString(skipped.Path)} {skipped.Reason} {skipped.Detail}";
    }
}
