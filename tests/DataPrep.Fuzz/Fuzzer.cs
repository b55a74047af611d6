using System.Diagnostics;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Unixfs;

namespace DataPrep.Fuzz;

/// <summary>
/// Tries changed inputs on targets in turn. An input with an outcome of a new kind (another error, once its numbers are left out) joins
/// the corpus, so that later ones begin nearer to what few inputs reach.
/// </summary>
internal sealed class Fuzzer(Target[] targets, long inputs, TimeSpan time, string crashes)
{
    private const int MostCorpus = 2000, MostReports = 20;

    /// <summary>What decoding may allocate for each byte of an input, beside what it may in any case.</summary>
    private const long MostPerByte = 1000;

    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(20);
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly State[] states = [.. targets.Select(target => new State(target))];
    private readonly Dictionary<int, (Target Target, byte[] Input, long Since)> current = [];
    private long tried;
    private int failures;

    public long Tried => Interlocked.Read(ref tried);

    public int Failures => failures;

    public IEnumerable<(string Target, long Tried, long Errors, int Corpus)> Results() => states.Select(state => (state.Target.Name, state.Tried, state.Errors, state.Corpus.Count));

    /// <summary>What is wrong with how a target takes an input; null for nothing.</summary>
    public static string? Try(Target target, byte[] input) => Try(target, input, out _);

    public void Work(int number, byte[] seed)
    {
        var mutator = new Mutator(BitConverter.ToUInt64(seed));
        while (clock.Elapsed < time)
        {
            if (Interlocked.Increment(ref tried) > inputs)
            {
                _ = Interlocked.Decrement(ref tried);
                return;
            }

            var state = states[mutator.Below(states.Length)];
            byte[] input = state.Next(mutator);
            lock (current)
                current[number] = (state.Target, input, clock.ElapsedMilliseconds);
            string? failure = Try(state.Target, input, out string outcome);
            lock (current)
                _ = current.Remove(number);
            state.Take(input, outcome);
            if (failure is not null)
                Report(state.Target, input, failure);
        }
    }

    /// <summary>Ends the process where an input has no end.</summary>
    public void Watch()
    {
        lock (current)
        {
            foreach (var (target, input, since) in current.Values)
            {
                if (clock.ElapsedMilliseconds - since <= MostTime.TotalMilliseconds)
                    continue;
                Report(target, input, $"has taken more than {MostTime.TotalSeconds} s");
                Environment.Exit(1);
            }
        }
    }

    private static string? Try(Target target, byte[] input, out string outcome)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            target.Run(input);
            outcome = "";
        }
        catch (Exception e) when (e is MalformedDataException or MissingBlockException)
        {
            outcome = e.Message;
        }
#pragma warning disable CA1031 // What it is, is what is asked
        catch (Exception e)
#pragma warning restore CA1031
        {
            outcome = e.GetType().Name;
            return $"ends with {e}";
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= target.MostBytes + (MostPerByte * input.Length) ? null : $"allocates {allocated} bytes for an input of {input.Length}";
    }

    private void Report(Target target, byte[] input, string failure)
    {
        // Of failures of one kind a few are enough.
        if (Interlocked.Increment(ref failures) > MostReports)
            return;
        _ = Directory.CreateDirectory(crashes);
        string path = Path.Join(crashes, $"{target.Name}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input).AsSpan(0, 8))}");
        File.WriteAllBytes(path, input);
        Console.Error.WriteLine($"FAIL {target.Name} {failure}\n  --target {target.Name} --input {path}");
    }

    private sealed class State(Target target)
    {
        private readonly HashSet<string> outcomes = [];
        private long tried;
        private long errors;

        public Target Target => target;

        public List<byte[]> Corpus { get; } = [.. target.Corpus];

        public long Tried => tried;

        public long Errors => errors;

        public byte[] Next(Mutator mutator)
        {
            byte[] input, other;
            lock (Corpus)
                (input, other) = (Corpus[mutator.Below(Corpus.Count)], Corpus[mutator.Below(Corpus.Count)]);
            return mutator.Mutate(input, other);
        }

        public void Take(byte[] input, string outcome)
        {
            _ = Interlocked.Increment(ref tried);
            if (outcome.Length > 0)
                _ = Interlocked.Increment(ref errors);
            string kind = Kind(outcome);
            lock (Corpus)
            {
                if (outcomes.Add(kind) && Corpus.Count < MostCorpus)
                    Corpus.Add(input);
            }
        }

        // Of a message the words: without numbers, names and CIDs.
        private static string Kind(string outcome)
        {
            var kind = new StringBuilder();
            foreach (string word in outcome.Split(' '))
            {
                if (word.Length < 20 && word.All(letter => char.IsAsciiLetterLower(letter) || letter is ',' or ':' or ';' or '-'))
                    _ = kind.Append(word).Append(' ');
            }

            return kind.ToString();
        }
    }
}
