using System.Security.Cryptography;
using System.Text;

namespace DataPrep.Tests.Reference;

/// <summary>One block. <paramref name="Tsize"/> counts the block and everything below it, repeated children every time.</summary>
internal sealed record RefBlock(RefCid Cid, long Size, byte[]? Bytes, long Tsize, IReadOnlyList<RefBlock> Children);

/// <summary>A finished DAG.</summary>
internal sealed record RefDag(RefBlock Root)
{
    public RefCid Cid => Root.Cid;

    public long Tsize => Root.Tsize;

    /// <summary>Every visit of every block, depth first, parents before children, shared blocks each time.</summary>
    public IEnumerable<(int Depth, RefBlock Block)> PreOrder()
    {
        var pending = new Stack<(int Depth, RefBlock Block)>([(0, Root)]);
        while (pending.TryPop(out var visit))
        {
            yield return visit;
            foreach (RefBlock child in visit.Block.Children.Reverse())
            {
                pending.Push((visit.Depth + 1, child));
            }
        }
    }

    /// <summary>Every visit, children before their parent.</summary>
    public IEnumerable<RefBlock> PostOrder() => PostOrder(Root);

    /// <summary>Lower-case hex SHA-256 of the lines <c>depth cid size\n</c> of <see cref="PreOrder"/>.</summary>
    public string BlocksSha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((int depth, RefBlock block) in PreOrder())
        {
            hash.AppendData(Encoding.ASCII.GetBytes($"{depth} {block.Cid} {block.Size}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<RefBlock> PostOrder(RefBlock block) => block.Children.SelectMany(PostOrder).Append(block);
}
