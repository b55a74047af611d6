using System.Security.Cryptography;
using DataPrep.Ipld;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Tests.Cli;
using Xunit;

namespace DataPrep.Tests.Planning;

public sealed class PlanFileTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static PlanContent Small(bool isRemote = true)
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, "root"u8, [], Stamp(0x41ED, 4096), -1, "/data/root"u8.ToArray());
        _ = tree.Add(EntryKind.File, "file-1"u8, [], Stamp(0x81A4, 300), root);
        _ = tree.Add(EntryKind.File, "file-2"u8, [], Stamp(0x81A4, 5_000_000) with { ChangeTime = 77 }, root, tag: isRemote ? "\"e-1\""u8 : []);
        _ = tree.Add(EntryKind.Symlink, "link"u8, "file-1"u8, Stamp(0xA1FF, 6) with { ModifyNanoseconds = 5 }, root);
        int sub = tree.Add(EntryKind.Directory, "sub"u8, [], Stamp(0x41ED, 0), root);
        int gone = tree.Add(EntryKind.File, "x"u8, [], Stamp(0x81FF, 1) with { Device = 9 }, sub);
        tree.Close(sub);
        tree.Close(root);
        tree.Remove(gone, "changed", "was modified");
        tree.Skip("root/pipe"u8.ToArray(), "fifo", "a FIFO");
        var half = new PlanPoint(2, 3);
        return new PlanContent("{\"a\":1}"u8.ToArray(), tree, [new PieceRange(PlanPoint.Start, half, 1 << 20), new PieceRange(half, PlanPoint.End(tree), 12345)]);
    }

    private static FileStamp Stamp(uint mode, long size) => new()
    {
        Device = 0x800000001,
        Inode = 123_456,
        Size = size,
        ModifySeconds = 1_700_000_000,
        ChangeTime = 1_700_000_000_000_000_000,
        Mode = mode,
    };

    /// <summary>Puts a plan's bytes in a file whose name says nothing of its hash.</summary>
    private string Unnamed(byte[] bytes)
    {
        string path = folder.Of("some.plan");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] Sealed(ReadOnlySpan<byte> content) => [.. content, .. SHA256.HashData(content)];

    public static TheoryData<int> Seeds { get; } = [.. Enumerable.Range(0, 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomPlansComeBack(int seed)
    {
        for (int entries = 1; entries < 1000; entries *= 3)
        {
            var plan = new PlanGen((seed * 1000) + entries).Plan(entries);
            string path = PlanFile.Write(folder.Path, plan);
            var read = PlanFile.Read(path);
            PlanGen.AssertSame(plan, read);
            Assert.Equal(path, PlanFile.Write(folder.Path, read));
        }
    }

    [Fact]
    public void TheNameIsTheHash()
    {
        string path = PlanFile.Write(folder.Path, Small());
        byte[] hash = SHA256.HashData(File.ReadAllBytes(path));
        Assert.Equal(folder.Of(Convert.ToHexStringLower(hash) + ".plan"), path);
        Assert.Equal(hash, PlanFile.HashInName(path));
        _ = PlanFile.Read(path, out byte[] read);
        Assert.Equal(hash, read);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
        Assert.Equal(path, PlanFile.Write(folder.Path, Small()));

        string renamed = folder.Of("mine.plan");
        File.Move(path, renamed);
        Assert.Null(PlanFile.HashInName(renamed));
        PlanGen.AssertSame(Small(), PlanFile.Read(renamed, out read));
        Assert.Equal(hash, read);
        string wrong = folder.Of(new string('0', 64) + ".plan");
        File.Move(renamed, wrong);
        Assert.Equal(wrong, Assert.Throws<MalformedDataException>(() => PlanFile.Read(wrong)).Path);
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] whole = File.ReadAllBytes(PlanFile.Write(folder.Path, Small()));
        for (int length = 0; length < whole.Length; length++)
            Refused(whole[..length]);
        Refused([.. whole, 0]);
        _ = PlanFile.Read(Unnamed(whole));
    }

    [Fact]
    public void EveryFlippedBitIsRefused()
    {
        byte[] whole = File.ReadAllBytes(PlanFile.Write(folder.Path, Small()));
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Refused(flipped);
        }
    }

    private void Refused(byte[] bytes)
    {
        string path = Unnamed(bytes);
        var fault = Assert.Throws<MalformedDataException>(() => PlanFile.Read(path));
        Assert.Equal(path, fault.Path);
        Assert.InRange(fault.Offset, 0, bytes.Length);
    }

    /// <summary>A checksum keeps nobody from writing what he likes.</summary>
    [Fact]
    public void WhatIsMadeUpIsReadOrRefusedAndTakesLittleMemory()
    {
        byte[] content = File.ReadAllBytes(PlanFile.Write(folder.Path, Small()))[..^32];
        byte[] absurd = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1];
        byte[] large = [0xFF, 0xFF, 0xFF, 0xFF, 7];
        for (int at = 0; at < content.Length; at++)
        {
            foreach (byte value in new byte[] { 0, 1, 2, 0x7F, 0x80, 0xFF, (byte)(content[at] ^ 1), (byte)(content[at] + 1), (byte)(content[at] - 1), (byte)(content[at] ^ 0x40) })
                Attempt([.. content[..at], value, .. content[(at + 1)..]]);
            Attempt([.. content[..at], .. absurd, .. content[(at + 1)..]]);
            Attempt([.. content[..at], .. large, .. content[(at + 1)..]]);
            Attempt([.. content[..at], .. content[(at + 1)..]]);
            Attempt(content[..at]);
        }

        void Attempt(byte[] changed)
        {
            string path = Unnamed(Sealed(changed));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var tree = PlanFile.Read(path).Tree;
                for (int i = 0; i < tree.Count; i++)
                    _ = tree[i].Kind is EntryKind.File or EntryKind.Symlink ? (tree.Location(i), tree.DatasetPath(i)) : default;
            }
            catch (MalformedDataException fault)
            {
                Assert.InRange(fault.Offset, 0, changed.Length + 32);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        }
    }

    [Fact]
    public void LongPrefixesOfNamesAreRefused()
    {
        byte[] frame = File.ReadAllBytes(PlanFile.Write(folder.Path, new PlanContent([], FilesNamed(new string('n', 300), "m"), [])))[..^32];
        int second = frame.AsSpan().LastIndexOf((byte)'m');
        Assert.Equal([0, 1], frame[(second - 2)..second]);
        Refused(Sealed([.. frame[..(second - 2)], 0xAC, 2, 0, .. frame[(second + 1)..]]));
    }

    private static SourceTree FilesNamed(params string[] names)
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, "r"u8, [], default, -1, "/r"u8.ToArray());
        foreach (string name in names)
            _ = tree.Add(EntryKind.File, System.Text.Encoding.ASCII.GetBytes(name), [], Stamp(0x81A4, 3), root);
        tree.Close(root);
        return tree;
    }

    [Fact]
    public void DeepAndWideTreesComeBack()
    {
        const int Depth = 100_000, Width = 100_000;
        var tree = new SourceTree();
        int at = tree.Add(EntryKind.Directory, "root"u8, [], Stamp(0x41ED, 0), -1, "/"u8.ToArray());
        for (int i = 0; i < Width; i++)
            _ = tree.Add(EntryKind.File, BitConverter.GetBytes(i), [], Stamp(0x81A4, i) with { Inode = (ulong)i * 7 }, at);
        for (int i = 0; i < Depth; i++)
            at = tree.Add(EntryKind.Directory, "d"u8, [], Stamp(0x41ED, 0), at);
        for (; at >= 0; at = tree[at].Parent)
            tree.Close(at);
        var plan = new PlanContent([], tree, []);
        PlanGen.AssertSame(plan, PlanFile.Read(PlanFile.Write(folder.Path, plan)));
    }

    [Fact]
    public void LongThingsComeBack()
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, new byte[1 << 20], [], Stamp(0x41ED, 0), -1, new byte[1 << 21]);
        _ = tree.Add(EntryKind.Symlink, new byte[NameRef.LargestLength - 5], [1, 2, 3, 4, 5], Stamp(0xA1FF, 5), root);
        _ = tree.Add(EntryKind.Symlink, [], new byte[NameRef.LargestLength], Stamp(0xA1FF, 5), root);
        tree.Close(root);
        tree.Skip(new byte[3 << 20], new string('r', 1 << 20), new string('\u00e9', 1 << 20));
        var plan = new PlanContent(new byte[1 << 26], tree, []);
        PlanGen.AssertSame(plan, PlanFile.Read(PlanFile.Write(folder.Path, plan)));
        Assert.Throws<ArgumentException>(() => PlanFile.Write(folder.Path, plan with { Header = new byte[(1 << 26) + 1] }));
    }

    [Fact]
    public void AsManyDevicesAsATreeTellsApartComeBack()
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, "r"u8, [], default, -1, "/r"u8.ToArray());
        for (uint i = 1; i <= ushort.MaxValue; i++)
            _ = tree.Add(EntryKind.File, "f"u8, [], Stamp(0x81A4, 1) with { Device = i }, root);
        tree.Close(root);
        var plan = new PlanContent([], tree, []);
        string path = PlanFile.Write(folder.Path, plan);
        PlanGen.AssertSame(plan, PlanFile.Read(path));

        // The last one's device, 0xffff, follows in 8 bytes; one more entry with another is one too many
        byte[] content = File.ReadAllBytes(path)[..^32];
        int last = content.AsSpan().LastIndexOf((byte[])[0xFF, 0xFF, 0, 0, 0, 0, 0, 0]) - 3;
        byte[] entry = content[last..^6];
        entry[5] = 1;
        int count = content.AsSpan().IndexOf((byte[])[0x80, 0x80, 4]);
        byte[] more = [.. content[..^6], .. entry, .. content[^6..]];
        more[count] = 0x81;
        int below = content.AsSpan(count + 3).IndexOf((byte[])[0xFF, 0xFF, 3]) + count + 3;
        (more[below], more[below + 1], more[below + 2]) = (0x80, 0x80, 4);
        string crafted = Unnamed(Sealed(more));
        Assert.Contains("devices", Assert.Throws<MalformedDataException>(() => PlanFile.Read(crafted)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoPlanIsNotWritten()
    {
        var good = Small();
        var tree = good.Tree;
        var beyond = new PlanPoint(tree.Count, 1);
        var middle = new PlanPoint(2, 0);
        PieceRange[][] wrong =
        [
            [new PieceRange(PlanPoint.Start, beyond, 1)],
            [new PieceRange(PlanPoint.Start, new PlanPoint(tree.Count + 1, 0), 1)],
            [new PieceRange(new PlanPoint(-1, 0), middle, 1)],
            [new PieceRange(new PlanPoint(0, 1), middle, 1)],
            [new PieceRange(new PlanPoint(2, 5_000_001), PlanPoint.End(tree), 1)],
            [new PieceRange(middle, PlanPoint.Start, 1)],
            [new PieceRange(middle, PlanPoint.End(tree), 1), new PieceRange(PlanPoint.Start, middle, 1)],
            [new PieceRange(PlanPoint.Start, middle, -1)],
        ];
        foreach (var pieces in wrong)
            Assert.Throws<ArgumentException>(() => PlanFile.Write(folder.Path, good with { Pieces = pieces }));

        var open = new SourceTree();
        Assert.Throws<ArgumentException>(() => PlanFile.Write(folder.Path, new PlanContent([], open, [])));
        int root = open.Add(EntryKind.Directory, "r"u8, [], default, -1, "/r"u8.ToArray());
        _ = open.Add(EntryKind.File, "f"u8, [], default, root);
        Assert.Throws<ArgumentException>(() => PlanFile.Write(folder.Path, new PlanContent([], open, [])));
        var nowhere = new SourceTree();
        _ = nowhere.Add(EntryKind.File, "f"u8, [], default, -1);
        Assert.Throws<ArgumentException>(() => PlanFile.Write(folder.Path, new PlanContent([], nowhere, [])));
        var negative = new SourceTree();
        _ = negative.Add(EntryKind.File, "f"u8, [], new FileStamp { Size = -1 }, -1, "/f"u8.ToArray());
        Assert.Throws<ArgumentException>(() => PlanFile.Write(folder.Path, new PlanContent([], negative, [])));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void AFullDiskLeavesNothing()
    {
        string disk = Directory.CreateDirectory(folder.Of("disk")).FullName;
        if (DataPrepProcess.Shell("mount -t tmpfs -o size=64k tmpfs \"$1\"", disk).ExitCode != 0)
            Assert.Skip("A small tmpfs cannot be mounted here.");
        try
        {
            byte[] header = new byte[100_000];
            Assert.Contains(disk, Assert.Throws<IOException>(() => PlanFile.Write(disk, Small() with { Header = header })).Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(disk));
            PlanGen.AssertSame(Small(), PlanFile.Read(PlanFile.Write(disk, Small())));
        }
        finally
        {
            DataPrepProcess.Shell("umount \"$1\"", disk).Expect(0);
        }
    }

    /// <summary>Writing takes no memory for an entry, reading that of the tree.</summary>
    [Fact]
    public void MemoryIsThatOfTheTree()
    {
        const int Entries = 300_000, Slack = 2 << 20;
        string[] names = [.. Enumerable.Range(0, Entries).Select(i => $"file-{i:D7}.dat")];
        long before = GC.GetAllocatedBytesForCurrentThread();
        var tree = FilesNamed(names);
        long made = GC.GetAllocatedBytesForCurrentThread() - before;
        before += made;
        string path = PlanFile.Write(folder.Path, new PlanContent([], tree, []));
        long written = GC.GetAllocatedBytesForCurrentThread() - before;
        before += written;
        var read = PlanFile.Read(path);
        long readBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(Entries + 1, read.Tree.Count);
        Assert.InRange(written, 0, Slack);
        Assert.InRange(readBytes, 0, made + Slack);
        Assert.InRange(new FileInfo(path).Length, 0, 20 * Entries);
    }
}
