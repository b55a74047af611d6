using System.Text;

namespace DataPrep.Tests.Reference;

/// <summary>Turns a golden case into the reference's tree and options.</summary>
internal static class GoldenTree
{
    public static RefOptions Options(GoldenCase golden) =>
        new(golden.ChunkSize, golden.MaxLinks, 1, RawLeaves: true, golden.ShardThreshold, golden.Fanout, golden.BlockBytes);

    public static RefNode Root(GoldenCase golden) => golden.IsDirectory ? Directory(golden, "") : Leaf(golden.Entries[0]);

    private static RefDirectory Directory(GoldenCase golden, string path)
    {
        GoldenEntry? self = golden.Entries.SingleOrDefault(entry => entry.Path == path);
        string prefix = path.Length == 0 ? "" : path + "/";
        var children = new List<(byte[], RefNode)>();
        foreach (var group in golden.Entries
            .Where(entry => entry.Path.Length > prefix.Length && entry.Path.StartsWith(prefix, StringComparison.Ordinal))
            .GroupBy(entry => entry.Path[prefix.Length..].Split('/')[0]))
        {
            string childPath = prefix + group.Key;
            GoldenEntry? leaf = group.SingleOrDefault(entry => entry.Path == childPath && entry.Type != GoldenType.Directory);
            children.Add((Encoding.UTF8.GetBytes(group.Key), leaf is null ? Directory(golden, childPath) : Leaf(leaf)));
        }

        return new RefDirectory(children, self?.Mode, self?.Mtime);
    }

    private static RefNode Leaf(GoldenEntry entry) => entry.Type == GoldenType.File
        ? new RefFile(entry.Open, entry.Mode, entry.Mtime)
        : new RefSymlink(Encoding.UTF8.GetBytes(entry.Target!), entry.Mtime);
}
