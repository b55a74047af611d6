using DataPrep.Comparison;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Comparison;

/// <summary>Comparisons of lists against a slow twin that has all of both in memory.</summary>
public sealed class ListComparerTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void RandomListsDifferAsTheSlowTwinSays()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var before = RandomEntries(random);
            var after = RandomEntries(random);
            Assert.Equal(Slow(before, after, metadata: seed % 2 == 0), Compare(before, after, metadata: seed % 2 == 0, out var counts));
            Assert.Equal(counts.AreEqual, Compare(before, after, metadata: seed % 2 == 0, out _).Count == 0);
            Assert.Empty(Compare(before, before, metadata: true, out counts));
            Assert.Equal(before.Count, counts.Same);
        }
    }

    [Fact]
    public void NamesThatAreNotTextAndSlashesAreComparedByBytes()
    {
        byte[] odd = [(byte)'a', 0xff, (byte)'b'], other = [(byte)'a', 0xfe, (byte)'b'];
        var before = Sorted(Entry("a", "dir"), Entry("a/x", "file", 1), Entry("a-b", "file", 2)).Append(Odd(odd)).ToList();
        var after = Sorted(Entry("a", "dir"), Entry("a-b", "file", 2)).Append(Odd(other)).ToList();
        Assert.Equal(["moved a\uFFFDb>a\uFFFDb", "removed a/x"], Compare(before, after, false, out _).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ListsThatAreNotSortedOrDamagedAreRefusedWithTheirPlace()
    {
        var good = Sorted(Entry("a", "file", 1), Entry("b", "file", 2));
        foreach (var bad in (List<FileRecord>[])
        [
            [good[1], good[0]], [good[0], good[0]], [good[0] with { Cid = "x" }], [good[0] with { Type = "pipe" }], [good[0] with { PathHex = "zz" }],
        ])
        {
            Assert.Contains(".jsonl", Assert.Throws<MalformedDataException>(() => Compare(good, bad, false, out _)).Message, StringComparison.Ordinal);
            Assert.Throws<MalformedDataException>(() => Compare(bad, good, false, out _));
        }
    }

    private List<string> Compare(List<FileRecord> before, List<FileRecord> after, bool metadata, out DifferenceCounts counts)
    {
        using var a = List("a.jsonl", before);
        using var b = List("b.jsonl", after);
        var found = new List<string>();
        counts = new ListComparer(a, b, byContent: true, metadata, default).Run(difference => found.Add(difference switch
        {
            { Kind: DifferenceKind.Moved } => $"moved {Text(difference.Before)}>{Text(difference.After)}",
            _ => $"{difference.Kind.ToString().ToLowerInvariant()} {Text(difference.After ?? difference.Before)}",
        }));
        return found;

        static string Text(ListedEntry? entry) => PathText.Show(entry!.Value.Path);
    }

    private RecordList List(string name, List<FileRecord> records)
    {
        string path = folder.Of(name);
        using (var stream = File.Create(path))
            RecordFile.WriteLines(stream, records, RecordJson.Default.FileRecord);
        return new RecordList(path);
    }

    private static List<string> Slow(List<FileRecord> before, List<FileRecord> after, bool metadata)
    {
        var was = before.ToDictionary(entry => entry.Path);
        var now = after.ToDictionary(entry => entry.Path);
        var removed = before.Where(entry => !now.ContainsKey(entry.Path)).ToList();
        var found = new List<(string Path, string What)>();
        foreach (var entry in after)
        {
            if (!was.TryGetValue(entry.Path, out var then))
            {
                var from = entry is { Type: not "dir", Size: > 0 } ? removed.FirstOrDefault(gone => gone.Type != "dir" && gone.Size > 0 && gone.Cid == entry.Cid) : null;
                found.Add((entry.Path, from is null ? $"added {entry.Path}" : $"moved {from.Path}>{entry.Path}"));
                _ = from is not null && removed.Remove(from);
            }
            else if (then.Type != entry.Type)
            {
                found.Add((entry.Path, $"typechanged {entry.Path}"));
            }
            else if (entry.Type != "dir" && then.Cid != entry.Cid)
            {
                found.Add((entry.Path, $"changed {entry.Path}"));
            }
            else if (metadata && then.Mtime != entry.Mtime)
            {
                found.Add((entry.Path, $"metadata {entry.Path}"));
            }
        }

        found.AddRange(removed.Select(entry => (entry.Path, $"removed {entry.Path}")));
        found.Sort((a, b) => PathText.Compare(PathText.FromArgument(a.Path), PathText.FromArgument(b.Path)));
        return [.. found.Select(difference => difference.What)];
    }

    private static List<FileRecord> RandomEntries(Random random) =>
        Sorted([.. Enumerable.Range(0, random.Next(12))
            .Select(_ => string.Join('/', Enumerable.Range(0, random.Next(1, 3)).Select(_ => "ab-."[random.Next(4)].ToString() + random.Next(2))))
            .Distinct()
            .Select(path => Entry(path, random.Next(4) == 0 ? "dir" : "file", random.Next(4), random.Next(2)))]);

    private static List<FileRecord> Sorted(params FileRecord[] entries) =>
        [.. entries.Order(Comparer<FileRecord>.Create((a, b) => PathText.Compare(PathText.FromArgument(a.Path), PathText.FromArgument(b.Path))))];

    /// <summary>Content and size are one number.</summary>
    private static FileRecord Entry(string path, string type, int content = 0, int second = 0) => new()
    {
        Path = path,
        Type = type,
        Size = content,
        Mode = 0x1a4,
        Mtime = TimeText.Format(second, 0),
        Cid = Cid.V1(Multicodec.Raw, Multicodec.Sha256, System.Security.Cryptography.SHA256.HashData([(byte)content])).ToString(),
        Parts = [],
    };

    private static FileRecord Odd(byte[] path) => Entry(PathText.Show(path), "file", 7) with { PathHex = Convert.ToHexStringLower(path) };
}
