using DataPrep.Car;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Unixfs;

namespace DataPrep.Extraction;

/// <summary>What is read back: a packed dataset, or CARs that are taken together, so that what one links to may be in another.</summary>
internal sealed class DagSource : IDisposable
{
    private readonly PieceSet set;
    private readonly PackedDataset? dataset;

    private DagSource(PieceSet set, IReadOnlyList<Cid> roots, string? folder, PackedDataset? dataset)
    {
        (this.set, Roots, Folder, this.dataset) = (set, roots, folder, dataset);
        Blocks = new SharedBlocks(set);
    }

    public SharedBlocks Blocks { get; }

    public IReadOnlyList<Cid> Roots { get; }

    /// <summary>Folder of the dataset; null of CARs.</summary>
    public string? Folder { get; }

    /// <summary>Content bytes of the dataset; 0 of CARs, where it is not known.</summary>
    public long Bytes => dataset?.Record.Bytes ?? 0;

    /// <summary>Says what may be done about missing blocks, where something may.</summary>
    public string? Advice => dataset is { HasAll: false }
        ? $"{Folder} keeps content of the version {dataset.Record.Previous}, which is not where it was, or not with all its pieces: say where it is with --previous OLD_OUT"
        : null;

    /// <param name="targets">The folder of one dataset, or CARs.</param>
    /// <param name="previous">Folders of earlier versions, where these are not where they are noted to be.</param>
    /// <param name="onFault">Takes what is wrong with a CAR, whose blocks are then missing as far as they cannot be found. Called by whatever thread asks for a block.</param>
    /// <param name="source">Where the sources of inline pieces are; null for where they were.</param>
    /// <exception cref="IOException">A target is not there or cannot be read.</exception>
    /// <exception cref="MalformedDataException">A record is not what it should be, or no CAR has a root.</exception>
    public static DagSource Open(IReadOnlyList<string> targets, IReadOnlyList<string> previous, Action<Exception>? onFault = null, string? source = null)
    {
        if (targets.FirstOrDefault(Directory.Exists) is { } folder)
        {
            if (targets.Count > 1)
                throw new IOException($"{folder}: a dataset is read by itself, not with {targets.Count - 1} more");
            var dataset = PackedDataset.Open(folder, previous, onFault, source);
            return new DagSource(dataset.Blocks, [dataset.Root], folder, dataset);
        }

        var set = new PieceSet(source);
        try
        {
            var cars = new List<CarBlocks>();
            foreach (string path in targets)
            {
                var car = new CarBlocks(path, new CarReadOptions { AllowZeroPadding = true }, set.Files, onFault);
                cars.Add(car);
                set.Add(car);
            }

            Cid[] roots = [.. RootsOf(cars, set).Distinct()];
            return roots.Length > 0 ? new DagSource(set, roots, null, null) : throw new MalformedDataException("the CAR has no root", 0, targets[0]);
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (dataset is null)
            set.Dispose();
        else
            dataset.Dispose();
    }

    /// <summary>Of CARs of which some link to blocks of others, the roots of these: they join the rest, as the dag pieces of a dataset do.</summary>
    private static IEnumerable<Cid> RootsOf(List<CarBlocks> cars, PieceSet set)
    {
        var joining = cars.Count == 1 ? [] : cars.Where(car => car.Roots.Any(root => LeadsElsewhere(root, car, set))).ToList();
        return (joining.Count == 0 ? cars : joining).SelectMany(car => car.Roots);
    }

    private static bool LeadsElsewhere(Cid root, CarBlocks car, PieceSet set)
    {
        bool isElsewhere = false;
        var dag = new DagReader(car);
        return dag.Walk(root, onFault: (_, fault) => isElsewhere |= fault is MissingBlockException missing && set.Contains(missing.Cid)).Any(_ => isElsewhere) || isElsewhere;
    }
}
