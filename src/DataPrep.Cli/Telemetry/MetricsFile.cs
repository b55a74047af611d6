using DataPrep.Server;

namespace DataPrep.Cli.Telemetry;

/// <summary>A file of metrics, replaced as a whole every few seconds. One that cannot be replaced any more is said so once, and the run goes on.</summary>
internal sealed class MetricsFile : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly string path;
    private readonly string temporary;
    private readonly PrometheusText text;
    private readonly Action<string> warn;
    private readonly Timer timer;
    private bool hasWarned;
    private bool hasEnded;

    /// <exception cref="IOException">The file cannot be written.</exception>
    public MetricsFile(string path, PrometheusText text, Action<string> warn)
    {
        (this.path, this.text, this.warn) = (Path.GetFullPath(path), text, warn);
        // With no ending that a collector looks for.
        temporary = $"{this.path}.{Environment.ProcessId}.tmp";
        Write();
        timer = new Timer(_ => TryWrite(), null, Interval, Interval);
    }

    public void Dispose()
    {
        timer.Dispose();
        lock (gate)
        {
            TryWrite();
            hasEnded = true; // also for a timer that has gone off already
        }
    }

    private void TryWrite()
    {
        lock (gate)
        {
            if (hasEnded)
                return;
            try
            {
                Write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (!hasWarned)
                    warn($"--metrics-file: {e.Message}");
                hasWarned = true;
            }
        }
    }

    private void Write()
    {
        try
        {
            File.WriteAllText(temporary, text.ToString());
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(temporary);
            throw;
        }
    }
}
