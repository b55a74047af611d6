using static DataPrep.Cli.Bench.BenchText;

namespace DataPrep.Cli.Bench;

/// <summary>What keeps packing from being faster.</summary>
internal enum Limit
{
    /// <summary>The cores, which hash and move bytes.</summary>
    Cores,

    /// <summary>Memory: threads get in each other's way there.</summary>
    Memory,

    /// <summary>Reading the source.</summary>
    DiskRead,

    /// <summary>Writing the pieces.</summary>
    DiskWrite,

    /// <summary>Reading and writing share one disk.</summary>
    OneDisk,
}

/// <summary>What limits packing on a machine, and what would help, from what was measured and nothing else.</summary>
/// <param name="Limit">Of large files.</param>
/// <param name="Rate">Bytes a second that packing does, or where that was not measured would do at most.</param>
/// <param name="Next">What would be the limit without it; null where that was not measured.</param>
/// <param name="NextRate">Bytes a second then.</param>
/// <param name="FileSize">Mean size of files below which their number is the limit; null where it was not measured.</param>
/// <param name="Sentences">All of it in words.</param>
internal sealed record Advice(Limit Limit, double Rate, Limit? Next, double? NextRate, double? FileSize, IReadOnlyList<string> Sentences)
{
    // Rates as near as this limit about equally.
    private const double Equal = 0.9;

    // Memory is held responsible where all threads lose so much that one thread does not, and where it copies but a few times as much as is packed:
    // packing reads each byte some three times and writes it once or twice.
    private const double MostLoss = 0.75, Copies = 5;

    // Packing keeps up with its slowest part where it reaches so much of it.
    private const double KeepsUp = 0.8;

    /// <summary>Bytes of content in a piece of 32 GiB.</summary>
    public const double PieceBytes = (32L << 30) / 128.0 * 127;

    /// <summary>As JSON names it.</summary>
    public static string Word(Limit limit) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(limit.ToString());

    public static Advice Of(Ceilings c)
    {
        bool hasDisk = c.Folder is not null && !c.InMemory;
        bool isMemory = c.MemoryLoss < MostLoss && c.Copy < Copies * c.Compute;
        var alone = new List<(Limit Limit, double Rate)> { (isMemory ? Limit.Memory : Limit.Cores, c.Compute) };
        if (hasDisk && c.IsCold && c.Read is { } read)
            alone.Add((Limit.DiskRead, read));
        if (hasDisk && c.Write is { } write)
            alone.Add((Limit.DiskWrite, write));
        alone.Sort((a, b) => a.Rate.CompareTo(b.Rate));
        var (limit, most) = alone[0];
        (Limit, double)? next = alone.Count > 1 ? alone[1] : null;

        double rate = c.Pack ?? most;
        bool together = rate < most * KeepsUp;
        if (together)
        {
            // Each part alone could do more than all of them at once.
            double? shared = hasDisk && c.IsCold && c.Read is { } r && c.Write is { } w ? 1 / ((1 / r) + (1 / w)) : null;
            bool oneDisk = shared < most && rate >= shared * 0.7;
            next = oneDisk ? (limit, most) : Least(alone.Where(part => part.Limit is Limit.DiskRead or Limit.DiskWrite));
            limit = oneDisk ? Limit.OneDisk : isMemory ? Limit.Memory : Limit.Cores;
        }

        var words = new List<string> { Finding(c, limit, rate, most, together), Remedy(c, limit, next, rate) };
        if (c.Threads > 1 && c.ComputeOne is { } one && one > 0)
            words.Add($"With {c.Threads} threads instead of one the rate from memory is {Text($"{c.Compute / one:0.0}")} times as high: {Speed(c.Compute)} instead of {Speed(one)}.");
        if (c.FasterKernel is { } other)
            words.Add($"The SHA-256 kernel {other.Name} hashed leaves and commitment at {Speed(other.Rate)} on one thread, and {c.Kernel!.Name}, which is in use, at {Speed(c.Kernel.Rate)}: DATAPREP_SHA256={other.Name} may be faster here.");
        if (c.Folder is null)
            words.Add("No disk was measured: name a folder on it.");
        else if (c.InMemory)
            words.Add($"{c.Folder} is in memory: what it says of reading and writing does not hold for a disk.");
        else if (!c.IsCold)
            words.Add($"Reading was not measured: the page cache of {c.Folder} did not forget the file.");
        double? fileSize = c.SmallFiles is { } files && files > 0 ? rate / files : null;
        if (fileSize is { } size)
            words.Add(OfSmallFiles(c, size));
        words.Add($"At {Speed(rate)} 1 TiB takes {Time((1L << 40) / rate)}, 1 PiB {Time((1L << 50) / rate)}, a piece of 32 GiB {Time(PieceBytes / rate)}.");
        return new Advice(limit, rate, next?.Item1, next?.Item2, fileSize, [.. words.Where(word => word.Length > 0)]);
    }

    private static (Limit, double)? Least(IEnumerable<(Limit Limit, double Rate)> parts) => parts.Select(part => ((Limit, double)?)part).MinBy(part => part!.Value.Item2);

    private static string Finding(Ceilings c, Limit limit, double rate, double most, bool together) => limit switch
    {
        Limit.OneDisk => $"Packing is limited by {c.Folder} being read and written at once: {Speed(rate)}. Alone, reading does {Speed(c.Read!.Value)} and writing {Speed(c.Write!.Value)}; hashing could do {Speed(c.Compute)}.",
        Limit.DiskRead => $"Packing is limited by reading from {c.Folder}: {Speed(most)}. Hashing could do {Speed(c.Compute)}{(c.Write is { } write ? $", writing {Speed(write)}" : "")}.{Did(c, rate)}",
        Limit.DiskWrite => $"Packing is limited by writing to {c.Folder}: {Speed(most)}. Hashing could do {Speed(c.Compute)}{(c is { Read: { } read, IsCold: true } ? $", reading {Speed(read)}" : "")}.{Did(c, rate)}",
        Limit.Memory => $"Packing is limited by memory: {Speed(rate)}. On data in their caches {c.Threads} threads could hash {Speed(c.Hash!.Value)}; all of them together copy {Speed(c.Copy!.Value)}.",
        _ when together => $"Packing is limited by the cores: {Speed(rate)}. They could hash {Speed(c.Compute)} from memory, but have to read and write as well.",
        _ => $"Packing is limited by the cores, which hash: {Speed(c.Compute)} with {c.Threads} thread{(c.Threads == 1 ? "" : "s")}.{Did(c, rate)}",
    };

    private static string Did(Ceilings c, double rate) => c.Pack is null ? "" : $" All together it did {Speed(rate)}.";

    private static string Remedy(Ceilings c, Limit limit, (Limit Limit, double Rate)? next, double rate)
    {
        var (what, helps) = limit switch
        {
            Limit.Cores => ("More or faster cores", "help"),
            Limit.Memory => ("More memory channels, or all of them fitted,", "help"),
            Limit.DiskRead => ("A faster source disk", "helps"),
            Limit.DiskWrite => ("A faster output disk", "helps"),
            _ => ("A second disk for the output", "helps"),
        };
        if (next is not { } other)
            return c.Folder is null || c.InMemory ? $"{what} {helps}; up to where is not known, as no disk was measured." : $"{what} {helps}.";
        var (name, becomes, isAre) = other.Limit switch
        {
            Limit.Cores => ("the cores", "become", "are"),
            Limit.Memory => ("memory", "becomes", "is"),
            Limit.DiskRead => ("reading", "becomes", "is"),
            _ => ("writing", "becomes", "is"),
        };
        if (other.Rate * Equal < rate)
            return $"{char.ToUpperInvariant(name[0])}{name[1..]} {isAre} about as slow ({Speed(other.Rate)}): either alone helps little when it is faster.";
        string useless = limit == Limit.Cores ? "; a faster disk does not" : other.Limit == Limit.Cores && limit == Limit.OneDisk ? "" : "; more cores do not";
        return $"{what} {helps} up to {Speed(other.Rate)}, where {name} {becomes} the limit{useless}.";
    }

    private static string OfSmallFiles(Ceilings c, double size)
    {
        string engine = c.SmallInMemory is not { } memory ? "" : memory > 1.5 * c.SmallFiles
            ? $" Hashed from memory it would be {Count(memory)} a second: opening, reading and listing them takes the time."
            : $" Hashed from memory it would be {Count(memory)} a second: the cores take the time.";
        return $"Of files of {Size(Ceilings.SmallFileSize)} it packs {Count(c.SmallFiles!.Value)} a second. Where files have less than about {Size(size)} on average, their number is the limit, not their bytes.{engine}";
    }
}
