using System.Security.Cryptography;
using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Tests.Reference;

namespace DataPrep.Tests.Extraction;

/// <summary>DAGs written by hand, which say of themselves whatever one likes.</summary>
internal sealed class HandMade
{
    private readonly List<(Cid Cid, byte[] Block)> blocks = [];
    private readonly Dictionary<Cid, ulong> sizes = [];

    public Cid Raw(byte[] content) => Add(Multicodec.Raw, content);

    public Cid Raw(string content) => Raw(Encoding.UTF8.GetBytes(content));

    /// <param name="data">The UnixFS message.</param>
    public Cid Node(byte[] data, params (byte[] Name, Cid Cid)[] links) => Add(Multicodec.DagPb, Block(data, links));

    public static byte[] Block(byte[] data, params (byte[] Name, Cid Cid)[] links) => RefBytes.Concat(links.Select(link => RefBytes.BytesField(
        2, [.. RefBytes.BytesField(1, link.Cid.ToByteArray()), .. RefBytes.BytesField(2, link.Name), .. RefBytes.VarintField(3, 1)])).Append(RefBytes.BytesField(1, data)));

    public Cid Folder(params (string Name, Cid Cid)[] entries) => Node(RefBytes.VarintField(1, 1), [.. entries.Select(entry => (Encoding.UTF8.GetBytes(entry.Name), entry.Cid))]);

    public Cid Link(string target) => Node([.. RefBytes.VarintField(1, 4), .. RefBytes.BytesField(2, Encoding.UTF8.GetBytes(target))]);

    /// <summary>A node of a file, of UnixFS type 2 unless another is given.</summary>
    public Cid File(ulong? size, ulong[] blockSizes, Cid[] children, string inline = "", ulong type = 2) =>
        Node(FileData(size, blockSizes, inline, type), [.. children.Select(child => (Array.Empty<byte>(), child))]);

    /// <summary>An inner node as other implementations write it: links without names, with the sizes of all below them.</summary>
    public Cid FileWithTsizes(ulong size, IReadOnlyList<(Cid Cid, ulong Size)> children)
    {
        byte[] data = FileData(size, [.. children.Select(child => child.Size)]);
        byte[] block = RefBytes.Concat(children.Select(child => RefBytes.BytesField(
            2, [.. RefBytes.BytesField(1, child.Cid.ToByteArray()), .. RefBytes.BytesField(2, []), .. RefBytes.VarintField(3, sizes[child.Cid])])).Append(RefBytes.BytesField(1, data)));
        var cid = Add(Multicodec.DagPb, block);
        sizes[cid] = (ulong)block.Length + children.Aggregate(0UL, (sum, child) => sum + sizes[child.Cid]);
        return cid;
    }

    public static byte[] FileData(ulong? size, ulong[] blockSizes, string inline = "", ulong type = 2) =>
    [
        .. RefBytes.VarintField(1, type),
        .. inline.Length == 0 ? [] : RefBytes.BytesField(2, Encoding.UTF8.GetBytes(inline)),
        .. size is { } length ? RefBytes.VarintField(3, length) : [],
        .. RefBytes.Concat(blockSizes.Select(blockSize => RefBytes.VarintField(4, blockSize))),
    ];

    public Cid Shard(int fanout, params (byte[] Name, Cid Cid)[] links) =>
        Node([.. RefBytes.VarintField(1, 5), .. RefBytes.BytesField(2, [0xff]), .. RefBytes.VarintField(5, 0x22), .. RefBytes.VarintField(6, (ulong)fanout)], links);

    /// <summary>A CID that holds its block.</summary>
    public static Cid Identity(ulong codec, byte[] block) => Cid.V1(codec, Multicodec.Identity, block);

    /// <summary>A CID of a block that is nowhere.</summary>
    public static Cid Missing(string content = "missing") => Cid.Sha256(1, Multicodec.Raw, SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    public string Write(string path, params Cid[] roots)
    {
        using var stream = System.IO.File.Create(path);
        using var writer = new CarWriter(stream, roots);
        foreach (var (cid, block) in blocks)
            writer.Write(cid, block);
        return path;
    }

    private Cid Add(ulong codec, byte[] block)
    {
        var cid = Cid.Sha256(1, codec, SHA256.HashData(block));
        if (blocks.TrueForAll(known => known.Cid != cid))
            blocks.Add((cid, block));
        sizes[cid] = (ulong)block.Length;
        return cid;
    }
}
