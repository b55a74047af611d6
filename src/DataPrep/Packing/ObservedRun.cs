using System.Diagnostics;
using DataPrep.Records;

namespace DataPrep.Packing;

/// <summary>A run as metrics and traces see it: from its beginning to its outcome. Where nobody listens, that is a line in a list.</summary>
internal sealed class ObservedRun
{
    /// <summary>Source of all activities.</summary>
    public static readonly ActivitySource Activities = new(DataPrepTelemetry.ActivitySourceName, Product.Version);

    private readonly string operation;
    private readonly Activity? activity;
    private string outcome = "done";

    private ObservedRun(string operation, Activity? activity) => (this.operation, this.activity) = (operation, activity);

    /// <summary>Does the work of a run.</summary>
    /// <param name="operation">Its word in names and tags.</param>
    /// <param name="counters">Those of the run, and of no other at the same time but one that it is part of.</param>
    public static T Of<T>(string operation, PackCounters counters, Func<ObservedRun, T> work)
    {
        using var activity = Activities.StartActivity($"dataprep.{operation}");
        var run = new ObservedRun(operation, activity);
        RunInstruments.Begin(operation, counters);
        try
        {
            var result = work(run);
            run.End(null);
            return result;
        }
        catch (Exception e)
        {
            run.End(e);
            throw;
        }
        finally
        {
            RunInstruments.End(operation, counters);
        }
    }

    /// <summary>Takes note of a piece that has its name.</summary>
    /// <param name="begun">When this run began with it, as a timestamp of the stopwatch.</param>
    public static void Piece(PieceRecord piece, long begun)
    {
        var kind = new KeyValuePair<string, object?>("kind", piece.Kind);
        RunInstruments.Pieces.Add(1, kind);
        var elapsed = Stopwatch.GetElapsedTime(begun);
        RunInstruments.PieceDuration.Record(elapsed.TotalSeconds, kind);
        if (!Activities.HasListeners())
            return;
        // It was begun on one worker's thread and ends on another's: so it is told as a whole.
        using var activity = Activities.StartActivity("dataprep.piece", ActivityKind.Internal, default(ActivityContext), startTime: DateTimeOffset.UtcNow - elapsed);
        _ = activity?.SetTag("dataprep.piece.cid", piece.PieceCid).SetTag("dataprep.piece.kind", piece.Kind)
            .SetTag("dataprep.piece.car_size", piece.CarSize).SetTag("dataprep.piece.size", piece.PieceSize);
    }

    /// <summary>Takes note of a dataset.</summary>
    public PackResult Made(PackResult result)
    {
        if (result.AlreadyDone)
            outcome = "already_done";
        else
            Count(result);
        _ = activity?.SetTag("dataprep.dataset", result.Dataset.Name).SetTag("dataprep.root_cid", result.Dataset.RootCid)
            .SetTag("dataprep.pieces", result.Pieces.Count).SetTag("dataprep.bytes", result.Dataset.Bytes);
        return result;
    }

    /// <summary>Takes note of a piece of a plan.</summary>
    public TaskResult Made(TaskResult result)
    {
        if (result.AlreadyDone)
            outcome = "already_done";
        _ = activity?.SetTag("dataprep.piece.number", result.Number).SetTag("dataprep.piece.cid", result.Piece?.PieceCid);
        return result;
    }

    /// <summary>Takes note of what was found.</summary>
    public void Found(int errors, int warnings)
    {
        // Zeros too: an alert is to see the series before there is cause for it.
        foreach (var (severity, count) in ((string, int)[])[("error", errors), ("warning", warnings)])
            RunInstruments.Findings.Add(count, new("operation", operation), new("severity", severity));
        _ = activity?.SetTag("dataprep.errors", errors).SetTag("dataprep.warnings", warnings);
    }

    private static void Count(PackResult result)
    {
        RunInstruments.Files.Add(result.Dataset.Files - result.Kept.Files);
        foreach (var skipped in result.SkippedInputs.GroupBy(input => input.Reason))
            RunInstruments.Skipped.Add(skipped.Count(), new KeyValuePair<string, object?>("reason", skipped.Key));
    }

    private void End(Exception? e)
    {
        if (e is not null)
            outcome = e is OperationCanceledException ? "cancelled" : "failed";
        var tags = new TagList { { "operation", operation }, { "outcome", outcome } };
        if (outcome == "failed")
        {
            tags.Add("error.type", e!.GetType().Name);
            _ = activity?.SetTag("error.type", e.GetType().Name).SetStatus(ActivityStatusCode.Error, e.Message);
        }

        RunInstruments.Runs.Add(1, tags);
        _ = activity?.SetTag("dataprep.outcome", outcome);
    }
}
