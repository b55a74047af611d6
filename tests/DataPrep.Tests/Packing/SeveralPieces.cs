using System.Globalization;
using System.Numerics;
using System.Text;
using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Tests.Reference;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>Packs a sample and holds all that comes of it against the reference: the cut, every piece, the records, and what is read back.</summary>
internal sealed class SeveralPieces
{
    private readonly PackOptions options;
    private readonly Sample root;
    private readonly PlainPieces plain;
    private readonly PackPlan plan;
    private readonly PackedOutput output;
    private readonly RefReader blocks = new();
    private readonly Dictionary<string, byte[]> cars = [];

    private SeveralPieces(PackOptions options, Sample root)
    {
        (this.options, this.root) = (options, root);
        plain = new PlainPieces(root, Encoding.UTF8.GetBytes(Path.GetFileName(options.Sources[0])), options.Profile);
        plan = Plan(options);
        output = PackedOutput.Pack(options);
    }

    private IReadOnlyList<PieceRecord> Pieces => output.Result.Pieces;

    /// <param name="options">With the sample's place as the only source.</param>
    /// <returns>How many pieces there are.</returns>
    public static int Check(PackOptions options, Sample root)
    {
        var check = new SeveralPieces(options, root);
        check.CheckCut();
        check.CheckData();
        check.CheckDag();
        check.CheckRecords();
        check.CheckReadBack();
        check.output.VerifyFindsNothing();
        return check.Pieces.Count;
    }

    public static PackPlan Plan(PackOptions options) => new DatasetPacker(options with { Output = "" }, new PackCounters(), TestContext.Current.CancellationToken).Plan();

    private void CheckCut()
    {
        var begin = PlanPoint.Start;
        foreach (var piece in plan.Pieces)
        {
            Assert.Equal(begin, piece.Begin);
            Assert.True(piece.End > begin, "an empty piece");
            Assert.True(piece.CarSize <= options.Capacity, $"a CAR of {piece.CarSize} bytes, {options.Capacity} are allowed");
            begin = piece.End;
        }

        Assert.Equal(plain.End, begin);
        long capacity = options.Balance ? plan.Pieces.Max(piece => piece.CarSize) : options.Capacity;
        if (options.Balance)
        {
            var full = Plan(options with { Balance = false });
            Assert.Equal(full.Pieces.Count, plan.Pieces.Count);
            Assert.True(capacity <= full.Pieces.Max(piece => piece.CarSize), "balanced, a piece is larger than the largest of the others");
        }

        foreach (var piece in plan.Pieces.SkipLast(1))
        {
            // A file that fits in a piece is no place to stop in, where that is not wanted.
            var next = plain.Further(piece.End).Where(place => place.Leaf == 0 || !options.KeepFilesWhole || !FitsAlone(place.Entry));
            foreach (var place in next)
                Assert.True(plain.CarSize(piece.Begin, place) > capacity, $"the piece from {piece.Begin} to {piece.End} would have had room up to {place} in {capacity} bytes");
            if (options.KeepFilesWhole && piece.End.Leaf > 0)
                Assert.False(FitsAlone(piece.End.Entry), $"entry {piece.End.Entry} is cut, though it fits in a piece");
        }
    }

    private bool FitsAlone(int entry) => plain.CarSize(new(entry, 0), new(entry + 1, 0)) <= options.Capacity;

    private void CheckData()
    {
        var data = Pieces.Where(piece => piece.Kind == "data").ToList();
        Assert.Equal(plan.Pieces.Count, data.Count);
        foreach (var (planned, record) in plan.Pieces.Zip(data))
        {
            var dag = plain.Build(planned.Begin, planned.End);
            byte[] car = Car(record, planned.CarSize);
            Assert.Equal(PlainPieces.CarSize(dag), record.PayloadSize);
            Assert.Equal(dag.Cid.Text, record.RootCid);

            // Alone it is complete: it has every block of the tree that it stands for, as often as that does, and no other.
            var contents = CarContents.Read(car[..(int)record.PayloadSize]);
            Assert.Equal(dag.Cid.Text, contents.Root.ToString());
            Assert.Equal(dag.PreOrder().Select(visit => (visit.Block.Cid.Text, visit.Block.Size)).Order(), contents.Multiset);
            var leaves = plain.LeavesOf(planned.Begin, planned.End).ToList();
            byte[] head = RefBytes.Concat(leaves.Select(leaf => RefCar.Section(leaf.Block.Cid, leaf.Block.Bytes!)).Prepend(RefCar.Header(dag.Cid)));
            Assert.True(car.AsSpan().StartsWith(head), "the CAR does not begin with its leaves in the order of the files");
            Assert.Equal(leaves.DistinctBy(leaf => leaf.Entry).Count(), record.Files);

            // And its root leads to the parts where they should stand.
            var alone = new RefReader();
            var (cid, _) = alone.Add(car);
            Assert.Equal(Lines(plain.Tree(planned.Begin, planned.End), []), Lines(alone.Read(cid).Node, []));
        }
    }

    private void CheckDag()
    {
        var dag = Pieces.Where(piece => piece.Kind == "dag").ToList();
        Assert.Equal(Pieces.TakeLast(dag.Count), dag);
        Assert.Equal(dag.Select(piece => piece.PieceCid), output.Result.Dataset.DagPieces);
        Assert.Equal(plan.Pieces.Count > 1, dag.Count > 0);
        if (dag.Count == 0)
            return;

        // Equal parts of a file can fill dag pieces with equal blocks, and equal pieces are one.
        var expected = plain.DagBlocks(Cut).Select(block => (block.Cid.Text, block.Size));
        bool hasEqual = dag.Count < plan.DagSizes.Count;
        if (!hasEqual)
            Assert.Equal(plan.DagSizes, dag.Select(piece => piece.PayloadSize));
        Assert.True(!hasEqual || expected.Distinct().Count() < expected.Count(), $"{dag.Count} dag pieces instead of {plan.DagSizes.Count}");

        var all = new List<RefSection>();
        long before = 0;
        foreach (var record in dag)
        {
            Assert.Contains(record.PayloadSize, plan.DagSizes);
            Assert.True(record.PayloadSize <= options.Capacity);
            Assert.Equal(0, record.Files);
            var (cid, sections) = new RefReader().Add(Car(record, record.PayloadSize));
            Assert.Equal(cid.Text, sections[^1].Cid.Text);
            Assert.Equal(cid.Text, record.RootCid);
            if (all.Count > 0 && !hasEqual)
                Assert.True(before + sections[0].End - sections[0].Offset > options.Capacity, "a dag piece that would have had room for a further block");
            all.AddRange(sections);
            before = record.PayloadSize;
        }

        Assert.Equal(output.Result.Dataset.RootCid, all[^1].Cid.Text);
        var actual = all.Select(section => (section.Cid.Text, section.Block.LongLength));
        Assert.Equal(hasEqual ? expected.Distinct().Order() : expected.Order(), hasEqual ? actual.Distinct().Order() : actual.Order());
    }

    private HashSet<int> Cut => [.. plan.Pieces.Where(piece => piece.End.Leaf > 0).Select(piece => piece.End.Entry)];

    /// <summary>Reads a piece, and holds its size, its zeros and its commitment against the record and the reference.</summary>
    private byte[] Car(PieceRecord record, long payload)
    {
        byte[] car = File.ReadAllBytes(Path.Combine(output.Folder, record.CarFile));
        cars[record.PieceCid] = car;
        _ = blocks.Add(car);
        Assert.Equal(payload, record.PayloadSize);
        Assert.Equal(Math.Max(payload, options.LeastCarSize), car.Length);
        Assert.Equal(car.Length, record.CarSize);
        Assert.True(car.AsSpan((int)payload).IndexOfAnyExcept((byte)0) < 0, "something other than zeros stands behind the CAR");

        long padded = ReferenceCommP.NaturalSize(car.Length);
        Assert.Equal(padded, record.PieceSize);
        byte[] commitment = PlainCommP.Root(car.AsSpan(0, (int)payload), padded);
        Assert.Equal("b" + RefBytes.ToBase32([1, 0x81, 0xe2, 3, 0x92, 0x20, 0x20, .. commitment]), record.PieceCid);
        byte[] zeros = RefBytes.Varint((ulong)((padded / 128 * 127) - car.Length));
        byte[] multihash = [.. zeros, (byte)BitOperations.Log2((ulong)padded / 32), .. commitment];
        Assert.Equal("b" + RefBytes.ToBase32([1, 0x55, 0x91, 0x20, (byte)multihash.Length, .. multihash]), record.PieceCidV2);
        Assert.Equal(record.PieceCid + ".car", record.CarFile);
        output.CheckSidecar(record);
        return car;
    }

    private void CheckRecords()
    {
        Assert.Equal(Pieces, output.Lines(RecordFile.Pieces, RecordJson.Default.PieceRecord));
        var dataset = output.Result.Dataset;
        Assert.Equal(plain.Dag(0).Cid.Text, dataset.RootCid);
        Assert.Equal(Pieces.Count, dataset.Pieces);
        Assert.Equal((plain.Nodes.OfType<SampleFile>().Count(), plain.Nodes.OfType<SampleFolder>().Count(), plain.Nodes.OfType<SampleLink>().Count()), (dataset.Files, dataset.Directories, dataset.Links));
        Assert.Equal(plain.Nodes.OfType<SampleFile>().Sum(file => file.Content.LongLength), dataset.Bytes);

        var parts = Parts();
        int first = root is SampleFolder ? 1 : 0;
        var rows = output.Files;
        Assert.Equal(plain.Count - first, rows.Count);
        for (int i = first; i < plain.Count; i++)
        {
            Assert.Equal(plain.Dag(i).Cid.Text, rows[i - first].Cid);
            Assert.Equal(parts.GetValueOrDefault(i, []), rows[i - first].Parts);
        }
    }

    /// <summary>Where each file should lie.</summary>
    private Dictionary<int, List<FilePart>> Parts()
    {
        var parts = new Dictionary<int, List<FilePart>>();
        foreach (var (planned, record) in plan.Pieces.Zip(Pieces))
        {
            long at = planned.Begin == PlanPoint.Start && planned.End == plain.End ? RefCar.Header(plain.Dag(0).Cid).Length : plain.FolderHeader;
            foreach (var file in plain.LeavesOf(planned.Begin, planned.End).GroupBy(leaf => leaf.Entry))
            {
                long offset = file.First().Offset, size = ((SampleFile)plain[file.Key]).Content.Length;
                long length = Math.Min(size - offset, file.Count() * (long)options.Profile.ChunkSize);
                if (!parts.TryGetValue(file.Key, out var known))
                    parts[file.Key] = known = [];
                known.Add(new FilePart(record.PieceCid, offset, length, at));
                at += file.Sum(leaf => PlainPieces.SectionLength(leaf.Block));
            }
        }

        return parts;
    }

    private void CheckReadBack()
    {
        int first = root is SampleFolder ? 1 : 0;
        foreach (var (row, i) in output.Files.Select((row, i) => (row, i + first)))
        {
            if (plain[i] is SampleFile file)
                Assert.True(Restore(row, cars).AsSpan().SequenceEqual(file.Content), $"'{row.Path}' reads back from its parts as something else");
        }

        // All pieces together hold the whole of the dataset's DAG.
        var dag = plain.Dag(0);
        var (node, tsize) = blocks.Read(dag.Cid);
        Assert.Equal(dag.Tsize, tsize);
        Assert.Equal(Lines(root.ToReference(options.Profile), []), Lines(node, []));
    }

    /// <summary>A file's content from the CARs that its record names.</summary>
    public static byte[] Restore(FileRecord row, IReadOnlyDictionary<string, byte[]> cars)
    {
        using var content = new MemoryStream();
        foreach (var part in row.Parts)
        {
            Assert.Equal(part.FileOffset, content.Length);
            int at = (int)part.CarOffset;
            do
            {
                var section = RefReader.Section(cars[part.PieceCid], at);
                content.Write(RefReader.Content(section));
                at = section.End;
            }
            while (content.Length < part.FileOffset + part.Length);
            Assert.Equal(part.FileOffset + part.Length, content.Length);
        }

        Assert.Equal(row.Size, content.Length);
        return content.ToArray();
    }

    /// <summary>A tree as lines of text, so that two of them can be compared and a difference read.</summary>
    public static IEnumerable<string> Lines(RefNode node, byte[] path)
    {
        string name = Convert.ToHexString(path);
        switch (node)
        {
            case RefFile file:
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} file {Convert.ToHexString(file.Bytes())} {file.Mode} {file.Mtime}");
                break;
            case RefSymlink link:
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} link {Convert.ToHexString(link.Target)} {link.Mtime}");
                break;
            case RefDirectory folder:
                yield return string.Create(CultureInfo.InvariantCulture, $"{name} folder {folder.Mode} {folder.Mtime}");
                foreach (var (child, below) in folder.Entries.OrderBy(entry => entry.Name, Comparer<byte[]>.Create(RefBytes.Compare)))
                {
                    foreach (string line in Lines(below, [.. path, (byte)'/', .. child]))
                        yield return line;
                }

                break;
        }
    }
}
