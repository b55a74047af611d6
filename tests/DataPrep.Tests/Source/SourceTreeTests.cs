using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

public sealed class SourceTreeTests
{
    [Fact]
    public void StampsComeBackWhole()
    {
        var random = new Random(11);
        var tree = new SourceTree();
        var stamps = new List<FileStamp>();
        for (int i = 0; i < 10_000; i++)
        {
            stamps.Add(Stamp(random));
            _ = tree.Add(EntryKind.File, "n"u8, [], stamps[i], -1);
        }

        for (int i = 0; i < stamps.Count; i += 3)
        {
            stamps[i] = Stamp(random);
            tree.Renew(i, stamps[i]);
        }

        for (int i = 0; i < stamps.Count; i++)
        {
            Assert.Equal(stamps[i], tree.Stamp(i));
            Assert.Null(stamps[i].DifferenceFrom(tree.Stamp(i)));
            Assert.Equal(stamps[i].Size, tree[i].Size);
        }
    }

    [Fact]
    public void TagsComeBackAndAreRenewed()
    {
        var tree = new SourceTree();
        _ = tree.Add(EntryKind.Directory, "root"u8, [], default, -1, "/nowhere"u8.ToArray());
        Assert.False(tree.HasTags);
        for (int i = 1; i < 3000; i++)
            Assert.Equal(i, tree.Add(EntryKind.File, Encoding.ASCII.GetBytes($"n{i}"), [], new FileStamp { Size = i }, 0, null, Tag(i, 0)));
        Assert.True(tree.HasTags);
        for (int i = 3; i < 3000; i += 3)
            tree.Renew(i, new FileStamp { Size = 2 * i }, Tag(i, i % 2));
        for (int i = 1; i < 3000; i++)
        {
            Assert.Equal($"n{i}", Encoding.ASCII.GetString(tree.Name(i)));
            Assert.Equal((i % 3 == 0 ? 2 * i : i, 0), (tree[i].Size, tree[i].Parent));
            Assert.True(tree.Tag(i).SequenceEqual(Tag(i, i % 3 == 0 ? i % 2 : 0)));
        }

        tree.Renew(5, default);
        Assert.True(tree.Tag(5).IsEmpty && tree.Tag(0).IsEmpty);
        tree.Remove(7, "changed", "");
        Assert.True(tree.Tag(7).IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Add(EntryKind.File, "n"u8, [], default, 0, null, new byte[SourceTree.LongestTag + 1]));

        static byte[] Tag(int i, int version) => i % 5 == 0 ? [] : [.. Enumerable.Repeat((byte)(i + version), 1 + (i % SourceTree.LongestTag))];
    }

    [Fact]
    public void AnEntryKeepsItsNameWhateverItsKind()
    {
        var tree = new SourceTree();
        _ = tree.Add(EntryKind.Directory, "root"u8, [], default, -1, "/nowhere"u8.ToArray());
        int link = tree.Add(EntryKind.Symlink, "link"u8, "some target"u8, new FileStamp { Size = 0 }, 0);
        int file = tree.Add(EntryKind.File, new byte[255], [], new FileStamp { Size = long.MaxValue }, 0);
        Assert.Equal((EntryKind.Symlink, 11), (tree[link].Kind, tree[link].Size));
        Assert.Equal("some target"u8, tree.Target(link));
        Assert.Equal((EntryKind.File, long.MaxValue), (tree[file].Kind, tree[file].Size));
        Assert.True(tree.Target(file).IsEmpty && tree.Target(0).IsEmpty);
        tree.Remove(file, "changed", "");
        Assert.Equal((EntryKind.Removed, 0), (tree[file].Kind, tree[file].Size));
        Assert.Equal(255, tree.Name(file).Length);
        Assert.Equal("link"u8, tree.Name(link));
    }

    [Fact]
    public void DevicesBeyondTheTableAreRefused()
    {
        var tree = new SourceTree();
        for (uint i = 0; i <= ushort.MaxValue; i++)
            _ = tree.Add(EntryKind.File, "n"u8, [], new FileStamp { Device = i }, -1);
        Assert.Equal(500u, tree.Stamp(500).Device);
        _ = tree.Add(EntryKind.File, "n"u8, [], new FileStamp { Device = 7 }, -1);
        Assert.Equal(7u, tree.Stamp(tree.Count - 1).Device);
        Assert.Throws<IOException>(() => tree.Add(EntryKind.File, "n"u8, [], new FileStamp { Device = ushort.MaxValue + 1 }, -1));
    }

    private static FileStamp Stamp(Random random) => new()
    {
        Device = random.Next(4) == 0 ? ulong.MaxValue : (ulong)random.Next(40),
        Inode = (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        Size = random.NextInt64(),
        ModifySeconds = random.NextInt64(long.MinValue, long.MaxValue),
        ModifyNanoseconds = random.Next(1_000_000_000),
        ChangeTime = random.NextInt64(long.MinValue, long.MaxValue),
        Mode = Posix.S_IFREG | (uint)random.Next(0x1000),
    };
}
