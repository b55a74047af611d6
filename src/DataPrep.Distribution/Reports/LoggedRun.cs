using System.Text.Json;
using DataPrep.Packing;

namespace DataPrep.Distribution.Reports;

/// <summary>One run, as the log tells of it: its states at points in time, of which every second one is let go when they are many.</summary>
/// <param name="Started">Null where the line of its begin is missing.</param>
internal sealed record LoggedRun(string? Started)
{
    /// <summary>The stages of a worker's time, by their names in the log.</summary>
    public static readonly string[] Stages = [.. Enum.GetValues<Stage>().Select(stage => JsonNamingPolicy.CamelCase.ConvertName(stage.ToString()))];

    private const int MostPoints = 1000;
    private readonly List<Point> points = [];

    public string? Tool { get; init; }

    public string? Kernel { get; init; }

    public long? Threads { get; init; }

    /// <summary>What its last line says; null where that is missing: it was killed, or is at work.</summary>
    public string? Outcome { get; private set; }

    public int Points => points.Count;

    /// <summary>Takes a sample or the end.</summary>
    /// <returns>Whether the line belongs to this run: its time does not lie before that of the last one.</returns>
    public bool Take(Point point, string? outcome)
    {
        if (Outcome is not null || (points.Count > 0 && point.Seconds < points[^1].Seconds))
            return false;
        if (points.Count == MostPoints)
            Thin();
        points.Add(point);
        Outcome = outcome;
        return true;
    }

    /// <summary>Lets go of every second point, but not of the first or last.</summary>
    public void Thin()
    {
        int last = points.Count - 1, kept = 0;
        for (int i = 0; i <= last; i++)
        {
            if (i % 2 == 0 || i == last)
                points[kept++] = points[i];
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    /// <param name="goesOn">Whether the run before was not done, so that what it had made may be among the bytes from the start: it is not counted.</param>
    public void WriteTo(Utf8JsonWriter json, bool goesOn)
    {
        int first = goesOn ? Math.Max(0, points.FindIndex(point => point.Total > 0)) : -1;
        double[] made = new double[points.Count];
        for (int i = 0; i < made.Length; i++)
        {
            double step = i == 0 ? points[0].Bytes : Math.Max(0, points[i].Bytes - points[i - 1].Bytes);
            made[i] = (i > 0 ? made[i - 1] : 0) + (i <= first ? 0 : step);
        }

        json.WriteStartObject();
        json.WriteString("started", Started);
        json.WriteString("tool", Tool);
        json.WriteString("kernel", Kernel);
        if (Threads is { } threads)
            json.WriteNumber("threads", threads);
        else
            json.WriteNull("threads");
        json.WriteString("outcome", Outcome);
        Write("seconds", points.Select(point => point.Seconds));
        Write("made", made);
        json.WriteStartObject("stages");
        for (int i = 0; i < Stages.Length; i++)
        {
            int stage = i;
            Write(Stages[i], points.Select(point => point.Stages[stage]));
        }

        json.WriteEndObject();
        json.WriteEndObject();

        void Write(string name, IEnumerable<double> values)
        {
            json.WriteStartArray(name);
            foreach (double value in values)
                json.WriteNumberValue(value);
            json.WriteEndArray();
        }
    }

    /// <summary>How far a run was.</summary>
    /// <param name="Seconds">Since it began.</param>
    /// <param name="Bytes">Of CARs.</param>
    /// <param name="Total">Of CARs in all; 0 while it is not known.</param>
    /// <param name="Stages">Seconds of all workers together.</param>
    internal sealed record Point(double Seconds, double Bytes, double Total, double[] Stages);
}
