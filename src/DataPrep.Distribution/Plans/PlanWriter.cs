using DataPrep.Distribution.Drives;
using DataPrep.Distribution.Exports;
using DataPrep.Distribution.Tables;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Distribution.Plans;

/// <summary>
/// Writes a plan: <c>distribution/plan.jsonl</c>, and for each provider that has pieces a folder with their <c>pieces.jsonl</c> and the hand-over file. All is made in the
/// work folder and flushed; then each file is put in its place, the plan first: a provider is never told of a piece that the plan does not give it.
/// </summary>
/// <param name="media">Bytes of the drives that pieces are sent on; null where none are planned.</param>
internal sealed class PlanWriter(OutputFolder output, DistributionPlan plan, IReadOnlyList<HandOverForm> forms, long? media, CancellationToken cancel)
{
    private readonly Lazy<ExportDataset> dataset = new(() => new ExportDataset(output.Path));
    private readonly IReadOnlyList<DriveRecord> earlier = media is null || plan.IsAnew ? [] : DrivePlan.Read(output.Path);
    private readonly string work = output.WorkFile(EarlierPlan.Folder), target = output.FileOf(EarlierPlan.Folder);

    /// <summary>The dataset's own names for what a provider has of it.</summary>
    private static string Manifest => RecordFile.Pieces;

    /// <summary>The drives that were planned.</summary>
    public List<DriveRecord> Drives { get; } = [];

    /// <exception cref="InvalidDataException">Who reads a provider's hand-over file cannot take the pieces.</exception>
    /// <exception cref="IOException">It cannot be written, another run is at work, or a piece does not fit on a drive.</exception>
    public void Write()
    {
        using var held = output.Hold();
        try
        {
            Clear();
            var files = Make();
            cancel.ThrowIfCancellationRequested();
            Directory.CreateDirectory(target);
            Flush(output.Path);
            foreach (string file in files)
                Place(file);
            RemoveOthers(files);
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>Those whose method says so; where no provider has a method, all.</summary>
    private bool GetsDrives(StorageProvider provider) =>
        string.Equals(provider.Method, HandOverForms.Drive, StringComparison.OrdinalIgnoreCase) || plan.Fleet.Providers.All(any => any.Method is null);

    private void Clear()
    {
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
    }

    /// <summary>Writes and flushes all files in the work folder; returns their names in the order in which they are to be placed.</summary>
    private List<string> Make()
    {
        var files = new List<string>();
        var open = new Dictionary<string, FileStream>();
        try
        {
            var lines = Open(EarlierPlan.FileName);
            var (manifests, handOvers) = (new FileStream?[plan.Fleet.Count], new FileStream?[plan.Fleet.Count]);
            using var text = new MemoryStream();
            foreach (var (piece, providers) in plan.Lines())
            {
                cancel.ThrowIfCancellationRequested();
                RecordFile.WriteLines(lines, [plan.RecordOf(piece, providers)], PlanJson.Default.PlanRecord);
                text.SetLength(0);
                RecordFile.WriteLines(text, [piece], RecordWriting.Default.PieceRecord);
                foreach (int i in providers)
                {
                    var provider = plan.Fleet.Providers[i];
                    manifests[i] ??= Open(Path.Join(provider.Id, Manifest));
                    manifests[i]!.Write(text.GetBuffer(), 0, (int)text.Length);
                    if (forms[i] is not LineForm form)
                        continue;
                    if (handOvers[i] is null)
                    {
                        handOvers[i] = Open(Path.Join(provider.Id, form.FileName));
                        handOvers[i]!.Write(form.Begin);
                    }

                    handOvers[i]!.Write(form.Of(piece));
                }
            }

            for (int i = 0; i < manifests.Length; i++)
            {
                if (manifests[i] is { } manifest)
                    MakeOfList(i, manifest);
            }

            if (Drives.Count > 0)
                RecordFile.WriteLines(Open(DrivePlan.FileName), Drives, DriveJson.Default.DriveRecord);
            foreach (var (name, file) in open)
            {
                file.Flush();
                OutputFolder.Sync(file.SafeFileHandle, Path.Join(work, name));
            }

            return files;
        }
        finally
        {
            foreach (var file in open.Values)
                file.Dispose();
        }

        void MakeOfList(int provider, FileStream manifest)
        {
            manifest.Flush();
            var storage = plan.Fleet.Providers[provider];
            if (forms[provider] is ExportForm export)
                export.Write(storage, dataset.Value, Pieces(), Open(Path.Join(storage.Id, export.FileName)), cancel);
            if (media is { } capacity && GetsDrives(storage))
                Drives.AddRange(DrivePlan.Of(storage.Id, [.. Pieces()], earlier.Where(drive => drive.Provider == storage.Id), capacity));

            IEnumerable<PieceRecord> Pieces() => RecordFile.PieceLinesOf(manifest.Name).Select(line => line.Record);
        }

        FileStream Open(string name)
        {
            string path = Path.Join(work, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            files.Add(name);
            return open[name] = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16);
        }
    }

    private void Place(string name)
    {
        string folder = Path.GetDirectoryName(Path.Join(target, name))!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            Flush(target);
        }

        OutputFolder.Place(Path.Join(work, name), Path.GetFileName(name), folder);
    }

    /// <summary>Removes what an earlier plan has told providers who are not in this one, or in another form. What is not ours stays.</summary>
    private void RemoveOthers(List<string> files)
    {
        var kept = files.Select(name => Path.Join(target, name)).ToHashSet(StringComparer.Ordinal);
        var ours = HandOverForms.FileNames.Append(Manifest).ToHashSet(StringComparer.Ordinal);
        foreach (string folder in Directory.GetDirectories(target))
        {
            foreach (string file in Directory.GetFiles(folder).Where(file => ours.Contains(Path.GetFileName(file)) && !kept.Contains(file)))
                File.Delete(file);
            if (!Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
    }

    private static void Flush(string folder) => OutputFolder.Check(Posix.FlushFolder(folder), "flush", folder);
}
