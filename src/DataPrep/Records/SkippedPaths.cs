namespace DataPrep.Records;

/// <summary>The inputs that were left out of a dataset, for reasons that may be gone now.</summary>
internal sealed class SkippedPaths
{
    private readonly HashSet<string> paths;

    /// <exception cref="Ipld.MalformedDataException">The list is not what it should be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public SkippedPaths(string folder)
    {
        string file = Path.Join(folder, RecordFile.Skipped);
        paths = File.Exists(file) ? [.. RecordFile.ReadLines(file, RecordJson.Default.SkippedRecord).Select(line => line.Record.Path)] : [];
    }

    /// <summary>Whether a path, or a folder above it, was left out.</summary>
    public bool Cover(string path)
    {
        for (int slash = paths.Count == 0 ? 0 : path.Length; slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            if (paths.Contains(path[..slash]))
                return true;
        }

        return false;
    }
}
