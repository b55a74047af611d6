using System.Runtime.InteropServices;

namespace DataPrep.Distribution.Solving;

/// <summary>
/// Pieces and who has their replicas. A set of providers is stored once, however many pieces it has, so that a piece takes a few bytes.
/// </summary>
internal sealed class PieceGroups
{
    private readonly List<int[]> sets = [[]];
    private readonly Dictionary<string, int> numbers = new() { [""] = 0 };
    private readonly List<byte> sizes = [];
    private readonly List<int> ofPiece = [];

    public int Count => sizes.Count;

    /// <param name="size">Padded: a power of two.</param>
    /// <param name="providers">Who has it already.</param>
    public void Add(long size, params ReadOnlySpan<int> providers)
    {
        sizes.Add((byte)System.Numerics.BitOperations.Log2((ulong)size));
        ofPiece.Add(Number(providers));
    }

    public long SizeOf(int piece) => 1L << sizes[piece];

    /// <summary>Providers of a piece's replicas, ascending.</summary>
    public int[] ProvidersOf(int piece) => sets[ofPiece[piece]];

    /// <summary>Gives a piece further replicas.</summary>
    public void Give(int piece, int[] providers) => ofPiece[piece] = Number([.. ProvidersOf(piece), .. providers]);

    /// <summary>Pieces that are alike, in size and in who has them: the large ones first, and of these the ones that have replicas.</summary>
    public IReadOnlyList<PieceGroup> Alike() =>
    [
        .. Enumerable.Range(0, Count).GroupBy(piece => (sizes[piece], ofPiece[piece]))
            .OrderByDescending(group => group.Key.Item1).ThenBy(group => group.Key.Item2 == 0).ThenBy(group => group.First())
            .Select(group => new PieceGroup(1L << group.Key.Item1, sets[group.Key.Item2], [.. group])),
    ];

    /// <summary>Bytes of replicas with each provider.</summary>
    public long[] Loads(int providers)
    {
        long[] loads = new long[providers];
        for (int piece = 0; piece < Count; piece++)
        {
            foreach (int provider in ProvidersOf(piece))
                loads[provider] += SizeOf(piece);
        }

        return loads;
    }

    private int Number(ReadOnlySpan<int> providers)
    {
        int[] sorted = providers.ToArray();
        Array.Sort(sorted);
        string key = new(MemoryMarshal.Cast<int, char>(sorted));
        if (!numbers.TryGetValue(key, out int number))
        {
            numbers[key] = number = sets.Count;
            sets.Add(sorted);
        }

        return number;
    }
}

/// <summary>Pieces that are alike.</summary>
/// <param name="Size">Padded bytes of each.</param>
/// <param name="Kept">Who has them already, ascending.</param>
/// <param name="Pieces">Ascending.</param>
internal sealed record PieceGroup(long Size, int[] Kept, int[] Pieces);
