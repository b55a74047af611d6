using DataPrep.Ipld;
using DataPrep.Piece;
using DataPrep.Planning;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>How far the dataset in OUT has come.</summary>
internal enum DatasetState
{
    Complete,

    /// <summary>A run is at work.</summary>
    Running,

    /// <summary>A run was broken off; the same command goes on.</summary>
    Interrupted,
}

/// <summary>What stands in OUT. Found without changing anything, also while a run is at work.</summary>
internal sealed record DatasetStatus
{
    public required DatasetState State { get; init; }

    /// <summary>The plan whose pieces tasks make here; null where there are no tasks.</summary>
    public string? Plan { get; init; }

    /// <summary>Null where a run has not got as far as a plan.</summary>
    public string? Name { get; init; }

    public string? RootCid { get; init; }

    /// <summary>Pieces that the dataset has or is planned to have, dag pieces among them; null for a stream, of which nobody knows before its end.</summary>
    public long? Pieces { get; init; }

    public long PiecesFinished { get; init; }

    /// <summary>Bytes of the CARs of all pieces, without zero-fill; null for a stream, and where tasks make pieces.</summary>
    public long? Bytes { get; init; }

    public long BytesFinished { get; init; }

    /// <summary>Bytes that are finished of pieces in the making.</summary>
    public long BytesInMaking { get; init; }

    /// <summary>Files that changed and were, or will be, packed in their new state; known while the dataset is not complete.</summary>
    public long Changed { get; init; }

    /// <summary>Inputs left out.</summary>
    public long Skipped { get; init; }

    /// <summary>Bytes on disk of what runs keep in the work folders.</summary>
    public long LeftoverBytes { get; init; }

    /// <exception cref="IOException">OUT holds nothing that pack has made, or cannot be read.</exception>
    /// <exception cref="MalformedDataException">A record, plan or journal is damaged.</exception>
    public static DatasetStatus Of(string path)
    {
        var folder = new OutputFolder(path);
        try
        {
            return Read(folder);
        }
        catch (FileNotFoundException)
        {
            // A run that ended meanwhile has taken its files away.
            return Read(folder);
        }
    }

    private static DatasetStatus Read(OutputFolder folder)
    {
        var leftovers = new Leftovers(folder);
        var status = leftovers.IsComplete ? Complete(folder)
            : Workspace.PlanIn(folder.Work) is { } plan ? Unfinished(folder, plan)
            : new ArrayFolder(folder.Path) is var array && array.Read() is { } note ? OfTasks(array, note)
            : new DatasetStatus { State = DatasetState.Interrupted, Pieces = 0, Bytes = 0 };
        var files = leftovers.WorkFiles();
        bool isRunning = folder.IsHeld();
        if (files.Count == 0 && !isRunning && status.State != DatasetState.Complete)
            throw new IOException($"{folder.Path} holds neither a dataset nor anything of a run that was broken off");
        return status with
        {
            State = isRunning && status.State == DatasetState.Interrupted ? DatasetState.Running : status.State,
            LeftoverBytes = Leftovers.SizeOf(files.Concat(leftovers.MoreFolders().SelectMany(more => new Leftovers(more).WorkFiles()))),
        };
    }

    private static DatasetStatus Complete(OutputFolder folder)
    {
        var dataset = RecordFile.Read(folder.FileOf(RecordFile.Dataset), RecordJson.Default.DatasetRecord);
        var pieces = RecordFile.ReadPieces(folder.Path);
        long bytes = pieces.Sum(piece => piece.PayloadSize);
        return new DatasetStatus
        {
            State = DatasetState.Complete,
            Name = dataset.Name,
            RootCid = dataset.RootCid,
            Pieces = pieces.Count,
            PiecesFinished = pieces.Count,
            Bytes = bytes,
            BytesFinished = bytes,
            Skipped = dataset.Skipped,
        };
    }

    private static DatasetStatus OfTasks(ArrayFolder array, ArrayNote note)
    {
        byte[] seal = Convert.FromHexString(note.Seal);
        var made = array.Done.Select(number => array.Read(number, seal)?.Piece).OfType<byte[]>().Select(payload => PieceDone.Read(payload).PayloadSize).ToList();
        return new DatasetStatus
        {
            State = array.Begun.Any(number => array.Task(number).IsHeld()) ? DatasetState.Running : DatasetState.Interrupted,
            Plan = note.Plan,
            Name = note.Name,
            Pieces = note.Pieces + note.DagPieces,
            PiecesFinished = made.Count,
            BytesFinished = made.Sum(),
            BytesInMaking = array.Begun.SelectMany(number => Directory.EnumerateFiles(array.Task(number).Work, "piece-*.part")).Sum(file => Posix.AllocatedSize(PathText.FromArgument(file))),
        };
    }

    private static DatasetStatus Unfinished(OutputFolder folder, string path)
    {
        var plan = PlanFile.Read(path, out byte[] hash);
        var header = PlanHeader.Decode(plan.Header, path);
        bool isStream = header.Sources is [StreamTree.Source];
        var pieces = plan.Pieces.Concat(Rounds(folder).SelectMany(round => PlanFile.Read(round).Pieces)).Select(piece => piece.CarSize).ToList();
        var seen = new Noted();
        string journal = folder.WorkFile(Workspace.JournalFile);
        if (File.Exists(journal))
            Journal.Read(journal, hash, seen.Take);
        return new DatasetStatus
        {
            State = DatasetState.Interrupted,
            Name = header.Dataset.Name,
            Pieces = isStream ? null : pieces.Count + header.DagSizes.Count,
            PiecesFinished = seen.Finished.Count,
            Bytes = isStream ? null : pieces.Sum() + header.DagSizes.Sum(),
            BytesFinished = seen.Finished.Values.Sum(),
            BytesInMaking = seen.Slabs.Where(slab => !seen.Finished.ContainsKey(slab.Key.Piece)).Sum(slab => slab.Value),
            Changed = seen.Changes.Values.Count(isTaken => isTaken),
            Skipped = plan.Tree.Skipped.Count + seen.Changes.Values.Count(isTaken => !isTaken),
        };
    }

    private static IEnumerable<string> Rounds(OutputFolder folder) =>
        Directory.EnumerateDirectories(folder.Work, "round-*").Select(Workspace.PlanIn).OfType<string>();

    /// <summary>What a journal says, summed up.</summary>
    private sealed class Noted
    {
        /// <summary>Payload bytes of finished pieces.</summary>
        public Dictionary<int, long> Finished { get; } = [];

        /// <summary>Bytes of slabs. One that had to be made again counts once.</summary>
        public Dictionary<(int Piece, long Slab), long> Slabs { get; } = [];

        /// <summary>By entry, whether it was taken in a new state.</summary>
        public Dictionary<int, bool> Changes { get; } = [];

        public void Take(JournalKind kind, ReadOnlySpan<byte> payload)
        {
            switch (kind)
            {
                case JournalKind.SlabDone:
                    var slab = SlabDone.Read(payload);
                    Slabs[(slab.Piece, slab.Slab)] = slab.Nodes.Length / PieceSize.NodeLength * (long)SubTreeHasher.SegmentRaw;
                    break;
                case JournalKind.PieceDone:
                    var piece = PieceDone.Read(payload);
                    Finished[piece.Piece] = piece.PayloadSize;
                    break;
                case JournalKind.EntryChanged:
                    var change = EntryChanged.Read(payload);
                    Changes[change.Entry] = change.Stamp is not null;
                    break;
            }
        }
    }
}
