using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Datasets of several pieces in which a file changed when some of the pieces with parts of it were complete.</summary>
public sealed class ChangedDatasetTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private static readonly Dictionary<string, Action<string>> Changes = new()
    {
        ["grows"] = path => File.AppendAllText(path, new string('g', 4000)),
        ["shrinks to one leaf"] = path => File.WriteAllBytes(path, ScratchFolder.Bytes(100, 7)),
        ["is emptied"] = path => File.WriteAllText(path, ""),
        ["is touched"] = path => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch),
        ["has another beginning"] = path =>
        {
            using var file = File.OpenWrite(path);
            file.Write("another"u8);
        },
        ["vanishes"] = File.Delete,
    };

    public static TheoryData<string, bool> Cases() => [.. Changes.Keys.SelectMany(change => (TheoryDataRow<string, bool>[])[new(change, false), new(change, true)])];

    [Theory]
    [MemberData(nameof(Cases))]
    public void NothingIsFound(string change, bool isRoot)
    {
        bool hadLeftovers = false;
        for (int open = 1; open <= 5; open++)
        {
            string victim = scratch.Noise($"src{open}/victim", 6000, open);
            _ = scratch.Noise($"src{open}/a", 700, 2);
            _ = scratch.Noise($"src{open}/z", 700, 3);
            int opened = 0;
            var options = new PackOptions
            {
                Sources = [isRoot ? victim : scratch.At($"src{open}")],
                Output = scratch.At($"out{open}"),
                Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 256, MaxLinks = 3 },
                LargestCarSize = 2000,
                Threads = 1,
                Reader = tree => new Reader(tree, victim, () =>
                {
                    if (++opened != open)
                        return;
                    Thread.Sleep(12); // longer than the steps of the file system's clock
                    Changes[change](victim);
                }),
            };
            if (isRoot && change == "vanishes")
            {
                _ = Assert.ThrowsAny<IOException>(() => new DatasetPacker(options, new PackCounters(), default).Run());
                continue;
            }

            var result = new DatasetPacker(options, new PackCounters(), default).Run();
            Assert.True(opened >= open);
            Assert.Empty(SmallDataset.Verify(options.Output));
            var files = RecordFile.ReadLines(Path.Join(options.Output, RecordFile.Files), RecordJson.Default.FileRecord).Select(line => line.Record).ToList();
            hadLeftovers |= result.Pieces.Where(piece => piece.Kind == "data").Sum(piece => piece.Files) > files.Sum(file => file.Parts.Count);
            Assert.Equal(change != "vanishes", files.Exists(file => file.Path == "victim"));
            if (change != "vanishes")
                Assert.Equal(File.ReadAllBytes(victim), Content(options.Output, Cid.Parse(files.Single(file => file.Path == "victim").Cid)));
        }

        // Where the old parts are parts of the new state too, the new pieces are the old ones.
        bool isSameSoFar = isRoot && (change is "grows" or "is touched" or "vanishes");
        Assert.True(hadLeftovers || isSameSoFar, "no piece was complete before the change");
    }

    private static byte[] Content(string folder, Cid file)
    {
        using var dataset = PackedDataset.Open(folder, []);
        using var content = new MemoryStream();
        new DagReader(dataset.Blocks).CopyFile(file, content);
        return content.ToArray();
    }

    private sealed class Reader(SourceTree tree, string victim, Action opened) : ISourceReader
    {
        private readonly LocalReader inner = new(tree);

        public ISourceFile Open(int entry)
        {
            if (System.Text.Encoding.UTF8.GetString(tree.Location(entry)) == victim)
                opened();
            return inner.Open(entry);
        }

        public void Dispose() => inner.Dispose();
    }
}
