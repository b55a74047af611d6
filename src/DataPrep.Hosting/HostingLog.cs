using Microsoft.Extensions.Logging;

namespace DataPrep.Hosting;

/// <summary>Events of the hosted services. Their numbers and names stay: <c>docs/operating.md</c> lists them.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(101, LogLevel.Warning, "Job {Job} is tried again in {Delay}; try {Tries} failed: {Message}", EventName = "JobRetried")]
    public static partial void Retried(this ILogger logger, long job, TimeSpan delay, int tries, string message);

    [LoggerMessage(102, LogLevel.Error, "Job {Job} into {Output} is given up after {Tries} tries: {Message}", EventName = "JobGivenUp")]
    public static partial void GivenUp(this ILogger logger, long job, string output, int tries, string message);

    [LoggerMessage(103, LogLevel.Information, "{Folder} is complete; it is packed into {Output}", EventName = "FolderFound")]
    public static partial void Found(this ILogger logger, string folder, string output);

    [LoggerMessage(104, LogLevel.Warning, "{Folder} cannot be looked at: {Message}", EventName = "WatchFault")]
    public static partial void Fault(this ILogger logger, string folder, string message);
}
