using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Unixfs;

namespace DataPrep.Fuzz;

/// <summary>
/// DAGs of which one node has other bytes than its CID says. Hashes are left unchecked, so that the damage gets through to what walks folders
/// and shards and reads files. An input is the number of a CAR, two bytes, that of a block of it, two bytes, and the block.
/// </summary>
/// <param name="cars">Each with a root.</param>
internal sealed class Dags(IReadOnlyList<byte[]> cars)
{
    private const int Head = 4, MostEntries = 200, LongestCar = 20_000;
    private readonly Dag[] dags = [.. cars.Where(car => car.Length <= LongestCar).Select(car => new Dag(car)).Where(dag => dag.Cids.Length > 0)];

    public byte[][] Corpus() =>
    [
        .. dags.SelectMany((dag, number) => dag.Cids.Select((cid, i) => (Number: number, Block: i, Cid: cid, Bytes: dag.Blocks[cid])))
            .Where(block => block.Cid.Codec == Multicodec.DagPb)
            .Select(block => (byte[])[(byte)block.Number, (byte)(block.Number >> 8), (byte)block.Block, (byte)(block.Block >> 8), .. block.Bytes])
            .Take(1000),
    ];

    public void Read(byte[] input)
    {
        if (input.Length < Head)
            return;
        var whole = dags[BitConverter.ToUInt16(input) % dags.Length];
        var blocks = new Overlay(whole.Blocks, whole.Cids[BitConverter.ToUInt16(input, 2) % whole.Cids.Length], input[Head..]);
        var dag = new DagReader(blocks);
        int entries = 0;
        foreach (var entry in dag.Walk(whole.Root, allowMissing: true, onFault: (_, _) => { }))
        {
            // With hashes unchecked a folder may be in itself.
            if (++entries == MostEntries || entry.Path.Length > 1000)
                return;
            if (entries % 8 == 0)
                _ = dag.Find(whole.Root, entry.Path);
            if (entry.Type is UnixFsType.File or UnixFsType.Raw && !entry.IsMissing)
                ReadFile(blocks, dag, entry);
        }
    }

    private static void ReadFile(Overlay blocks, DagReader dag, DagEntry file)
    {
        long given = 0;
        try
        {
            new FileContent(blocks).Read(file.Cid, file.Size, 0, file.Size, (offset, content) =>
            {
                if (offset != given)
                    throw new InvalidOperationException($"Content at {offset} follows that up to {given}.");
                given += content.Length;
            });
            if (given != file.Size)
                throw new InvalidOperationException($"{given} bytes of a file of {file.Size}.");
            if (file.Size > 0 && file.Cid.Codec == Multicodec.DagPb)
                _ = dag.LeafAt(file.Cid, file.Size - 1);
        }
        catch (Exception e) when (e is MalformedDataException or MissingBlockException)
        {
            // This one is broken; the next may not be.
        }
    }

    /// <summary>Blocks under the CIDs that a CAR gives, and one with other bytes.</summary>
    private sealed class Overlay(Dictionary<Cid, byte[]> known, Cid changed, byte[] bytes) : IBlockSource
    {
        public byte[]? Read(in Cid cid) => cid == changed ? bytes : known.GetValueOrDefault(cid);

        public bool TryRead(in Cid cid, Span<byte> destination) => Read(cid) is { } block && block.AsSpan().TryCopyTo(destination);

        public long Length(in Cid cid) => Read(cid)?.Length ?? -1;
    }

    private sealed class Dag
    {
        public Dag(byte[] car)
        {
            using var reader = CarReader.Open(new MemoryStream(car), new CarReadOptions { AllowZeroPadding = true });
            Root = reader.Roots[0];
            while (reader.TryReadSection(out var section))
                _ = Blocks.TryAdd(section.Cid, section.Data.ToArray());
            Cids = [.. Blocks.Keys];
        }

        public Cid Root { get; }

        public Dictionary<Cid, byte[]> Blocks { get; } = [];

        public Cid[] Cids { get; }
    }
}
