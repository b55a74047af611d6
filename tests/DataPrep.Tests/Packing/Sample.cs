using System.Text;
using DataPrep.Source;
using DataPrep.Tests.Reference;
using DataPrep.Tests.Source;
using DataPrep.Unixfs;

namespace DataPrep.Tests.Packing;

/// <summary>An entry to pack: written to disk, built by the reference, or given to the engine as a tree in memory.</summary>
internal abstract record Sample(uint Mode, (long Seconds, int Nanos) Mtime)
{
    public static readonly (long Seconds, int Nanos) SomeTime = (1_700_000_000, 0);

    public static SampleFile File(byte[] content) => new(content, 0x1a4, SomeTime);

    public static SampleFile File(string content) => File(Encoding.UTF8.GetBytes(content));

    public static SampleFolder Folder(params (string Name, Sample Node)[] entries) =>
        new([.. entries.Select(entry => (Encoding.UTF8.GetBytes(entry.Name), entry.Node))], 0x1ed, SomeTime);

    /// <summary>Bytes that depend on the seed alone.</summary>
    public static byte[] Bytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static RefOptions Options(UnixFsProfile profile) => new(
        profile.ChunkSize, profile.MaxLinks, profile.CidVersion, profile.RawLeaves, profile.HamtThreshold, profile.HamtFanout,
        profile.HamtEstimation == HamtEstimation.BlockBytes)
    { KeepLeafBytes = true };

    public RefDag Build(UnixFsProfile profile) => RefUnixfs.Build(ToReference(profile), Options(profile));

    /// <summary>This entry and all below, every folder before its content, siblings by the bytes of their names.</summary>
    public IEnumerable<(byte[] Path, Sample Node)> Walk(byte[] path)
    {
        yield return (path, this);
        if (this is not SampleFolder folder)
            yield break;
        foreach (var (name, node) in folder.Sorted)
        {
            foreach (var below in node.Walk(path.Length == 0 ? name : [.. path, (byte)'/', .. name]))
                yield return below;
        }
    }

    /// <summary>The blocks of leaves in the order of the files, as the reference cuts them.</summary>
    public IEnumerable<RefBlock> Leaves(UnixFsProfile profile) => Walk([])
        .Where(entry => entry.Node is SampleFile)
        .SelectMany(file => file.Node.Build(profile).PostOrder().Where(block => block.Children.Count == 0));

    public void WriteTo(byte[] path)
    {
        switch (this)
        {
            case SampleFile file:
                NativeFiles.MakeFile(path, file.Content);
                break;
            case SampleLink link:
                NativeFiles.MakeLink(path, link.Target);
                break;
            case SampleFolder folder:
                NativeFiles.MakeFolder(path);
                foreach (var (name, node) in folder.Entries)
                    node.WriteTo([.. path, (byte)'/', .. name]);
                break;
        }

        if (this is not SampleLink)
            NativeFiles.SetMode(path, Mode);
        NativeFiles.SetMtime(path, Mtime);
    }

    /// <summary>The tree as the scanner would give it, and the content of its files by entry.</summary>
    public (SourceTree Tree, Dictionary<int, byte[]> Contents) ToSource(byte[]? name = null)
    {
        var tree = new SourceTree();
        var contents = new Dictionary<int, byte[]>();
        AddTo(tree, contents, name ?? "root"u8.ToArray(), -1);
        return (tree, contents);
    }

    private void AddTo(SourceTree tree, Dictionary<int, byte[]> contents, byte[] name, int parent)
    {
        var (kind, type, size) = this switch
        {
            SampleFile file => (EntryKind.File, Posix.S_IFREG, file.Content.Length),
            SampleLink link => (EntryKind.Symlink, Posix.S_IFLNK, link.Target.Length),
            _ => (EntryKind.Directory, Posix.S_IFDIR, 0),
        };
        var stamp = new FileStamp { Mode = (uint)type | Mode, Size = size, ModifySeconds = Mtime.Seconds, ModifyNanoseconds = Mtime.Nanos };
        byte[] target = this is SampleLink { Target: var to } ? to : [];
        int index = tree.Add(kind, name, target, stamp, parent, parent < 0 ? "/nowhere"u8.ToArray() : null);
        if (this is SampleFile { Content: var content })
            contents[index] = content;
        if (this is not SampleFolder folder)
            return;
        foreach (var (childName, child) in folder.Sorted)
            child.AddTo(tree, contents, childName, index);
        tree.Close(index);
    }

    public RefNode ToReference(UnixFsProfile profile)
    {
        uint? mode = profile.PreserveMode ? Mode : null;
        (long, int)? mtime = profile.PreserveMtime ? Mtime : null;
        return this switch
        {
            SampleFile file => new RefFile(file.Content, mode, mtime),
            SampleLink link => new RefSymlink(link.Target, mtime),
            SampleFolder folder => new RefDirectory([.. folder.Entries.Select(entry => (entry.Name, entry.Node.ToReference(profile)))], mode, mtime),
            _ => throw new InvalidOperationException(),
        };
    }
}

internal sealed record SampleFile(byte[] Content, uint Mode, (long Seconds, int Nanos) Mtime) : Sample(Mode, Mtime);

internal sealed record SampleLink(byte[] Target, (long Seconds, int Nanos) Mtime) : Sample(0x1ff, Mtime);

internal sealed record SampleFolder(IReadOnlyList<(byte[] Name, Sample Node)> Entries, uint Mode, (long Seconds, int Nanos) Mtime) : Sample(Mode, Mtime)
{
    public IEnumerable<(byte[] Name, Sample Node)> Sorted => Entries.Order(Comparer<(byte[] Name, Sample Node)>.Create((a, b) => RefBytes.Compare(a.Name, b.Name)));
}
