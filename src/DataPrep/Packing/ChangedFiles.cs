using System.Text;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// What is decided of files that are not what was scanned. In a dataset of one piece a changed file keeps its place;
/// else it is packed in a later round, or the pieces behind it would all become others.
/// </summary>
internal sealed class ChangedFiles(SourceTree tree, bool inPlace)
{
    private const int MostAttempts = 3;
    private readonly Dictionary<int, int> attempts = [];
    private readonly Dictionary<int, int> rounds = [];
    private readonly List<(int Order, int Entry)> history = [];

    /// <summary>Whether all is as it was scanned.</summary>
    public bool IsEmpty => attempts.Count == 0;

    /// <summary>The round of cutting with which a file is packed; 0 for what has not changed.</summary>
    public int RoundOf(int entry) => rounds.GetValueOrDefault(entry);

    /// <summary>Whether files wait for a round.</summary>
    public bool AnyIn(int round) => rounds.Any(pair => pair.Value == round && tree[pair.Key].Kind != EntryKind.Removed);

    /// <summary>Whether an entry is packed with a round.</summary>
    public bool Takes(int entry, int round) => tree[entry].Kind != EntryKind.Removed && RoundOf(entry) == round;

    /// <summary>The entries that were decided on after a moment.</summary>
    public IEnumerable<int> Since(int order) => history.Where(change => change.Order >= order).Select(change => change.Entry);

    /// <summary>Decides: a file is taken in its new state, or left out.</summary>
    /// <param name="remote">Where the file is, if it is no local one.</param>
    /// <param name="warn">Is told what is decided.</param>
    /// <returns>What is to be noted in the journal.</returns>
    public EntryChanged Decide(SourceChangedException change, OnChange onChange, IRemoteSource? remote, Action<string> warn, CancellationToken cancel = default)
    {
        bool again = onChange == OnChange.Retry && change.Reason == "changed" && attempts.GetValueOrDefault(change.Entry) < MostAttempts;
        FileStamp? taken = null;
        byte[] tag = [];
        if (again && remote is not null)
        {
            var now = remote.StateOf(tree, change.Entry, cancel);
            (taken, tag) = (now?.Stamp, now?.TagBytes ?? []);
        }
        else if (again && Posix.StatPath(tree.Location(change.Entry), out var stamp) == 0 && stamp.Type == Posix.S_IFREG)
        {
            taken = stamp;
        }

        warn(taken is null ? $"{change.Message}; left out"
            : inPlace ? $"{change.Message}; packing it again with its new state"
            : $"{change.Message}; packing it again with its new state, when all else is done");
        return new EntryChanged { Entry = change.Entry, Stamp = taken, Tag = tag, Reason = Encoding.UTF8.GetBytes(change.Reason), Detail = Encoding.UTF8.GetBytes(change.Detail) };
    }

    /// <summary>Takes over a decision.</summary>
    /// <param name="order">Its place among all that is noted.</param>
    public void Apply(in EntryChanged change, int order)
    {
        attempts[change.Entry] = attempts.GetValueOrDefault(change.Entry) + 1;
        history.Add((order, change.Entry));
        if (change.Stamp is not { } stamp)
        {
            tree.Remove(change.Entry, Encoding.UTF8.GetString(change.Reason), Encoding.UTF8.GetString(change.Detail));
            return;
        }

        tree.Renew(change.Entry, stamp, change.Tag);
        if (!inPlace)
            rounds[change.Entry] = RoundOf(change.Entry) + 1;
    }
}
