using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Unixfs;

namespace DataPrep.Verification;

/// <summary>Holds the parameters that <c>dataset.json</c> gives against what can be seen of them in the DAG. Each is reported once.</summary>
internal sealed class ParameterVerifier(FindingLog log, string datasetFile, DatasetRecord dataset)
{
    private readonly HashSet<string> reported = [];

    /// <summary>Of the record alone.</summary>
    public void Check()
    {
        if (UnixFsProfile.ByName(dataset.Profile) is null)
            Report("profile", $"there is no profile '{dataset.Profile}'");
        else if (dataset.DagProfile() is not { } profile)
            Report("hamtEstimation", $"there is no hamtEstimation '{dataset.HamtEstimation}'");
        else if (profile.Problem() is { } problem)
            Report("problem", problem);
    }

    /// <summary>Of an entry that has a record.</summary>
    public void Check(string path, DagEntry entry)
    {
        if (entry.Cid.Codec == Multicodec.DagPb && entry.Cid.Version != dataset.CidVersion)
            Report("cidVersion", $"cidVersion is {dataset.CidVersion}, but '{path}' is {entry.Cid}");
        if ((entry.Metadata.Mode is not null) != (dataset.PreserveMode && entry.Type != UnixFsType.Symlink))
            Report("preserveMode", $"preserveMode is {Word(dataset.PreserveMode)}, but '{path}' is {entry.Cid}, {(entry.Metadata.Mode is null ? "without" : "with")} a mode");
        if ((entry.Metadata.Mtime is not null) != dataset.PreserveMtime)
            Report("preserveMtime", $"preserveMtime is {Word(dataset.PreserveMtime)}, but '{path}' is {entry.Cid}, {(entry.Metadata.Mtime is null ? "without" : "with")} a time");
    }

    /// <summary>Of the leaf at a place where a part begins.</summary>
    public void Check(string path, DagEntry file, in DagLeaf leaf)
    {
        long length = Math.Min(dataset.ChunkSize, file.Size - leaf.Offset);
        if (leaf.Length != length)
            Report("chunkSize", $"chunkSize is {dataset.ChunkSize}, but a leaf at {leaf.Offset} of '{path}' has {leaf.Length} bytes");
        bool isRaw = dataset.RawLeaves && (leaf.Siblings > 0 || file.Metadata.IsEmpty);
        if (isRaw != (leaf.Cid.Codec == Multicodec.Raw))
            Report("rawLeaves", $"rawLeaves is {Word(dataset.RawLeaves)}, but a leaf of '{path}' is {leaf.Cid}");
        // At the beginning of a file its nodes are as full as they can be.
        if (leaf.Offset == 0 && leaf.Siblings > 0 && leaf.Siblings != Math.Min(dataset.MaxLinks, ((file.Size - 1) / Math.Max(1, leaf.Length)) + 1))
            Report("maxLinks", $"maxLinks is {dataset.MaxLinks}, but the first node of '{path}' has {leaf.Siblings} links");
    }

    private static string Word(bool value) => value ? "true" : "false";

    private void Report(string parameter, string problem)
    {
        if (reported.Add(parameter))
            log.Error("manifest", datasetFile, -1, problem);
    }
}
