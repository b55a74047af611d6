using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>The sections of a CAR, every block held against its hash, and every block behind those that it links to.</summary>
internal sealed class CarContents
{
    private readonly Dictionary<Cid, (long Size, Cid[] Links)> blocks = [];

    private CarContents(CarReader reader)
    {
        Root = Assert.Single(reader.Roots);
        while (reader.TryReadSection(out var section))
        {
            Assert.True(SHA256.HashData(section.Data.Span).AsSpan().SequenceEqual(section.Cid.Digest), $"block {section.Cid} does not match its hash");
            Cid[] links = section.Cid.Codec == Multicodec.DagPb ? [.. DagPbNode.Decode(section.Data).Links.Select(link => link.Hash)] : [];
            Assert.True(links.All(blocks.ContainsKey), $"block {section.Cid} stands before one that it links to");
            blocks[section.Cid] = (section.DataLength, links);
            Sections.Add((section.Offset, section.Cid, section.DataLength));
        }

        Assert.Equal(Root, Sections[^1].Cid);
    }

    public Cid Root { get; }

    public List<(long Offset, Cid Cid, long Size)> Sections { get; } = [];

    /// <summary>Cids and sizes, sorted, as often as they are there.</summary>
    public IEnumerable<(string Cid, long Size)> Multiset => Sections.Select(s => (s.Cid.ToString(), s.Size)).Order();

    public static CarContents Read(byte[] car)
    {
        using var reader = CarReader.Open(new MemoryStream(car));
        return new CarContents(reader);
    }

    public static CarContents Read(string path)
    {
        using var reader = CarReader.Open(path);
        return new CarContents(reader);
    }

    /// <summary>Every visit of every block, depth first, parents before children.</summary>
    public IEnumerable<(int Depth, Cid Cid, long Size)> PreOrder()
    {
        var pending = new Stack<(int Depth, Cid Cid)>([(0, Root)]);
        while (pending.TryPop(out var visit))
        {
            var (size, links) = blocks[visit.Cid];
            yield return (visit.Depth, visit.Cid, size);
            foreach (var link in links.Reverse())
                pending.Push((visit.Depth + 1, link));
        }
    }

    /// <summary>Lower-case hex SHA-256 of the lines <c>depth cid size\n</c> of <see cref="PreOrder"/>.</summary>
    public string BlocksSha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (depth, cid, size) in PreOrder())
            hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{depth} {cid} {size}\n")));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
