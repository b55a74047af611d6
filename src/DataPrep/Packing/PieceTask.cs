using System.Diagnostics;
using System.Security.Cryptography;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;
using DataPrep.Unixfs;

namespace DataPrep.Packing;

/// <summary>
/// Makes one data piece of a plan, as a task of an array does: reads the piece's share of the plan, goes on from the journal that an earlier try has left, perhaps
/// on another machine, and writes the receipt last. A second run of the same task does no harm.
/// </summary>
/// <param name="options">How to run; what decides the output is taken from the plan.</param>
internal sealed class PieceTask(PackOptions options, string planPath, PackCounters progress, CancellationToken cancel)
{
    /// <exception cref="UsageException">The plan has no such piece.</exception>
    /// <exception cref="PassingFaultException">Another task is making the piece.</exception>
    /// <exception cref="IOException">OUT cannot be written, has too little room, or holds pieces of another plan.</exception>
    /// <exception cref="Ipld.MalformedDataException">The plan is damaged.</exception>
    public TaskResult Run(int number) => ObservedRun.Of("task", progress, run => run.Made(Make(number)));

    private TaskResult Make(int number)
    {
        var clock = Stopwatch.StartNew();
        var (outline, found) = PlanFile.ReadShare(planPath, number);
        var share = found ?? throw new UsageException($"--piece {number}: the {outline.Pieces} pieces of {planPath} have the numbers 0 to {outline.Pieces - 1}");
        var header = PlanHeader.Decode(outline.Header, planPath);
        // What an earlier version has is marked in the share.
        var fixedOptions = header.Apply(options, planPath) with { Previous = null };
        OptionCheck.Require(fixedOptions);
        var array = new ArrayFolder(options.Output);
        if (File.Exists(array.Main.FileOf(RecordFile.Dataset)))
        {
            // A task that comes late, of a plan whose dataset is finished.
            return new PresentDataset(array.Main).IsLike(header.Dataset)
                ? new TaskResult(number, null, true, 0, clock.Elapsed)
                : throw new IOException($"{array.Main.Path} holds another dataset, which is finished; choose another folder for the pieces of {planPath}");
        }

        var task = array.Task(number);
        options.Target?.Begin(task);
        array.Join(ArrayNote.Of(planPath, header, outline));
        if (array.Find(number, outline.Seal, fixedOptions.Inline, options.Target, out string? problem) is { } done)
            return Result(done, alreadyDone: true);
        if (problem is not null)
            options.Warn($"piece {number} was made before, but {problem}: it is made again");

        PieceReceipt receipt;
        using (var hold = TryHold(task, number, () => array.Find(number, outline.Seal, fixedOptions.Inline, options.Target, out _) is not null))
        {
            // Whoever was before us has perhaps just ended it.
            if (array.Find(number, outline.Seal, fixedOptions.Inline, options.Target, out _) is { } other)
                return Result(other, alreadyDone: true);
            receipt = Make(fixedOptions, task, share, outline.Seal, header, array.ReceiptOf(number));
        }

        try
        {
            Directory.Delete(task.Work, recursive: true);
        }
        catch (IOException)
        {
            // A duplicate of this task may be looking, and finds the receipt. Finishing removes what is left.
        }

        return Result(receipt, alreadyDone: false);

        TaskResult Result(PieceReceipt receipt, bool alreadyDone)
        {
            var piece = receipt.Piece is null ? null : Workspace.RecordOf(PieceDone.Read(receipt.Piece), fixedOptions.Inline);
            return new TaskResult(number, piece, alreadyDone, receipt.Changes.Count, clock.Elapsed);
        }
    }

    /// <summary>Keeps other tasks from the piece; null where one of them has ended it, and taken the folder away.</summary>
    private static IDisposable? TryHold(OutputFolder task, int number, Func<bool> isDone)
    {
        try
        {
            return task.Hold();
        }
        catch (BusyException)
        {
            throw new PassingFaultException($"another task is making piece {number} in {task.Path}; run this one again when that has ended");
        }
        catch (IOException) when (isDone())
        {
            return null;
        }
    }

    private PieceReceipt Make(PackOptions fixedOptions, OutputFolder task, PlanShare share, byte[] seal, PlanHeader header, string receiptPath)
    {
        // That there are dag pieces tells it from a dataset that is one piece.
        var plan = new PackPlan(share.Tree, [share.Range], header.DagSizes, header.Dataset, null) { Ongoing = share.OngoingFolders };
        if (plan.IsOnePiece)
            plan = plan.LaidOutAgain(fixedOptions.Profile, fixedOptions.Capacity);
        var folders = new PieceFolders([task], fixedOptions.Target);
        fixedOptions.Target?.Tidy();
        byte[] key = SHA256.HashData([.. seal, .. BitConverter.GetBytes(share.Number)]);
        using var handOver = new PieceHandOver(fixedOptions, task, cancel);
        using var space = Workspace.OfTask(task, plan, key);
        if (space.IsResumed)
            options.Resumed($"going on with piece {share.Number}, which an earlier task has begun");
        RequireRoom(folders, plan, fixedOptions);
        using var run = new DatasetRun(fixedOptions, space, header, folders, handOver, progress, cancel);
        PieceRecord? piece;
        try
        {
            piece = run.MakePiece();
        }
        catch (SourceChangedException e)
        {
            throw new IOException($"{e.Message}; to go on with its new state, run the command again with --on-change retry");
        }
        catch (PlanOutdatedException e)
        {
            throw new IOException($"{e.Message}, since files have changed: make a new plan, and pack that into another folder", e);
        }

        handOver.Finish();
        var receipt = new PieceReceipt(share.Number, piece is null ? null : Payload(share.Number, piece), piece?.Sha256 ?? "", piece is not null && handOver.WasHandedOn(piece.PieceCid), [.. space.Changes.Select(change => InWhole(change, share))]);
        receipt.Write(receiptPath, task.TemporaryOf("receipt"), seal, share, run.Entries, [.. CutLeaves(fixedOptions.Profile, share, space.Changed)]);
        return receipt;
    }

    private static void RequireRoom(PieceFolders folders, PackPlan plan, PackOptions options)
    {
        long needed = options.Inline || options.Target is not null ? 0 : Math.Max(plan.Pieces[0].CarSize, options.LeastCarSize) - folders.Unfinished;
        folders.Reserve = !options.Inline;
        if (folders.FreeSpace is var free && free < needed)
            throw new IOException($"too little room in {folders.Main.Path}: {needed} bytes are needed, {free} are free");
    }

    private static byte[] Payload(int number, PieceRecord piece)
    {
        var done = Workspace.Done(number, piece, piece.Commitment().Root);
        byte[] payload = new byte[done.Length];
        done.Write(payload);
        return payload;
    }

    private static byte[] InWhole(byte[] payload, PlanShare share)
    {
        var change = EntryChanged.Read(payload);
        var moved = new EntryChanged { Entry = share.Origin(change.Entry), Stamp = change.Stamp, Tag = change.Tag, Reason = change.Reason, Detail = change.Detail };
        byte[] whole = new byte[moved.Length];
        moved.Write(whole);
        return whole;
    }

    /// <summary>The leaves in the piece of files of which other parts lie in other pieces.</summary>
    private static IEnumerable<LeafRun> CutLeaves(UnixFsProfile profile, PlanShare share, ChangedFiles changed)
    {
        var (begin, end) = (share.Range.Begin, share.Range.End);
        foreach (int entry in (int[])[begin.Entry, end.Entry])
        {
            if (entry >= share.Tree.Count || share.Tree[entry].Kind != EntryKind.File || !changed.Takes(entry, 0) || (entry == end.Entry && end.Leaf == 0))
                continue;
            long leaves = BalancedFile.LeafCount(profile, share.Tree[entry].Size);
            var run = new LeafRun(entry, entry == begin.Entry ? begin.Leaf : 0, entry == end.Entry ? end.Leaf : leaves);
            if (run.First > 0 || run.End < leaves)
                yield return run;
            if (begin.Entry == end.Entry)
                yield break;
        }
    }
}

/// <param name="Piece">What was made; null where all that was to be in it has changed.</param>
/// <param name="AlreadyDone">Whether it was there before.</param>
/// <param name="Changes">How often something was decided of files that changed on the way.</param>
internal sealed record TaskResult(int Number, PieceRecord? Piece, bool AlreadyDone, int Changes, TimeSpan Elapsed);
