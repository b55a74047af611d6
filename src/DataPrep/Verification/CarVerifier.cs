using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Verification;

/// <summary>What a verified CAR turned out to be.</summary>
/// <param name="Dag">Its blocks; where their framing could not be read to the end, those before.</param>
/// <param name="LastBlock">CID of the last block; not defined where there is none.</param>
/// <param name="BlockCount">Number of blocks, repeated ones counted again.</param>
/// <param name="PayloadSize">Bytes up to the end of the last section.</param>
/// <param name="HasSources">Of an inline piece, whether its sources have the bytes that it needs; what else is wrong with its bytes may come from there.</param>
internal sealed record VerifiedCar(TreeSidecar Tree, CarDag Dag, Cid LastBlock, long BlockCount, long PayloadSize, bool HasSources);

/// <summary>What of a verified CAR is kept: its blocks, and what may be missing of them.</summary>
/// <param name="IsWhole">Whether its framing could be read to the end.</param>
internal sealed record CarDag(CarBlocks Blocks, OpenLinks Links, bool IsWhole)
{
    /// <summary>Reports what is missing of the DAG below the CAR's roots.</summary>
    /// <param name="isElsewhere">Says of a block that this CAR does not have whether it is where it may be too.</param>
    public void CheckComplete(FindingLog log, Func<Cid, bool> isElsewhere)
    {
        // What a CAR lacks that is cut off is no news.
        if (!IsWhole)
            return;
        foreach (var root in Blocks.Roots)
        {
            if (root.MultihashCode != Multicodec.Identity && !Blocks.Contains(root) && !isElsewhere(root))
                log.Error("missing-root", Blocks.Path, 0, $"the root {root} is not among the blocks");
        }

        Links.Report(log, Blocks, isElsewhere);
    }
}

/// <summary>
/// Verifies a CAR: framing, the hash of every block, the rules of every node, and its piece commitment. Whether its DAG is
/// complete is for who knows where else blocks may be.
/// </summary>
/// <param name="files">Keeps CARs open for whoever reads their blocks later.</param>
internal sealed class CarVerifier(FindingLog log, int threads, PackCounters progress, FileHandles files, CancellationToken cancel)
{
    private OpenLinks links = new();
    private BlockIndex index = new();

    /// <param name="allowPadding">Whether zero bytes may follow the last section, as in a piece, given its commitment.</param>
    /// <param name="isElsewhere">Says of a block whether it is where it may be too, as far as that is known by now.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is of an inline piece, and is damaged.</exception>
    public VerifiedCar Verify(string path, Func<PieceCommitment, bool> allowPadding, Func<Cid, bool>? isElsewhere = null)
    {
        (links, index) = (new OpenLinks(), new BlockIndex());
        var damaged = new List<(Cid Cid, long DataOffset, int DataLength)>();
        using var inline = CarBytes.IsInline(path) ? new InlinePiece(path, files.Source) : null;
        inline?.CheckIntact();
        var tree = inline is null ? FileCommP.Compute(path, threads, progress.Add, cancel) : FileCommP.Compute(inline, threads, progress.Add, cancel);
        var faults = new SourceFaults(log);
        IReadOnlyList<Cid> roots = [];
        Cid last = default;
        long blocks = 0, unverifiable = 0, firstUnverifiable = -1, end = 0;
        bool isWhole = false;
        try
        {
            var options = new CarReadOptions { AllowZeroPadding = allowPadding(tree.Commitment) };
            using var reader = inline is null ? CarReader.Open(path, options) : CarReader.Open(new RangeStream((at, bytes) => inline.Read(at, bytes, faults.Take), inline.Length, null), options, path);
            roots = reader.Roots;
            end = reader.FirstSectionOffset;
            while (reader.TryReadSection(out var section))
            {
                cancel.ThrowIfCancellationRequested();
                blocks++;
                last = section.Cid;
                end = section.DataOffset + section.DataLength;
                progress.Add(end - section.Offset);
                var check = BlockHash.Verify(section.Cid, section.Data.Span);
                if (check == BlockCheck.Mismatch)
                {
                    if (inline?.ChangeAt(section.Offset) is { } change)
                        faults.TakeChange(change);
                    else
                        log.Error("block-hash", path, section.Offset, $"block {section.Cid} does not match its hash");
                    damaged.Add((section.Cid, section.DataOffset, section.DataLength));
                    continue;
                }

                if (check == BlockCheck.Unverifiable && unverifiable++ == 0)
                    firstUnverifiable = section.Offset;
                _ = index.TryAdd(section.Cid, section.DataOffset, section.DataLength);
                if (section.Cid.Codec == Multicodec.DagPb)
                    CheckNode(path, section, isElsewhere);
            }

            isWhole = true;
        }
        catch (MalformedDataException e)
        {
            log.Error("framing", path, e.Offset, e.Message);
        }

        faults.End(path);
        if (unverifiable > 0)
            log.Warn("unverifiable-hash", path, firstUnverifiable, $"{unverifiable} blocks, from here on, have a hash function that cannot be checked");
        // A damaged block is there, unless a sound copy is: it is not missing as well.
        foreach (var (cid, offset, length) in damaged)
            _ = index.TryAdd(cid, offset, length);
        index.Trim();
        return new VerifiedCar(tree, new CarDag(new CarBlocks(path, roots, index, files), links, isWhole), last, blocks, end, faults.Count == 0);
    }

    private void CheckNode(string path, CarSection section, Func<Cid, bool>? isElsewhere)
    {
        DagPbNode node;
        UnixFsData data;
        try
        {
            // The section's bytes are lent: links and names must not outlive this call.
            node = DagPbNode.Decode(section.Data);
        }
        catch (MalformedDataException e)
        {
            log.Error("malformed-node", path, section.DataOffset + e.Offset, $"block {section.Cid}: {e.Message}");
            return;
        }

        foreach (var link in node.Links)
        {
            if (link.Hash.MultihashCode != Multicodec.Identity && !index.TryFind(link.Hash, out _, out _) && isElsewhere?.Invoke(link.Hash) != true)
                links.Add(link.Hash, section.Offset);
        }

        try
        {
            data = UnixFsData.Decode(node.Data);
        }
        catch (MalformedDataException)
        {
            log.Warn("not-unixfs", path, section.Offset, $"block {section.Cid} is dag-pb but not UnixFS");
            return;
        }

        if (NodeProblem(node, data) is { } problem)
            log.Error("malformed-node", path, section.Offset, $"block {section.Cid} {problem}");
    }

    private static string? NodeProblem(DagPbNode node, UnixFsData data)
    {
        switch (data.Type)
        {
            case UnixFsType.File or UnixFsType.Raw:
                if (node.Links.Count != data.BlockSizes.Length)
                    return $"has {node.Links.Count} links but {data.BlockSizes.Length} block sizes";
                ulong sum = (ulong)data.Data.Length;
                foreach (ulong size in data.BlockSizes)
                    sum = unchecked(sum + size);
                return data.FileSize is { } total && total != sum ? $"says a file size of {total}, its parts come to {sum}" : null;
            case UnixFsType.Directory:
                for (int i = 1; i < node.Links.Count; i++)
                {
                    int order = node.Links[i - 1].Name.Span.SequenceCompareTo(node.Links[i].Name.Span);
                    if (order >= 0)
                        return order == 0 ? "has two entries of one name" : "has entries out of order";
                }

                return null;
            case UnixFsType.Symlink when node.Links.Count > 0:
                return "is a symlink with links";
            default:
                return null;
        }
    }
}
