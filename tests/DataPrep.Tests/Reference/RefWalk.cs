namespace DataPrep.Tests.Reference;

/// <summary>
/// What a trustless gateway sends, straight from its specification: all blocks in a dictionary, a recursion for each rule, names looked for one after
/// the other, and lengths counted in the content itself.
/// </summary>
internal sealed class RefWalk
{
    private const ulong Directory = 1, Symlink = 4, HamtShard = 5;
    private readonly Dictionary<string, byte[]> blocks = [];

    public void Add(RefBlock block)
    {
        blocks[block.Cid.Text] = block.Bytes!;
        foreach (var child in block.Children)
            Add(child);
    }

    public void Add(string cid, byte[] block) => blocks[cid] = block;

    public byte[] Block(string cid) => blocks[cid];

    /// <summary>CIDs in the order in which blocks come, duplicates among them; null where the path leads nowhere.</summary>
    /// <param name="range">First and last byte, negative ones from the end; null as the last for the end.</param>
    public List<string>? Blocks(string root, IReadOnlyList<byte[]> path, string scope, (long From, long? To)? range)
    {
        var sent = new List<string>();
        string at = root;
        foreach (byte[] name in path)
        {
            if (IsRaw(at) || Type(at) is not (Directory or HamtShard) || Entry(at, name) is not var (chain, entry))
                return null;
            sent.AddRange(chain);
            at = entry;
        }

        switch (range is null ? scope : "entity")
        {
            case "block":
                sent.Add(at);
                break;
            case "all":
                All(at, sent);
                break;
            case "entity" when IsRaw(at) || Type(at) is Directory or Symlink:
                sent.Add(at);
                break;
            case "entity" when Type(at) == HamtShard:
                Shards(at, sent);
                break;
            case "entity" when range is null:
                All(at, sent);
                break;
            default:
                long size = Length(at), from = Math.Max(0, range!.Value.From < 0 ? range.Value.From + size : range.Value.From);
                long last = Math.Min(size - 1, range.Value.To is not { } to ? size - 1 : to < 0 ? to + size : to);
                sent.Add(at);
                if (from <= last)
                    Content(at, 0, from, last, sent);
                break;
        }

        return sent;
    }

    /// <summary>Paths of all entries below a root, itself among them.</summary>
    public IEnumerable<List<byte[]>> Paths(string root)
    {
        yield return [];
        if (IsRaw(root) || Type(root) is not (Directory or HamtShard))
            yield break;
        foreach (var (name, cid) in Entries(root))
        {
            foreach (var below in Paths(cid))
                yield return [name, .. below];
        }
    }

    private void All(string cid, List<string> sent)
    {
        sent.Add(cid);
        foreach (var (_, child) in Links(cid))
            All(child, sent);
    }

    private void Shards(string cid, List<string> sent)
    {
        sent.Add(cid);
        foreach (var (_, child) in Links(cid).Where(link => link.Name.Length == Digits(cid)))
            Shards(child, sent);
    }

    private void Content(string cid, long start, long from, long last, List<string> sent)
    {
        if (IsRaw(cid))
            return;
        // A node's own content comes before that of its children.
        start += Data(cid).Find(2)?.Bytes.Length ?? 0;
        foreach (var (_, child) in Links(cid))
        {
            long end = start + Length(child);
            if (end == start ? end >= from && end <= last + 1 : start <= last && end > from)
            {
                sent.Add(child);
                Content(child, start, from, last, sent);
            }

            start = end;
        }
    }

    private long Length(string cid) => IsRaw(cid) ? blocks[cid].Length : (Data(cid).Find(2)?.Bytes.Length ?? 0) + Links(cid).Sum(link => Length(link.Cid));

    private (List<string> Chain, string Cid)? Entry(string folder, byte[] name)
    {
        foreach (var (text, cid) in Links(folder))
        {
            int digits = Type(folder) == HamtShard ? Digits(folder) : 0;
            if (text.AsSpan(digits).SequenceEqual(name))
                return ([folder], cid);
            if (digits > 0 && text.Length == digits && Entry(cid, name) is var (chain, found))
                return ([folder, .. chain], found);
        }

        return null;
    }

    private IEnumerable<(byte[] Name, string Cid)> Entries(string folder)
    {
        int digits = Type(folder) == HamtShard ? Digits(folder) : 0;
        foreach (var (name, cid) in Links(folder))
        {
            if (digits == 0 || name.Length > digits)
                yield return (name[digits..], cid);
            else
            {
                foreach (var entry in Entries(cid))
                    yield return entry;
            }
        }
    }

    private int Digits(string shard) => ((int)Data(shard).Single(6).Number - 1).ToString("X").Length;

    private ulong Type(string cid) => Data(cid).Single(1).Number;

    private RefFields Data(string cid) => new(new RefFields(blocks[cid]).Single(1).Bytes);

    private List<(byte[] Name, string Cid)> Links(string cid) => IsRaw(cid) ? [] :
        [.. new RefFields(blocks[cid]).Where(field => field.Key == 2).Select(field => new RefFields(field.Bytes)).Select(link => (link.Find(2)?.Bytes ?? [], Text(link.Single(1).Bytes)))];

    private static bool IsRaw(string cid) => cid.StartsWith("bafkrei", StringComparison.Ordinal);

    private static string Text(byte[] cid) => cid.Length == 34 ? RefBytes.ToBase58(cid) : "b" + RefBytes.ToBase32(cid);
}
