using System.Text;
using DataPrep.S3;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.S3;

/// <summary>Trees of keys, against one made of sets of paths.</summary>
public sealed class S3SourceTests
{
    private readonly MemoryBucket bucket = new();

    [Fact]
    public void KeysBecomeTheCanonicalTree()
    {
        string[] parts = ["a", "a-b", "a.", "b", "ab", "é", "z", "", ".", "..", "a b", "𝄞"];
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            bucket.Objects.Clear();
            for (int i = random.Next(1, 30); i > 0; i--)
            {
                string key = "in/" + string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => parts[random.Next(random.Next(4) == 0 ? parts.Length : 7)]));
                bucket.Objects[random.Next(5) == 0 ? key + "/" : key] = (new byte[random.Next(3) == 0 ? 0 : 5], null);
            }

            var (expected, skipped) = Twin(bucket.Objects.Select(found => (found.Key["in/".Length..], found.Value.Bytes.Length)).Where(found => found.Item1.Length > 0));
            var tree = Scan("s3://bucket/in");
            Assert.Equal(expected, Paths(tree).Skip(1).Select(entry => (entry.Path, entry.IsFile)));
            Assert.Equal(skipped, tree.Skipped.Select(input => Encoding.UTF8.GetString(input.Path)).Order(StringComparer.Ordinal));
            Assert.All(Paths(tree).Where(entry => entry.IsFile), entry => Assert.Contains(entry.Location["bucket/".Length..], bucket.Objects.Keys));
        }
    }

    [Fact]
    public void OneObjectIsAFile()
    {
        bucket.Objects["a/b.bin"] = ([1, 2, 3], null);
        bucket.Objects["a/b.bin.old"] = ([1], null);
        var tree = Scan("s3://bucket/a/b.bin");
        Assert.Equal((1, EntryKind.File, 3L), (tree.Count, tree[0].Kind, tree[0].Size));
        Assert.Equal("bucket/a/b.bin", Encoding.UTF8.GetString(tree.Location(0)));
        Assert.Equal("\"x\"", Encoding.Latin1.GetString(tree.Tag(0)));
    }

    [Fact]
    public void SeveralPrefixesAreFoldersOfOne()
    {
        bucket.Objects["x/one/f"] = ([1], null);
        bucket.Objects["y/two/g"] = ([1], null);
        bucket.Objects["three"] = ([1], null);
        var tree = Scan("s3://bucket/x/one", "s3://bucket/three", "s3://bucket/y/two/");
        Assert.Equal(["", "one", "one/f", "three", "two", "two/g"], Paths(tree).Select(entry => entry.Path));
        Assert.Equal(["bucket/x/one/f", "bucket/three", "bucket/y/two/g"], Paths(tree).Where(entry => entry.IsFile).Select(entry => entry.Location));
    }

    [Fact]
    public void ThereHasToBeSomething() => Assert.Throws<SourceException>(() => Scan("s3://bucket/nothing"));

    private static (List<(string Path, bool IsFile)> Entries, List<string> Skipped) Twin(IEnumerable<(string Key, int Size)> objects)
    {
        var files = new HashSet<string>();
        var folders = new HashSet<string>();
        var markers = new HashSet<string>();
        var skipped = new List<string>();
        foreach (var (key, size) in objects)
        {
            bool isFolder = key.EndsWith('/');
            string path = isFolder ? key[..^1] : key;
            if (path.Split('/').Any(part => part is "" or "." or "..") || (isFolder && size > 0))
            {
                skipped.Add(key);
                continue;
            }

            _ = (isFolder ? markers : files).Add(path);
            for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
                _ = folders.Add(path[..slash]);
        }

        // An object is worth more than a mark that there is a folder, of which nothing else tells.
        folders.UnionWith(markers.Except(files));
        return ([.. files.Except(folders).Select(path => (path, true)).Concat(folders.Select(path => (path, false))).OrderBy(entry => entry.path, Comparer<string>.Create(Compare))],
            [.. skipped.Concat(files.Intersect(folders)).Order(StringComparer.Ordinal)]);
    }

    private static int Compare(string one, string other)
    {
        byte[][] a = [.. one.Split('/').Select(Encoding.UTF8.GetBytes)], b = [.. other.Split('/').Select(Encoding.UTF8.GetBytes)];
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i].AsSpan().SequenceCompareTo(b[i]) is not 0 and var difference)
                return difference;
        }

        return a.Length - b.Length;
    }

    private static IEnumerable<(string Path, bool IsFile, string Location)> Paths(SourceTree tree)
    {
        string[] paths = new string[tree.Count];
        for (int i = 0; i < tree.Count; i++)
        {
            string name = Encoding.UTF8.GetString(tree.Name(i));
            paths[i] = i == 0 ? "" : tree[i].Parent == 0 ? name : $"{paths[tree[i].Parent]}/{name}";
            bool isFile = tree[i].Kind == EntryKind.File;
            yield return (paths[i], isFile, isFile ? Encoding.UTF8.GetString(tree.Location(i)) : "");
        }
    }

    private SourceTree Scan(params string[] sources)
    {
        using var source = new S3Source(sources, _ => bucket, new ObjectClient(new NoTransport(), new RemoteLimits()));
        return source.Scan(new ScanOptions(), null, TestContext.Current.CancellationToken);
    }

    private sealed class NoTransport : IObjectTransport
    {
        public Task<ObjectState> StatAsync(string location, CancellationToken cancel) => throw new NotSupportedException();

        public Task<ObjectAnswer> OpenAsync(string location, long offset, long length, ObjectState expected, CancellationToken cancel) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
