using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using DataPrep.Fuzz;

// Gives decoders inputs that were changed at random. Exit code 1 when one ends with anything but a typed error, takes long, or takes much memory;
// the input is then kept. README.md beside this says how to use it.
var options = new Dictionary<string, string> { ["seed"] = "1", ["threads"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture), ["crashes"] = "artifacts/fuzz" };
for (int i = 0; i + 1 < args.Length; i += 2)
    options[args[i].TrimStart('-')] = args[i + 1];
if (args.Length % 2 != 0 || options.Keys.Except(["seed", "threads", "crashes", "seconds", "inputs", "target", "corpus", "input", "damage"]).Any())
{
    Console.Error.WriteLine("usage: DataPrep.Fuzz [--inputs N | --seconds S] [--seed N] [--threads N] [--target NAME] [--corpus FOLDER] [--crashes FOLDER] [--input FILE]\n       DataPrep.Fuzz --damage N [--seed N]");
    return 2;
}

ulong seed = ulong.Parse(options["seed"], CultureInfo.InvariantCulture);
if (options.TryGetValue("damage", out string? damages))
    return Damage.Run(int.Parse(damages, CultureInfo.InvariantCulture), seed) == 0 ? 0 : 1;
var targets = Targets.All(options.GetValueOrDefault("corpus"));
if (options.TryGetValue("target", out string? wanted))
    targets = [.. targets.Where(target => target.Name == wanted)];
if (targets.Length == 0)
{
    Console.Error.WriteLine($"there is no target {wanted}");
    return 2;
}

if (options.TryGetValue("input", out string? file))
{
    byte[] input = File.ReadAllBytes(file);
    foreach (var target in targets)
        Console.WriteLine($"{target.Name}: {Fuzzer.Try(target, input) ?? "as it should be"}");
    return 0;
}

var clock = Stopwatch.StartNew();
long inputs = options.TryGetValue("inputs", out string? count) ? long.Parse(count, CultureInfo.InvariantCulture) : long.MaxValue;
var time = options.TryGetValue("seconds", out string? seconds) ? TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture)) : inputs == long.MaxValue ? TimeSpan.FromSeconds(60) : TimeSpan.MaxValue;
var fuzzer = new Fuzzer(targets, inputs, time, options["crashes"]);
var threads = Enumerable.Range(0, int.Parse(options["threads"], CultureInfo.InvariantCulture)).Select(number => new Thread(() => fuzzer.Work(number, SHA256.HashData(BitConverter.GetBytes(seed + ((ulong)number << 32)))), 16 << 20)).ToList();
threads.ForEach(thread => thread.Start());
while (threads.Exists(thread => !thread.Join(TimeSpan.FromSeconds(1) / threads.Count)))
    fuzzer.Watch();
foreach (var (target, tried, errors, corpus) in fuzzer.Results())
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{target,-15} {tried,12:N0} inputs  {errors,12:N0} refused  {corpus,6:N0} kept as corpus"));
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fuzzer.Tried:N0} inputs, {fuzzer.Failures} failures, {clock.Elapsed.TotalSeconds:0} s, peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB, seed {seed}"));
return fuzzer.Failures == 0 ? 0 : 1;
