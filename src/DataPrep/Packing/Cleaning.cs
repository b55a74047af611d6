using DataPrep.Ipld;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>Removes what broken-off runs have left in OUT, and in the folders over which they spread pieces.</summary>
internal sealed class Cleaning : IDisposable
{
    private readonly List<IDisposable> holds = [];

    /// <summary>Finds what there is to remove, and keeps runs out until disposed.</summary>
    /// <param name="warn">Is told what cannot be removed.</param>
    /// <exception cref="IOException">A run is at work, or OUT holds nothing that pack has made.</exception>
    public Cleaning(string path, Action<string> warn)
    {
        var folder = new OutputFolder(path);
        var leftovers = new Leftovers(folder);
        if (!Directory.Exists(folder.Work))
        {
            if (!leftovers.IsComplete)
                throw new IOException($"{folder.Path} holds neither a dataset nor anything of a run that was broken off");
            return;
        }

        try
        {
            holds.Add(folder.Hold());
            new ArrayFolder(folder.Path).RequireIdle();
            IReadOnlyList<OutputFolder> more = [];
            try
            {
                (Pieces, more) = (leftovers.PieceFiles(), leftovers.MoreFolders());
            }
            catch (MalformedDataException e)
            {
                warn($"{e.Message}: which finished pieces in {folder.Path} are of the run that was broken off cannot be told, so they stay");
            }

            var work = leftovers.WorkFiles().ToList();
            foreach (var other in more.Where(other => Directory.Exists(other.Work)))
            {
                holds.Add(other.Hold());
                // With a plan of its own it is the first folder of another run.
                if (Workspace.PlanIn(other.Work) is null)
                    work.AddRange(new Leftovers(other).WorkFiles());
            }

            WorkFiles = work;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Finished pieces that no manifest names: CARs, links to them, and trees.</summary>
    public IReadOnlyList<string> Pieces { get; } = [];

    /// <summary>Plans, journals, and pieces in the making.</summary>
    public IReadOnlyList<string> WorkFiles { get; } = [];

    /// <summary>Removes all of it. The journal names the pieces, so it goes after them.</summary>
    public void Remove()
    {
        Leftovers.Delete(Pieces);
        Leftovers.Delete(WorkFiles);
        foreach (string file in WorkFiles)
        {
            for (string below = Path.GetDirectoryName(file)!; Path.GetFileName(below) != OutputFolder.WorkFolder && Directory.Exists(below) && !Directory.EnumerateFileSystemEntries(below).Any(); below = Path.GetDirectoryName(below)!)
                Directory.Delete(below);
        }
    }

    public void Dispose() => holds.ForEach(hold => hold.Dispose());
}
