namespace DataPrep.Tests.Reference;

/// <summary>
/// Reads CARs, and the UnixFS DAGs of their blocks, straight from the rules. Every block is held against its hash, every
/// size in a node against what lies below it.
/// </summary>
internal sealed class RefReader
{
    private readonly Dictionary<string, byte[]> blocks = [];

    /// <summary>Takes the blocks of a CAR. Zeros may follow the last section, and nothing else.</summary>
    /// <returns>The root, and each section's CID, block and offset.</returns>
    public (RefCid Root, List<RefSection> Sections) Add(byte[] car)
    {
        (int length, int at) = Varint(car, 0);
        // The header is one of one root: what stands around the CID does not vary.
        byte[] cid = car[(at + 13)..(at + length - 9)];
        var root = new RefCid(cid, Text(cid));
        Require(car.AsSpan().StartsWith(RefCar.Header(root)), "the header is not that of a CAR with one root");
        at += length;
        var sections = new List<RefSection>();
        while (at < car.Length && car[at] != 0)
        {
            var section = Section(car, at);
            blocks[section.Cid.Text] = section.Block;
            sections.Add(section);
            at = section.End;
        }

        Require(car.AsSpan(at).IndexOfAnyExcept((byte)0) < 0, $"something other than zeros follows the sections, which end at {at}");
        return (root, sections);
    }

    /// <summary>The section at an offset of a CAR.</summary>
    public static RefSection Section(byte[] car, int offset)
    {
        (int length, int at) = Varint(car, offset);
        int cidLength = car[at] == 0x12 ? 34 : 36;
        byte[] cid = car[at..(at + cidLength)], block = car[(at + cidLength)..(at + length)];
        byte codec = cidLength == 34 ? RefCid.DagPb : cid[1];
        var expected = RefCid.Of(codec, block, cidLength == 34 ? 0 : 1);
        Require(cid.AsSpan().SequenceEqual(expected.Bytes), $"the block at {offset} does not match its CID");
        return new RefSection(expected, block, offset, at + length);
    }

    /// <summary>Content of a leaf.</summary>
    public static byte[] Content(RefSection leaf)
    {
        if (IsRaw(leaf.Cid.Bytes))
            return leaf.Block;
        var (links, data) = Node(leaf.Block);
        Require(links.Count == 0 && data.Single(1).Number == 2, $"{leaf.Cid} is no leaf of a file");
        return data.Find(2)?.Bytes ?? [];
    }

    public bool Has(RefCid cid) => blocks.ContainsKey(cid.Text);

    /// <summary>What lies below a block, and the Tsize of a link to it.</summary>
    public (RefNode Node, long Tsize) Read(RefCid cid)
    {
        byte[] block = Block(cid.Text);
        if (IsRaw(cid.Bytes))
            return (new RefFile(block), block.Length);
        var (links, data) = Node(block);
        uint? mode = (uint?)data.Find(7)?.Number;
        var mtime = Mtime(data.Find(8)?.Bytes);
        switch (data.Single(1).Number)
        {
            case 1:
                var children = links.ConvertAll(link => (link.Name, Below: Follow(link)));
                Require(children.Zip(children.Skip(1)).All(pair => RefBytes.Compare(pair.First.Name, pair.Second.Name) < 0), $"{cid} is out of order");
                return (new RefDirectory(children.ConvertAll(child => (child.Name, child.Below.Node)), mode, mtime), block.Length + children.Sum(child => child.Below.Tsize));
            case 2:
                var parts = links.ConvertAll(Follow);
                var contents = parts.ConvertAll(part => ((RefFile)part.Node).Bytes());
                byte[] inline = data.Find(2)?.Bytes ?? [];
                Require(data.Where(field => field.Key == 4).Select(field => (long)field.Number).SequenceEqual(contents.Select(part => part.LongLength)), $"{cid} has block sizes that are not those of its parts");
                byte[] content = RefBytes.Concat(contents.Prepend(inline));
                Require(data.Single(3).Number == (ulong)content.Length, $"{cid} says {data.Single(3).Number} bytes, it has {content.Length}");
                return (new RefFile(content, mode, mtime), block.Length + parts.Sum(part => part.Tsize));
            case 4:
                return (new RefSymlink(data.Find(2)?.Bytes ?? [], mtime), block.Length);
            case 5:
                var (entries, size) = Shard(cid, links, data);
                entries.Sort((a, b) => RefBytes.Compare(a.Name, b.Name));
                return (new RefDirectory(entries, mode, mtime), block.Length + size);
            default:
                throw new InvalidDataException($"{cid} is of an unknown type");
        }
    }

    private (List<(byte[] Name, RefNode Node)> Entries, long Size) Shard(RefCid cid, List<RefLink> links, RefFields data)
    {
        int digits = ((int)data.Single(6).Number - 1).ToString("X").Length;
        var entries = new List<(byte[] Name, RefNode Node)>();
        long size = 0;
        foreach (var link in links)
        {
            Require(link.Name.Length >= digits, $"{cid} has a link without a bucket");
            if (link.Name.Length > digits)
            {
                var (node, tsize) = Follow(link);
                entries.Add((link.Name[digits..], node));
                size += tsize;
                continue;
            }

            byte[] block = Block(link.Cid);
            var (below, fields) = Node(block);
            var (inside, total) = Shard(cid, below, fields);
            Require(link.Tsize == block.Length + total, $"a shard of {cid} has another Tsize than {link.Tsize}");
            entries.AddRange(inside);
            size += link.Tsize;
        }

        return (entries, size);
    }

    private (RefNode Node, long Tsize) Follow(RefLink link)
    {
        var below = Read(new RefCid(link.CidBytes, link.Cid));
        Require(below.Tsize == link.Tsize, $"the link to {link.Cid} has the Tsize {link.Tsize} instead of {below.Tsize}");
        return below;
    }

    private byte[] Block(string cid) => blocks.TryGetValue(cid, out byte[]? block) ? block : throw new InvalidDataException($"block {cid} is missing");

    private static (List<RefLink> Links, RefFields Data) Node(byte[] block)
    {
        var fields = new RefFields(block);
        var links = fields.Where(field => field.Key == 2).Select(field => new RefFields(field.Bytes))
            .Select(link => new RefLink(link.Single(1).Bytes, Text(link.Single(1).Bytes), link.Single(2).Bytes, (long)link.Single(3).Number));
        return ([.. links], new RefFields(fields.Single(1).Bytes));
    }

    private static (long Seconds, int Nanos)? Mtime(byte[]? message)
    {
        if (message is null)
            return null;
        var fields = new RefFields(message);
        return ((long)fields.Single(1).Number, (int)(fields.Find(2)?.Number ?? 0));
    }

    private static bool IsRaw(byte[] cid) => cid.Length == 36 && cid[1] == RefCid.Raw;

    private static string Text(byte[] cid) => cid.Length == 34 ? RefBytes.ToBase58(cid) : "b" + RefBytes.ToBase32(cid);

    private static (int Value, int End) Varint(byte[] bytes, int at)
    {
        (ulong value, int end) = RefFields.Varint(bytes, at);
        return (checked((int)value), end);
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidDataException(otherwise);
    }

    private sealed record RefLink(byte[] CidBytes, string Cid, byte[] Name, long Tsize);
}

/// <summary>A section of a CAR.</summary>
internal sealed record RefSection(RefCid Cid, byte[] Block, int Offset, int End);
