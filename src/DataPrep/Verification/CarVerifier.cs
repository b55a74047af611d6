using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Packing;
using DataPrep.Piece;

namespace DataPrep.Verification;

/// <summary>What a verified CAR turned out to be.</summary>
/// <param name="IsWhole">Whether its framing could be read to the end.</param>
internal sealed record VerifiedCar(TreeSidecar Tree, IReadOnlyList<Cid> Roots, long Blocks, long PayloadSize, bool IsWhole);

/// <summary>Verifies a CAR: framing, the hash of every block, completeness of the DAG below its roots, and its piece commitment.</summary>
internal sealed class CarVerifier(FindingLog log, int threads, PackProgress progress, CancellationToken cancel)
{
    private readonly HashSet<Cid> present = [];
    private readonly List<(Cid Block, Cid Parent, long Offset)> wanted = [];

    /// <param name="allowPadding">Whether zero bytes may follow the last section, as in a piece.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public VerifiedCar Verify(string path, bool allowPadding)
    {
        present.Clear();
        wanted.Clear();
        var tree = FileCommP.Compute(path, threads, progress.Add, cancel);
        IReadOnlyList<Cid> roots = [];
        long blocks = 0, unverifiable = 0, end = 0;
        bool isWhole = false;
        try
        {
            using var reader = CarReader.Open(path, new CarReadOptions { AllowZeroPadding = allowPadding });
            roots = reader.Roots;
            end = reader.FirstSectionOffset;
            while (reader.TryReadSection(out var section))
            {
                cancel.ThrowIfCancellationRequested();
                blocks++;
                end = section.DataOffset + section.DataLength;
                progress.Add(end - section.Offset);
                var check = BlockHash.Verify(section.Cid, section.Data.Span);
                if (check == BlockCheck.Mismatch)
                {
                    log.Error("block-hash", path, section.Offset, $"block {section.Cid} does not match its hash");
                    continue;
                }

                unverifiable += check == BlockCheck.Unverifiable ? 1 : 0;
                present.Add(section.Cid);
                if (section.Cid.Codec == Multicodec.DagPb)
                    CheckNode(path, section);
            }

            isWhole = true;
        }
        catch (MalformedDataException e)
        {
            log.Error("framing", path, e.Offset, e.Message);
        }

        if (unverifiable > 0)
            log.Warn("unverifiable-hash", path, -1, $"{unverifiable} blocks have a hash function that cannot be checked");
        if (isWhole)
            CheckComplete(path, roots);
        return new VerifiedCar(tree, roots, blocks, end, isWhole);
    }

    private void CheckNode(string path, CarSection section)
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
            if (link.Hash.MultihashCode != Multicodec.Identity && !present.Contains(link.Hash))
                wanted.Add((link.Hash, section.Cid, section.Offset));
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

    private void CheckComplete(string path, IReadOnlyList<Cid> roots)
    {
        foreach (var root in roots)
        {
            if (root.MultihashCode != Multicodec.Identity && !present.Contains(root))
                log.Error("missing-root", path, 0, $"the root {root} is not among the blocks");
        }

        var reported = new HashSet<Cid>();
        foreach (var (block, parent, offset) in wanted)
        {
            if (!present.Contains(block) && reported.Add(block))
                log.Error("missing-block", path, offset, $"block {block}, which {parent} links to, is missing");
        }
    }
}
