using System.Diagnostics;
using System.Runtime.ExceptionServices;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>
/// Hands finished pieces on to a command, or moves them to another disk, one at a time and beside the hashing. What fails is tried once more at the
/// end, or before, when no room is left for another piece. Where neither is asked for, only knows what was handed on before.
/// </summary>
internal sealed class PieceHandOver(PackOptions options, OutputFolder folder, CancellationToken cancel) : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);
    private readonly HandedOn handedOn = new(folder);
    private readonly PieceMove? move = options.MoveTo is { } disk ? new PieceMove(folder, new OutputFolder(disk)) : null;
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);

    // All below is guarded by the gate.
    private readonly object gate = new();
    private readonly HashSet<string> claimed = new(StringComparer.Ordinal);
    private readonly Dictionary<int, long> making = [];
    private readonly Queue<PieceRecord> waiting = [];
    private readonly List<PieceRecord> failed = [];
    private readonly List<PieceRecord> givenUp = [];
    private readonly HashSet<PieceRecord> secondTries = [];
    private PieceRecord? current;
    private Thread? thread;
    private ExceptionDispatchInfo? failure;

    private bool IsIdle => waiting.Count == 0 && current is null;

    private long Staged => making.Values.Sum() + waiting.Concat(failed).Concat(givenUp).Append(current).Sum(piece => piece?.CarSize ?? 0);

    /// <summary>Whether the command has taken a piece over, so that its CAR may be gone.</summary>
    public bool WasHandedOn(string pieceCid) => handedOn.Contains(pieceCid);

    /// <summary>Waits until there is room for another piece.</summary>
    /// <param name="number">Of the piece within the dataset; one that was begun before has its room.</param>
    /// <exception cref="IOException">There will be none, since the command fails.</exception>
    public void Begin(int number, long size, CancellationToken engine)
    {
        lock (gate)
        {
            if (options.MaxStaged is not { } most)
                return;
            _ = making.Remove(number);
            while (Staged + size > most && (making.Count > 0 || !IsIdle || failed.Count + givenUp.Count > 0))
            {
                if (making.Count == 0 && IsIdle)
                    TryAgain("the next piece has no room within --max-staged");
                Await(engine);
            }

            making.Add(number, size);
        }
    }

    /// <summary>A piece that was begun is not made after all.</summary>
    public void Forget(int number)
    {
        lock (gate)
        {
            _ = making.Remove(number);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Whether a finished piece is to get its name: not where the command has, or is about to get, an equal one.</summary>
    public bool Claim(PieceRecord piece)
    {
        lock (gate)
            return !handedOn.Contains(piece.PieceCid) && (!options.HandsOn || claimed.Add(piece.PieceCid));
    }

    /// <summary>Takes a piece that stands under its name.</summary>
    public void Take(int number, PieceRecord piece)
    {
        lock (gate)
        {
            _ = making.Remove(number);
            if (options.HandsOn && !handedOn.Contains(piece.PieceCid))
            {
                waiting.Enqueue(piece);
                Start();
            }

            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Returns when all pieces have been handed on.</summary>
    /// <exception cref="IOException">The command failed twice for some.</exception>
    public void Finish()
    {
        lock (gate)
        {
            while (!IsIdle || failed.Count > 0)
            {
                if (IsIdle)
                    TryAgain("");
                Await(CancellationToken.None);
            }

            failure?.Throw();
            if (givenUp.Count > 0)
                throw Failed($"the dataset in {folder.Path} is complete, but");
        }
    }

    /// <summary>Ends a command that is still running: it gets its piece again in the next run.</summary>
    public void Dispose()
    {
        stop.Cancel();
        lock (gate)
            Monitor.PulseAll(gate);
        thread?.Join();
        stop.Dispose();
    }

    /// <summary>Those that failed once get their second chance; where that is used up, the run ends.</summary>
    private void TryAgain(string consequence)
    {
        if (failed.Count == 0)
            throw Failed($"{consequence}, since");
        secondTries.UnionWith(failed);
        failed.ForEach(waiting.Enqueue);
        failed.Clear();
        Monitor.PulseAll(gate);
    }

    private IOException Failed(string what) =>
        new($"{what} {(move is null ? "the command of --on-piece" : "--move-to")} failed twice for {givenUp.Count} piece{(givenUp.Count == 1 ? "" : "s")}, the first of them {folder.FileOf(givenUp[0].CarFile)}; run the same command again to hand on what is left");

    private void Await(CancellationToken engine)
    {
        _ = Monitor.Wait(gate, Glance);
        failure?.Throw();
        cancel.ThrowIfCancellationRequested();
        engine.ThrowIfCancellationRequested();
    }

    private void Start()
    {
        if (thread is not null)
            return;
        thread = new Thread(Work) { IsBackground = true, Name = "hand over" };
        thread.Start();
    }

    private void Work()
    {
        try
        {
            while (Next() is { } piece)
            {
                bool isSecondTry;
                lock (gate)
                    isSecondTry = secondTries.Contains(piece);
                bool isDone = move is null ? Run(piece, isSecondTry) : Move(piece, isSecondTry);
                // What was moved stands in OUT as before, as a link.
                if (isDone && move is null)
                    handedOn.Add(piece.PieceCid);
                lock (gate)
                {
                    current = null;
                    if (!isDone)
                        (isSecondTry ? givenUp : failed).Add(piece);
                    Monitor.PulseAll(gate);
                }
            }
        }
#pragma warning disable CA1031 // Handed on to whoever waits
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (gate)
            {
                failure = ExceptionDispatchInfo.Capture(e);
                Monitor.PulseAll(gate);
            }
        }
    }

    private PieceRecord? Next()
    {
        lock (gate)
        {
            while (waiting.Count == 0 && !stop.IsCancellationRequested)
                _ = Monitor.Wait(gate);
            return stop.IsCancellationRequested ? null : current = waiting.Dequeue();
        }
    }

    /// <summary>Moves a piece; whether that went well.</summary>
    private bool Move(PieceRecord piece, bool isSecondTry)
    {
        try
        {
            move!.Move(piece, stop.Token);
            return true;
        }
        catch (IOException e)
        {
            options.Warn($"--move-to: {e.Message}{(isSecondTry ? "" : "; it will be tried again")}");
            return false;
        }
    }

    /// <summary>Runs the command for a piece; whether it did what it should.</summary>
    private bool Run(PieceRecord piece, bool isSecondTry)
    {
        string link = folder.FileOf(piece.CarFile);
        string car = new FileInfo(link).LinkTarget ?? link;
        // Standard output is for results.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec /bin/sh -c \"$1\" >&2 </dev/null", "sh", options.OnPiece!]);
        start.Environment["DATAPREP_PIECE_CID"] = piece.PieceCid;
        start.Environment["DATAPREP_PIECE_CID_V2"] = piece.PieceCidV2;
        start.Environment["DATAPREP_PIECE_SIZE"] = Text(piece.PieceSize);
        start.Environment["DATAPREP_CAR_SIZE"] = Text(piece.CarSize);
        start.Environment["DATAPREP_CAR_FILE"] = car;
        start.Environment["DATAPREP_TREE_FILE"] = StoredPiece.SidecarIn(folder.Path, piece);
        start.Environment["DATAPREP_ROOT_CID"] = piece.RootCid;
        start.Environment["DATAPREP_KIND"] = piece.Kind;
        using var process = Process.Start(start)!;
        while (!process.WaitForExit(Glance))
        {
            if (stop.IsCancellationRequested)
                process.Kill(entireProcessTree: true);
        }

        stop.Token.ThrowIfCancellationRequested();
        if (process.ExitCode == 0)
        {
            if (car != link && !File.Exists(car))
                File.Delete(link); // it leads nowhere now
            return true;
        }

        options.Warn($"--on-piece: the command ended with {process.ExitCode} for {car}{(isSecondTry ? "" : "; it will be run again")}");
        return false;
    }

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
