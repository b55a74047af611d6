using System.Buffers;
using DataPrep.Packing;
using Microsoft.Extensions.Options;

namespace DataPrep.Hosting;

/// <summary>Says before the host has started what makes no sense.</summary>
internal sealed class DataPrepOptionsCheck : IValidateOptions<DataPrepOptions>
{
    // What stands for something else in a pattern, or in a path.
    private static readonly SearchValues<char> s_notInNames = SearchValues.Create("/\\*?[!#");

    public ValidateOptionsResult Validate(string? name, DataPrepOptions options)
    {
        string[] problems = [.. General(options), .. Watching(options.Watch)];
        return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> General(DataPrepOptions options)
    {
        if (options.Workers is < 1 or > 64)
            yield return $"Workers is {options.Workers}; it must be from 1 to 64";
        if (options.QueueLength < 1)
            yield return $"QueueLength is {options.QueueLength}; it must be at least 1";
        if (options.JobsKept < 0)
            yield return $"JobsKept is {options.JobsKept}; it must not be less than 0";
        if (options.MostTries < 1)
            yield return $"MostTries is {options.MostTries}; it must be at least 1";
        if (options.RetryDelay <= TimeSpan.Zero || options.LongestRetryDelay < options.RetryDelay || options.LongestRetryDelay > TimeSpan.FromDays(30))
            yield return $"RetryDelay is {options.RetryDelay} and LongestRetryDelay {options.LongestRetryDelay}; they must be more than 0, the second not less than the first, and at most 30 days";
    }

    private static IEnumerable<string> Watching(WatchOptions watch)
    {
        if (watch.Folder is null)
        {
            if (watch.Output is not null)
                yield return "Watch.Output is given, but no Watch.Folder";
            yield break;
        }

        if (watch.Folder.Length == 0 || string.IsNullOrEmpty(watch.Output))
            yield return "Watch.Folder and Watch.Output go together: what is watched, and where it is packed to";
        else if (IsWithin(watch.Output, watch.Folder) || IsWithin(watch.Folder, watch.Output))
            yield return $"Watch.Output {watch.Output} and Watch.Folder {watch.Folder} must not be one within the other: what is packed would be packed again";
        if (watch.Interval <= TimeSpan.Zero || watch.Interval > TimeSpan.FromDays(1))
            yield return $"Watch.Interval is {watch.Interval}; it must be more than 0, and at most a day";
        if (watch.Quiet is null && watch.Marker is null)
            yield return "Watch.Quiet or Watch.Marker has to say when a folder is complete";
        if (watch.Quiet < TimeSpan.Zero)
            yield return $"Watch.Quiet is {watch.Quiet}; it must not be less than 0";
        if (watch.Marker is { } marker && (marker is "" or "." or ".." || marker.AsSpan().ContainsAny(s_notInNames)))
            yield return $"Watch.Marker '{marker}' must be the name of a file, such as .ready";
        if (watch.PieceSize is < PackOptions.SmallestPieceSize or > PackOptions.LargestPieceSize || !long.IsPow2(watch.PieceSize))
            yield return $"Watch.PieceSize is {watch.PieceSize}; it must be a power of two from {PackOptions.SmallestPieceSize} to {PackOptions.LargestPieceSize}";
        if (watch.Threads is < 1 or > 1024)
            yield return $"Watch.Threads is {watch.Threads}; it must be from 1 to 1024";
        if (watch.MaxRate < 1)
            yield return $"Watch.MaxRate is {watch.MaxRate}; it must be at least 1";
    }

    private static bool IsWithin(string path, string folder)
    {
        string relative = Path.GetRelativePath(folder, path);
        return relative == "." || (!Path.IsPathRooted(relative) && relative != ".." && !relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }
}
