using DataPrep.Hashing;
using DataPrep.Planning;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>Hashes files of a tree as packing does, and keeps nothing but the digests of their roots.</summary>
internal sealed class ContentCheck(SourceTree tree, UnixFsProfile profile, ISourceReader reader, PackCounters progress, CancellationToken cancel) : IDisposable
{
    // Files are hashed as if they were pieces of about so many bytes, or of one file that has more.
    private const long BatchBytes = 4L << 30;
    private readonly DigestTable digests = new(tree.Count);

    /// <summary>Hashes the files of a tree that are marked as kept.</summary>
    /// <param name="sources">Of the tree.</param>
    /// <exception cref="IOException">Memory or the source cannot be had.</exception>
    public static ContentCheck OfKept(SourceTree tree, UnixFsProfile profile, IReadOnlyList<string> sources, int threads, PackCounters progress, CancellationToken cancel)
    {
        var options = new PackOptions { Sources = sources, Output = "", Profile = profile, Threads = threads };
        long bytes = 0;
        for (int i = 0; i < tree.Count; i++)
            bytes += tree[i].IsKept ? tree[i].Size : 0;
        using var reader = options.OpenReader(tree, bytes);
        var check = new ContentCheck(tree, profile, reader, progress, cancel);
        try
        {
            check.Run(entry => tree[entry].IsKept, round => options.Slabs(SlabDemand.Of(round, profile, keptToo: true), null, onDevice: false));
            return check;
        }
        catch
        {
            check.Dispose();
            throw;
        }
    }

    /// <summary>Digest of the root of a file; zeros where it could not be read, or changed meanwhile.</summary>
    public ReadOnlySpan<byte> this[int entry] => digests[entry];

    /// <param name="takes">The files to hash.</param>
    /// <param name="slabsOf">Chooses the slabs.</param>
    public void Run(Func<int, bool> takes, Func<CutRound, SlabPlan> slabsOf)
    {
        var batches = Batches(takes);
        progress.Begin(batches.Sum(batch => batch.CarSize));
        if (batches.Count == 0)
            return;
        var slabs = slabsOf(new CutRound(0, PartialTree.Whole(tree), batches, 0));
        var left = new SortedSet<int>(Enumerable.Range(0, batches.Count));
        var failed = new HashSet<int>();
        while (left.Count > 0)
        {
            var jobs = new Dictionary<PieceJob, int>();
            try
            {
                using var engine = new SlabEngine(slabs, cancel);
                engine.Run(Jobs([.. left]), Take);
            }
            catch (SourceChangedException e)
            {
                _ = failed.Add(e.Entry);
            }
            finally
            {
                foreach (var job in jobs.Keys)
                    job.Dispose();
            }

            IEnumerable<PieceJob> Jobs(IReadOnlyList<int> numbers)
            {
                foreach (int number in numbers)
                {
                    var part = PartialTree.Of(tree, profile, batches[number].Begin, batches[number].End, i => tree[i].Kind == EntryKind.File && takes(i) && !failed.Contains(i));
                    var job = new PieceJob(PieceLayout.Create(part.Tree, profile), slabs, reader, new NoSink(), progress, part);
                    lock (jobs)
                        jobs.Add(job, number);
                    yield return job;
                }
            }

            void Take(PackedPiece piece)
            {
                for (int i = 0; i < piece.Layout.Tree.Count; i++)
                {
                    if (piece.Layout.Tree[i].Kind == EntryKind.File)
                        piece.RootDigest(i).CopyTo(digests[piece.Part.Origin(i)]);
                }

                piece.Dispose();
                lock (jobs)
                {
                    _ = jobs.Remove(piece.Job, out int number);
                    _ = left.Remove(number);
                }
            }
        }
    }

    public void Dispose() => digests.Dispose();

    private List<PieceRange> Batches(Func<int, bool> takes)
    {
        var batches = new List<PieceRange>();
        int begin = 0;
        long bytes = 0;
        for (int i = 0; i <= tree.Count; i++)
        {
            bool isTaken = i < tree.Count && tree[i].Kind == EntryKind.File && takes(i);
            if (bytes > 0 && (i == tree.Count || (isTaken && bytes + tree[i].Size > BatchBytes)))
            {
                batches.Add(new PieceRange(new PlanPoint(begin, 0), new PlanPoint(i, 0), bytes));
                (begin, bytes) = (i, 0);
            }

            bytes += isTaken ? tree[i].Size + 1 : 0;
        }

        return batches;
    }
}
