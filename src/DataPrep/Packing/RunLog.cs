using System.Buffers;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using DataPrep.Hashing;
using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>
/// What a run did when, added line by line to <c>runs.jsonl</c> in the work folder, for a report to be made of: how far it was and what the workers'
/// time went into, each tenth of a second at first, and ever more seldom later, so that ten days take about 2,000 lines. It is for people: a log that cannot be written
/// is given up, and the run goes on.
/// </summary>
internal sealed class RunLog : IDisposable
{
    public const string FileName = "runs.jsonl";
    private const int MostSlow = 50;
    private static readonly JsonWriterOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(0.1);

    private readonly Lock gate = new();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly PackCounters progress;
    private readonly Timer timer;
    private FileStream? file;

    /// <param name="threads">Workers that hash at once.</param>
    /// <param name="sources">What is packed; null for standard input.</param>
    public RunLog(OutputFolder folder, PackCounters progress, int threads, IReadOnlyList<string>? sources)
    {
        this.progress = progress;
        Try(() =>
        {
            string path = folder.WorkFile(FileName);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            // A run that was killed may have left half a line.
            file.Position = Math.Max(0, file.Length - 1);
            bool isCut = file.ReadByte() is not (-1 or '\n');
            file.Position = file.Length;
            if (isCut)
                file.WriteByte((byte)'\n');
        });
        Write(writer =>
        {
            writer.WriteString("type", "begin");
            writer.WriteString("started", TimeText.Format(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 0));
            writer.WriteString("tool", Product.Tool);
            writer.WriteNumber("threads", threads);
            writer.WriteString("kernel", Sha256Kernels.Current.Name);
            writer.WriteStartArray("sources");
            foreach (string source in sources ?? ["-"])
                writer.WriteStringValue(source);
            writer.WriteEndArray();
        });
        timer = new Timer(_ => Sample());
        _ = timer.Change(LeastInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Says that the run has come to its end; without it, it was broken off.</summary>
    /// <param name="tree">Of the source.</param>
    public void Done(SourceTree tree) => End(tree);

    public void Dispose()
    {
        End(null);
        timer.Dispose();
    }

    private void Sample()
    {
        Write(writer =>
        {
            writer.WriteString("type", "sample");
            WriteState(writer);
        });
        var interval = clock.Elapsed / 200;
        lock (gate)
        {
            if (file is not null)
                _ = timer.Change(interval > LeastInterval ? interval : LeastInterval, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Writes the last line, if it is not there.</summary>
    private void End(SourceTree? tree)
    {
        lock (gate)
        {
            Write(writer => WriteEnd(writer, tree));
            file?.Dispose();
            file = null;
        }
    }

    private void WriteEnd(Utf8JsonWriter writer, SourceTree? tree)
    {
        writer.WriteString("type", "end");
        writer.WriteString("outcome", tree is null ? "broken-off" : "done");
        WriteState(writer);
        if (tree is null)
            return;
        writer.WriteStartArray("slowFiles");
        foreach (var (entry, ticks, bytes) in progress.SlowFiles().Take(MostSlow))
        {
            writer.WriteStartObject();
            var (path, hex) = RecordFile.PathFields(tree.DatasetPath(entry));
            writer.WriteString("path", path);
            if (hex is not null)
                writer.WriteString("pathHex", hex);
            writer.WriteNumber("bytes", bytes);
            writer.WriteNumber("seconds", Math.Round((double)ticks / Stopwatch.Frequency, 6));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteState(Utf8JsonWriter writer)
    {
        writer.WriteNumber("seconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
        writer.WriteNumber("bytes", progress.BytesDone);
        writer.WriteNumber("bytesTotal", progress.BytesTotal);
        progress.Times().WriteTo(writer);
    }

    private void Write(Action<Utf8JsonWriter> fields)
    {
        lock (gate)
        {
            if (file is null)
                return;
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer, Line))
            {
                writer.WriteStartObject();
                fields(writer);
                writer.WriteEndObject();
            }

            buffer.Write("\n"u8);
            Try(() => file.Write(buffer.WrittenSpan));
        }
    }

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            file = null;
        }
    }
}
