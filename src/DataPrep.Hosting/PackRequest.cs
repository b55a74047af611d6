using DataPrep.Packing;

namespace DataPrep.Hosting;

/// <summary>Something to be packed in the background.</summary>
/// <param name="Options">What, where to, and how. Where they name no logger, that of the host is used.</param>
public sealed record PackRequest(PackOptions Options)
{
    /// <summary>How often it is tried; null for <see cref="DataPrepOptions.MostTries"/>.</summary>
    public int? MostTries { get; init; }
}

/// <summary>How far a job is.</summary>
public enum PackJobState
{
    /// <summary>It waits for its turn.</summary>
    Queued,

    /// <summary>It is being packed.</summary>
    Running,

    /// <summary>It has failed, and is tried again later.</summary>
    Waiting,

    /// <summary>All pieces and records are durable.</summary>
    Done,

    /// <summary>It has failed for good. What is finished is kept: the same request goes on with it.</summary>
    Failed,

    /// <summary>It was cancelled, or the host has stopped. The same request goes on with what is finished.</summary>
    Cancelled,
}
