using DataPrep.Car;
using DataPrep.Ipld;

namespace DataPrep.Verification;

/// <summary>Links of a CAR to blocks that had not been met where the link stands. Each takes 88 bytes; pieces of ours have them only in dag pieces.</summary>
internal sealed class OpenLinks
{
    /// <summary>So many are named one by one; a piece that is missing takes thousands with it.</summary>
    public const int MostNamed = 20;

    private readonly List<(Cid Block, long Offset)> links = [];

    /// <param name="offset">Offset of the section that has the link.</param>
    public void Add(in Cid block, long offset) => links.Add((block, offset));

    /// <summary>Reports those that are not there after all, each block once.</summary>
    /// <param name="isThere">Says where a block is looked for, beside the CAR itself.</param>
    public void Report(FindingLog log, CarBlocks car, Func<Cid, bool> isThere)
    {
        var missing = new HashSet<Cid>();
        long first = -1;
        foreach (var (block, offset) in links)
        {
            if (car.Contains(block) || isThere(block) || !missing.Add(block))
                continue;
            if (missing.Count <= MostNamed)
                log.Error("missing-block", car.Path, offset, $"block {block}, which {car.CidAt(offset)} links to, is missing");
            else if (first < 0)
                first = offset;
        }

        if (missing.Count > MostNamed)
            log.Error("missing-block", car.Path, first, $"{missing.Count - MostNamed} more blocks that are linked to, from here on, are missing");
    }
}
