using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Distribution.Plans;

/// <summary>
/// Writes a plan: <c>distribution/plan.jsonl</c>, and for each provider that has pieces a folder with their <c>pieces.jsonl</c> and the hand-over file. All is made in the
/// work folder and flushed; then each file is put in its place, the plan first: a provider is never told of a piece that the plan does not give it.
/// </summary>
internal sealed class PlanWriter(OutputFolder output, DistributionPlan plan, IReadOnlyList<HandOverForm> forms, CancellationToken cancel)
{
    private readonly string work = output.WorkFile(EarlierPlan.Folder), target = output.FileOf(EarlierPlan.Folder);

    /// <summary>The dataset's own names for what a provider has of it.</summary>
    private static string Manifest => RecordFile.Pieces;

    /// <exception cref="IOException">It cannot be written, or another run is at work.</exception>
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
                    if (handOvers[i] is null)
                    {
                        handOvers[i] = Open(Path.Join(provider.Id, forms[i].FileName));
                        handOvers[i]!.Write(forms[i].Begin(provider));
                    }

                    manifests[i]!.Write(text.GetBuffer(), 0, (int)text.Length);
                    handOvers[i]!.Write(forms[i].Of(piece, provider));
                }
            }

            for (int i = 0; i < handOvers.Length; i++)
                handOvers[i]?.Write(forms[i].End(plan.Fleet.Providers[i]));
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

        FileStream Open(string name)
        {
            string path = Path.Join(work, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            files.Add(name);
            return open[name] = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
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
        var ours = forms.Select(form => form.FileName).Append(Manifest).ToHashSet(StringComparer.Ordinal);
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
