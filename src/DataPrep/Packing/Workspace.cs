using System.Diagnostics;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// What a run keeps in the work folder, so that the same command goes on where it was broken off: the plan, which never
/// changes, and the journal of what is finished.
/// </summary>
internal sealed class Workspace : IDisposable
{
    public const string JournalFile = "journal";
    private readonly OutputFolder folder;
    private readonly Dictionary<int, PieceRecord> finished = [];
    private readonly Dictionary<int, int> timesFinished = [];
    private readonly Dictionary<int, List<(int Order, byte[] Payload)>> slabs = [];
    private readonly Journal journal;
    private long lastFlush = Stopwatch.GetTimestamp();
    private int order;

    private Workspace(OutputFolder folder, PackPlan plan, byte[] hash)
    {
        (this.folder, Plan) = (folder, plan);
        Changed = new ChangedFiles(plan.Tree, plan.IsOnePiece);
        journal = Journal.Open(folder.WorkFile(JournalFile), hash, Replay);
        IsResumed = order > 0;
    }

    public PackPlan Plan { get; private set; }

    public ChangedFiles Changed { get; }

    /// <summary>Slab size of the run before this one, or null where none has finished a slab.</summary>
    public long? SlabSize { get; private set; }

    /// <summary>Pieces that runs before this one have finished, by their number.</summary>
    public IReadOnlyDictionary<int, PieceRecord> Finished => finished;

    /// <summary>How often runs before this one have finished a piece: more than once where it was lost.</summary>
    public int TimesFinished(int piece) => timesFinished.GetValueOrDefault(piece);

    /// <summary>How much has been noted: the moment, to tell what was before and what after it.</summary>
    public int Order => order;

    /// <summary>Length of the stream that is packed, where its end has been seen; else null.</summary>
    public long? StreamSize { get; private set; }

    /// <summary>What was decided of entries that changed, by this run and those before: payloads of <see cref="EntryChanged"/>.</summary>
    public List<byte[]> Changes { get; } = [];

    /// <summary>Whether a run before this one has done something.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>The plan of a run that was broken off, or null where none was.</summary>
    /// <exception cref="IOException">It was a run of another command.</exception>
    public static Workspace? Find(OutputFolder folder, PlanHeader wanted)
    {
        if (PlanIn(folder.Work) is not { } path)
            return null;
        var content = PlanFile.Read(path, out byte[] hash);
        var header = PlanHeader.Decode(content.Header, path);
        if (!header.IsOfSameRun(wanted))
            throw new IOException($"{folder.Path} holds what a run on {string.Join(", ", header.Sources)} left when it was broken off, with other sources, options or another version of the program: run that command again to go on with it, or add --restart to begin anew");
        return new Workspace(folder, new PackPlan(content.Tree, content.Pieces, header.DagSizes, header.Dataset, null), hash);
    }

    public static Workspace Begin(OutputFolder folder, PackPlan plan, PlanHeader header)
    {
        HandedOn.Forget(folder);
        string path = PlanFile.Write(folder.Work, new PlanContent(header.Encode(), plan.Tree, plan.Pieces));
        return new Workspace(folder, plan, PlanFile.HashInName(path)!);
    }

    /// <summary>The work of a task that makes a part of a plan that stands elsewhere.</summary>
    /// <param name="key">32 bytes that tell the part from others.</param>
    public static Workspace OfTask(OutputFolder folder, PackPlan plan, byte[] key) => new(folder, plan, key);

    /// <summary>The plan in a work folder; null where there is none.</summary>
    public static string? PlanIn(string work) => Directory.Exists(work) ? Directory.EnumerateFiles(work, "*.plan").Order(StringComparer.Ordinal).FirstOrDefault() : null;

    /// <summary>Takes a plan that is the same but for files that changed in place.</summary>
    public void Revise(PackPlan plan) => Plan = plan;

    /// <summary>The slabs of a piece that runs before this one have made, each with its place among all that was noted.</summary>
    public IReadOnlyList<(int Order, byte[] Payload)> SlabsOf(int piece) => slabs.GetValueOrDefault(piece) ?? [];

    /// <summary>Forgets the slabs of a piece: they have been taken over, or are worth nothing.</summary>
    public void ForgetSlabs(int piece) => slabs.Remove(piece);

    /// <summary>Notes a slab. It reaches the journal some time later.</summary>
    /// <param name="checkpoint">That time at most.</param>
    /// <param name="sync">Makes durable what has been written to pieces.</param>
    public void Note(in SlabDone slab, TimeSpan checkpoint, Action sync)
    {
        journal.Append(slab);
        long last = Volatile.Read(ref lastFlush), now = Stopwatch.GetTimestamp();
        if (Stopwatch.GetElapsedTime(last, now) >= checkpoint && Interlocked.CompareExchange(ref lastFlush, now, last) == last)
            journal.Flush(sync);
    }

    /// <summary>Notes a finished piece, durably.</summary>
    public void Note(int number, PieceRecord piece, PieceCommitment commitment, Action sync)
    {
        journal.Append(Done(number, piece, commitment.Root));
        journal.Flush(sync);
    }

    /// <summary>What is noted of a finished piece.</summary>
    /// <param name="commitment">Root of the piece's tree, 32 bytes.</param>
    public static PieceDone Done(int number, PieceRecord piece, ReadOnlySpan<byte> commitment) => new()
    {
        Piece = number,
        Commitment = commitment,
        CarSize = piece.CarSize,
        PayloadSize = piece.PayloadSize,
        Files = piece.Files,
        Root = Cid.Parse(piece.RootCid).ToByteArray(),
        CarFile = Encoding.UTF8.GetBytes(piece.CarFile),
    };

    /// <summary>Notes and takes over what is decided of a changed file, durably.</summary>
    public void Note(in EntryChanged change, Action sync)
    {
        journal.Append(change);
        journal.Flush(sync);
        Apply(change);
        order++;
    }

    /// <summary>Takes over what tasks have decided of entries and the pieces that they have made; durable with the next <see cref="Flush"/>.</summary>
    /// <param name="changes">For each entry the payload of its <see cref="EntryChanged"/>.</param>
    public void Fold(IEnumerable<byte[]> changes, IEnumerable<PieceReceipt> receipts)
    {
        var known = Changes.Select(payload => EntryChanged.Read(payload).Entry).ToHashSet();
        foreach (byte[] payload in changes)
        {
            var change = EntryChanged.Read(payload);
            if (!known.Add(change.Entry))
                continue;
            journal.Append(change);
            Apply(change);
            order++;
        }

        foreach (var receipt in receipts)
        {
            var piece = PieceDone.Read(receipt.Piece);
            journal.Append(piece);
            finished[receipt.Number] = Record(piece);
            timesFinished[receipt.Number] = TimesFinished(receipt.Number) + 1;
            order++;
        }
    }

    /// <exception cref="MalformedDataException">There is no such entry.</exception>
    private void Apply(in EntryChanged change)
    {
        if (change.Entry < 0 || change.Entry >= Plan.Tree.Count)
            throw new MalformedDataException($"there is no entry {change.Entry}");
        byte[] payload = new byte[change.Length];
        change.Write(payload);
        Changes.Add(payload);
        Changed.Apply(change, order);
    }

    /// <summary>Notes the end of the stream, durably.</summary>
    public void Note(in StreamEnded stream, Action sync)
    {
        journal.Append(stream);
        journal.Flush(sync);
        StreamSize = stream.Size;
    }

    /// <summary>Makes durable what has been noted.</summary>
    public void Flush(Action sync) => journal.Flush(sync);

    /// <summary>Writes the plan of files that changed.</summary>
    public void KeepRound(CutRound round, PlanHeader header)
    {
        string work = Directory.CreateDirectory(RoundFolder(round.Number)).FullName;
        int[] origins = [.. Enumerable.Range(0, round.Tree.Count).Select(round.Part.Origin)];
        _ = PlanFile.Write(work, new PlanContent((header with { Origins = origins }).Encode(), round.Tree, round.Pieces));
    }

    /// <summary>Whether files that changed were cut with this round.</summary>
    public bool HasRound(int number) => PlanIn(RoundFolder(number)) is not null;

    /// <summary>The plan of files that changed, as a run before this one made it, or null.</summary>
    public CutRound? FindRound(int number, int firstPiece)
    {
        if (PlanIn(RoundFolder(number)) is not { } path)
            return null;
        var content = PlanFile.Read(path, out _);
        var header = PlanHeader.Decode(content.Header, path);
        return new CutRound(number, PartialTree.Kept(content.Tree, header.Origins ?? []), content.Pieces, firstPiece);
    }

    public void Dispose() => journal.Dispose();

    /// <summary>Removes all that runs keep: first the plan, without which nothing else is gone on with.</summary>
    public static void Clear(OutputFolder folder)
    {
        while (PlanIn(folder.Work) is { } plan)
            File.Delete(plan);
        foreach (string file in Directory.EnumerateFiles(folder.Work).Where(file => !Leftovers.Stays(Path.GetFileName(file))))
            File.Delete(file);
        foreach (string round in Directory.EnumerateDirectories(folder.Work, "round-*"))
            Directory.Delete(round, recursive: true);
    }

    private string RoundFolder(int number) => folder.WorkFile($"round-{number}");

    private void Replay(JournalKind kind, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case JournalKind.SlabDone:
                var slab = SlabDone.Read(payload);
                SlabSize = slab.SlabSize;
                if (!slabs.TryGetValue(slab.Piece, out var ofPiece))
                    slabs[slab.Piece] = ofPiece = [];
                ofPiece.Add((order, payload.ToArray()));
                break;
            case JournalKind.PieceDone:
                var piece = PieceDone.Read(payload);
                _ = slabs.Remove(piece.Piece);
                finished[piece.Piece] = Record(piece);
                timesFinished[piece.Piece] = TimesFinished(piece.Piece) + 1;
                break;
            case JournalKind.EntryChanged:
                Apply(EntryChanged.Read(payload));
                break;
            case JournalKind.StreamEnded:
                StreamSize = StreamEnded.Read(payload).Size;
                break;
            default:
                throw new MalformedDataException($"{(int)kind} is no kind of record");
        }

        order++;
    }

    private PieceRecord Record(in PieceDone piece) => RecordOf(piece, Plan.Dataset.Inline);

    /// <summary>The record of a piece, of which this is noted.</summary>
    /// <param name="isInline">Whether pieces are stored as what their CARs can be made from.</param>
    public static PieceRecord RecordOf(in PieceDone piece, bool isInline)
    {
        _ = Cid.TryRead(piece.Root, out var root, out _);
        var commitment = new PieceCommitment(piece.Commitment, piece.CarSize, PieceSize.Padded(piece.CarSize));
        return PieceRecord.Of(root, commitment, piece.PayloadSize, "data", piece.Files) with { Inline = isInline };
    }
}
