using System.Text.Encodings.Web;
using System.Text.Json;
using DataPrep.Packing;
using DataPrep.Source;
using Spectre.Console;

namespace DataPrep.Cli;

/// <summary>Where results, progress and messages go: results to standard output, all else to standard error.</summary>
internal sealed class Terminal(bool json, bool quiet, bool verbose, bool drawProgress)
{
    private static readonly JsonWriterOptions JsonLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static IAnsiConsole? live;
    private readonly Lock gate = new();

    /// <summary>Whether results are JSON Lines.</summary>
    public bool IsJson => json;

    /// <summary>A line of the result, for people. A name in it cannot make it two.</summary>
    public void Result(string line)
    {
        if (!json && !WriteAbove(line, Console.IsOutputRedirected))
            Console.Out.WriteLine(PathText.Quote(line));
    }

    /// <summary>A line that is left out with <c>--quiet</c>.</summary>
    public void Note(string line)
    {
        if (!quiet)
            Message(line);
    }

    public void Detail(string line)
    {
        if (verbose)
            Message(line);
    }

    public void Warn(string line)
    {
        Message($"warning: {line}");
        Event("warning", writer => writer.WriteString("message", line));
    }

    /// <summary>An event for programs: one JSON object on a line, <c>type</c> first.</summary>
    public void Event(string type, Action<Utf8JsonWriter> content)
    {
        if (!json)
            return;
        lock (gate)
        {
            using var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream, JsonLine))
            {
                writer.WriteStartObject();
                writer.WriteString("type", type);
                content(writer);
                writer.WriteEndObject();
            }

            stream.WriteByte((byte)'\n');
            using var output = Console.OpenStandardOutput();
            output.Write(stream.GetBuffer(), 0, (int)stream.Length);
        }
    }

    /// <summary>Runs work while its progress is drawn, if standard error is a terminal.</summary>
    public T WithProgress<T>(string title, PackCounters progress, Func<T> work)
    {
        if (!drawProgress || quiet || Console.IsErrorRedirected)
            return work();

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        live = console;
        try
        {
            return Draw(console, title, progress, work);
        }
        finally
        {
            live = null;
        }
    }

    /// <summary>Runs work of several steps; the one at hand is shown, if standard error is a terminal.</summary>
    /// <param name="work">Given what takes the name of each step as it begins.</param>
    public T WithSteps<T>(string title, Func<Action<string>, T> work)
    {
        if (!drawProgress || quiet || Console.IsErrorRedirected)
            return work(Detail);

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        live = console;
        try
        {
            return console.Status().Start(Markup.Escape(title), context => work(step => context.Status(Markup.Escape($"{title}: {step}"))));
        }
        finally
        {
            live = null;
        }
    }

    private static T Draw<T>(IAnsiConsole console, string title, PackCounters progress, Func<T> work) =>
        console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var bar = context.AddTask(Markup.Escape(title));
                bar.IsIndeterminate = true;
                var running = Task.Factory.StartNew(work, TaskCreationOptions.LongRunning);
                while (!((IAsyncResult)running).AsyncWaitHandle.WaitOne(100))
                    Show(bar, progress, title);
                Show(bar, progress, title);
                return running.GetAwaiter().GetResult();
            });

    private static void Show(ProgressTask bar, PackCounters progress, string title)
    {
        if (progress.BytesTotal == 0)
        {
            bar.Description = Markup.Escape($"{title}: {(progress.BytesDone > 0 ? SizeText.Format(progress.BytesDone) : $"{progress.Entries} entries found")}");
            return;
        }

        bar.IsIndeterminate = false;
        bar.Description = Markup.Escape(title);
        bar.MaxValue = progress.BytesTotal;
        bar.Value = progress.BytesDone;
    }

    /// <summary>A line on standard error.</summary>
    public static void Message(string line)
    {
        if (!WriteAbove(line, false))
            Console.Error.WriteLine(PathText.Quote(line));
    }

    /// <summary>While progress is drawn on the terminal that a line goes to, the line has to go above it.</summary>
    private static bool WriteAbove(string line, bool goesElsewhere)
    {
        if (goesElsewhere || live is not { } console)
            return false;
        console.WriteLine(PathText.Quote(line));
        return true;
    }
}
