using DataPrep.Packing;
using DataPrep.Planning;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Packing;

/// <summary>A dataset that is made by tasks, each of which reads its share of a plan.</summary>
internal sealed class ArrayRun
{
    private readonly PackOptions options;

    /// <param name="options">Those of a run on one machine; the tasks take what decides the output from the plan.</param>
    public ArrayRun(PackOptions options, string output)
    {
        string folder = Directory.CreateDirectory(output + "-plan").FullName;
        (_, Plan, Hash) = new DatasetPacker(options with { Output = "", Reader = null }, new PackCounters(), TestContext.Current.CancellationToken).WritePlan(folder);
        this.options = new PackOptions { Sources = [], Output = output, Threads = options.Threads, Checkpoint = TimeSpan.Zero, OnChange = options.OnChange };
        Pieces = PlanFile.ReadOutline(Plan).Pieces;
    }

    public string Plan { get; }

    public byte[] Hash { get; }

    /// <summary>Number of data pieces.</summary>
    public int Pieces { get; }

    public string Output => options.Output;

    public string ReceiptOf(int number) => new ArrayFolder(Output).ReceiptOf(number);

    public TaskResult Make(int number, Func<SourceTree, ISourceReader>? reader = null, CancellationToken? cancel = null) =>
        new PieceTask(options with { Reader = reader }, Plan, new PackCounters(), cancel ?? TestContext.Current.CancellationToken).Run(number);

    public IReadOnlyList<int> Missing() => Finisher.Missing();

    public PackResult Finish() => Finisher.Run();

    private DatasetFinisher Finisher => new(options, Plan, new PackCounters(), TestContext.Current.CancellationToken);
}
