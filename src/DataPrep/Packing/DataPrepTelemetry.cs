namespace DataPrep.Packing;

/// <summary>Names to subscribe to for metrics and traces. What there is, with units and tags, stands in <c>docs/operating.md</c>.</summary>
public static class DataPrepTelemetry
{
    /// <summary>Of the meter.</summary>
    public const string MeterName = "DataPrep";

    /// <summary>Of the activity source.</summary>
    public const string ActivitySourceName = "DataPrep";
}
