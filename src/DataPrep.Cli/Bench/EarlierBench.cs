using System.Text.Json.Serialization;
using DataPrep.Ipld;
using DataPrep.Records;

namespace DataPrep.Cli.Bench;

/// <summary>What an earlier <c>bench --json</c> printed.</summary>
/// <param name="Cpu">The machine's; null where it does not say.</param>
/// <param name="WasQuiet">Whether the machine did little else; null where it does not say.</param>
internal sealed record EarlierBench(string Path, string? Cpu, bool? WasQuiet, IReadOnlyList<BenchLine> Results)
{
    private const long LongestFile = 16 << 20;

    /// <exception cref="InvalidDataException">It is no such file; the message names the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static EarlierBench Read(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > LongestFile })
            throw new InvalidDataException($"{path} is larger than anything that 'dataprep bench --json' prints");
        byte[] bytes = File.ReadAllBytes(path);
        var results = new List<BenchLine>();
        string? cpu = null;
        bool? quiet = null;
        int number = 0;
        for (int at = 0; at < bytes.Length;)
        {
            number++;
            int length = bytes.AsSpan(at).IndexOf((byte)'\n');
            var text = bytes.AsSpan(at, length < 0 ? bytes.Length - at : length);
            at += text.Length + 1;
            if (text.Trim(" \t\r"u8).IsEmpty)
                continue;
            var line = Parse(text, path, number);
            if (line.Type == "summary")
                (cpu, quiet) = (line.Machine?.Cpu, line.Quiet);
            if (line.Type == "result")
                results.Add(Checked(line, path, number));
        }

        return results.Count > 0 ? new EarlierBench(path, cpu, quiet, results) : throw new InvalidDataException($"{path}: none of {number} lines is a result: it is to be what 'dataprep bench --json' prints");
    }

    public BenchLine? Find(BenchResult result) => Results.LastOrDefault(line => line.Name == result.Name && line.Threads == result.Threads);

    private static BenchLine Parse(ReadOnlySpan<byte> text, string path, int number)
    {
        try
        {
            return RecordFile.Parse(text, 0, path, BenchJson.Default.BenchLine);
        }
        catch (MalformedDataException e)
        {
            throw new InvalidDataException($"{path}, line {number}: {e.Reason}", e);
        }
    }

    private static BenchLine Checked(BenchLine line, string path, int number)
    {
        static bool IsRate(double? rate) => rate is null or (>= 0 and <= 1e15);
        bool isWhole = line is { Name.Length: > 0, BytesPerSecond: > 0, Threads: >= 1 } && IsRate(line.BytesPerSecond) && IsRate(line.LeastBytesPerSecond) && IsRate(line.MostBytesPerSecond)
            && line.RatioToReference is null or (>= 0 and <= 1e9);
        return isWhole ? line : throw new InvalidDataException($"{path}, line {number}: a result without a name, a rate and a number of threads that a machine could have");
    }
}

/// <summary>A line that <c>bench --json</c> prints, as far as it is read again.</summary>
internal sealed record BenchLine(string Type, string? Name = null, double? BytesPerSecond = null, int? Threads = null, double? RatioToReference = null, double? LeastBytesPerSecond = null, double? MostBytesPerSecond = null, BenchMachine? Machine = null, bool? Quiet = null);

/// <summary>What such a line says of the machine.</summary>
internal sealed record BenchMachine(string? Cpu = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BenchLine))]
internal sealed partial class BenchJson : JsonSerializerContext;
