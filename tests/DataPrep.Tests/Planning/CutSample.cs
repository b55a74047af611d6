using System.Text;
using DataPrep.Source;
using DataPrep.Tests.Packing;
using DataPrep.Unixfs;
using FsCheck;
using FsCheck.Fluent;

namespace DataPrep.Tests.Planning;

/// <summary>A tree to cut: of any shape, with what was removed.</summary>
internal sealed record CutSample(UnixFsProfile Profile, int Seed, int Entries, SourceTree Tree)
{
    private const int MostLeaves = 30;

    public static Gen<CutSample> Small { get; } = Of(
        Gen.Frequency((1, Gen.Constant(1)), (6, Gen.Choose(2, 12)), (2, Gen.Choose(13, 30))));

    /// <summary>Trees of many entries, most of them tiny, so that folders are sharded at every depth and the links are the larger part of a piece.</summary>
    public static Gen<CutSample> Large { get; } = Of(Gen.Choose(50, 500));

    /// <summary>The sample that a failed test has named.</summary>
    public static CutSample Again(UnixFsProfile profile, int seed, int entries) => new(profile, seed, entries, Make(profile, new Random(seed), entries));

    private static Gen<CutSample> Of(Gen<int> count) =>
        from profile in SampleGen.Profile
        from seed in Gen.Choose(0, int.MaxValue - 1)
        from entries in count
        select Again(profile, seed, entries);

    public override string ToString() => $"{Profile}, seed {Seed}, {Entries} entries";

    private static SourceTree Make(UnixFsProfile profile, Random random, int entries)
    {
        var tree = new SourceTree();
        var open = new Stack<int>();
        int leaves = 0;
        for (int i = 0; i < entries; i++)
        {
            // The stack is empty only at the root, which is a folder unless it is alone.
            while (open.Count > 1 && random.Next(3) == 0)
                tree.Close(open.Pop());
            var kind = entries > 1 && i == 0 ? EntryKind.Directory
                : random.Next(10) switch { 0 or 1 => EntryKind.Directory, 2 => EntryKind.Symlink, _ => EntryKind.File };
            int type = kind switch { EntryKind.Directory => Posix.S_IFDIR, EntryKind.Symlink => Posix.S_IFLNK, _ => Posix.S_IFREG };
            int count = random.Next(4) == 0 ? random.Next(MostLeaves - Math.Min(leaves, MostLeaves - 4)) : random.Next(4);
            leaves += kind == EntryKind.File ? count : 0;
            var stamp = new FileStamp
            {
                Mode = random.Next(12) == 0 ? 0 : (uint)type | (uint)random.Next(0x1000),
                Size = kind == EntryKind.File ? Math.Max(0, ((long)count * profile.ChunkSize) - (random.Next(2) * random.Next(profile.ChunkSize))) : 0,
                ModifySeconds = random.Next(-2, 3) * 1_000_000_000L,
                ModifyNanoseconds = random.Next(2) * 5,
            };
            byte[] name = Encoding.ASCII.GetBytes($"{i:D4}{new string('n', random.Next(3) == 0 ? random.Next(251) : random.Next(8))}");
            byte[] target = kind == EntryKind.Symlink ? new byte[random.Next(200)] : [];
            int entry = tree.Add(kind, name, target, stamp, open.TryPeek(out int parent) ? parent : -1, i == 0 ? "/nowhere"u8.ToArray() : null);
            if (kind == EntryKind.Directory)
                open.Push(entry);
        }

        while (open.TryPop(out int folder))
            tree.Close(folder);
        bool removes = random.Next(3) == 0;
        for (int i = 0; i < tree.Count; i++)
        {
            if (removes && random.Next(3) == 0 && tree[i].Kind is EntryKind.File or EntryKind.Symlink)
                tree.Remove(i, "changed", "");
        }

        return tree;
    }
}
