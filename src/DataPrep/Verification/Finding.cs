using DataPrep.Packing;

namespace DataPrep.Verification;

/// <summary>Something that is wrong, or worth knowing, with what was verified.</summary>
/// <param name="Severity"><c>error</c> or <c>warning</c>; only errors make the verification fail.</param>
/// <param name="Code">A short name that scripts can rely on.</param>
/// <param name="Path">The file it was found in.</param>
/// <param name="Offset">Byte offset in that file; -1 where none applies.</param>
public sealed record Finding(string Severity, string Code, string Path, long Offset, string Message)
{
    /// <summary>Whether it makes the verification fail.</summary>
    public bool IsError => Severity == "error";

    /// <summary>Who serves what it was found in; null where that is no question.</summary>
    public string? Provider { get; init; }
}

/// <summary>Collects findings and hands each on as it is found.</summary>
internal sealed class FindingLog(Action<Finding> found)
{
    public int Errors { get; private set; }

    public int Warnings { get; private set; }

    public void Error(string code, string path, long offset, string message) => Take(new Finding("error", code, path, offset, message));

    public void Warn(string code, string path, long offset, string message) => Take(new Finding("warning", code, path, offset, message));

    /// <summary>Reports what is not as expected.</summary>
    public void Compare<T>(string code, string path, long offset, string what, T actual, T expected)
    {
        if (!EqualityComparer<T>.Default.Equals(actual, expected))
            Error(code, path, offset, $"{what} is {actual}, expected {expected}");
    }

    /// <summary>Does the work of a run, and lets metrics and traces see what it finds.</summary>
    /// <inheritdoc cref="ObservedRun.Of"/>
    public T Observe<T>(string operation, PackCounters counters, Func<T> work) => ObservedRun.Of(operation, counters, run =>
    {
        var (errors, warnings) = (Errors, Warnings);
        try
        {
            return work();
        }
        finally
        {
            run.Found(Errors - errors, Warnings - warnings);
        }
    });

    /// <summary>Takes a finding over from another log.</summary>
    public void Take(Finding finding)
    {
        Errors += finding.IsError ? 1 : 0;
        Warnings += finding.IsError ? 0 : 1;
        found(finding);
    }
}
