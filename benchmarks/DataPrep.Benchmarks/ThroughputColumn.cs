using System.Globalization;
using System.Reflection;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace DataPrep.Benchmarks;

/// <summary>Says how many bytes one operation of a benchmark works on.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class BytesAttribute(long count) : Attribute
{
    public long Count => count;
}

/// <summary>GB/s, 10^9 bytes a second, of benchmarks that bear <see cref="BytesAttribute"/>.</summary>
internal sealed class ThroughputColumn : IColumn
{
    public string Id => nameof(ThroughputColumn);

    public string ColumnName => "GB/s";

    public string Legend => "Bytes of an operation over its mean time, in 10^9 a second";

    public bool AlwaysShow => false;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => summary.BenchmarksCases.Any(benchmark => BytesOf(benchmark) is not null);

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) =>
        BytesOf(benchmarkCase) is { } bytes && summary[benchmarkCase]?.ResultStatistics is { } times
            ? (bytes / times.Mean).ToString("0.000", CultureInfo.InvariantCulture)
            : "-";

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    private static long? BytesOf(BenchmarkCase benchmark) =>
        benchmark.Descriptor.WorkloadMethod.GetCustomAttribute<BytesAttribute>()?.Count;
}
