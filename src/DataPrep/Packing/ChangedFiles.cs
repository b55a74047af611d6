using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>What is decided of files that are not what was scanned.</summary>
internal sealed class ChangedFiles(SourceTree tree, PackOptions options)
{
    private const int MostAttempts = 3;
    private readonly Dictionary<int, int> attempts = [];
    private readonly Dictionary<int, int> rounds = [];

    /// <summary>Whether all is as it was scanned.</summary>
    public bool IsEmpty => attempts.Count == 0;

    /// <summary>The round of cutting with which a file is packed; 0 for what has not changed.</summary>
    public int RoundOf(int entry) => rounds.GetValueOrDefault(entry);

    /// <summary>Whether files wait for a round.</summary>
    public bool AnyIn(int round) => rounds.Any(pair => pair.Value == round && tree[pair.Key].Kind != EntryKind.Removed);

    /// <summary>Whether an entry is packed with a round.</summary>
    public bool Takes(int entry, int round) => tree[entry].Kind != EntryKind.Removed && RoundOf(entry) == round;

    /// <summary>Takes a file's new state, to be packed with a later round, or takes it out of the dataset.</summary>
    /// <param name="round">The round that takes what changed.</param>
    public void Take(SourceChangedException change, int round)
    {
        int attempt = attempts[change.Entry] = attempts.GetValueOrDefault(change.Entry) + 1;
        bool again = options.OnChange == OnChange.Retry && change.Reason == "changed" && attempt <= MostAttempts;
        if (again && Posix.StatPath(tree.Location(change.Entry), out var stamp) == 0 && stamp.Type == Posix.S_IFREG)
        {
            options.Warn($"{change.Message}; packing it again with its new state{(round > 0 ? ", when all else is done" : "")}");
            tree.Renew(change.Entry, stamp);
            rounds[change.Entry] = round;
            return;
        }

        options.Warn($"{change.Message}; left out");
        tree.Remove(change.Entry, change.Reason, change.Detail);
    }
}
