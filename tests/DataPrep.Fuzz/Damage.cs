using System.Globalization;
using DataPrep.Packing;
using DataPrep.Unixfs;
using DataPrep.Verification;

namespace DataPrep.Fuzz;

/// <summary>Flips bits in the CARs of a packed dataset, and cuts them off, at random places: verification has to find each of them.</summary>
internal static class Damage
{
    /// <param name="count">So many bits, and so many lengths.</param>
    /// <returns>Number of those that were not found.</returns>
    public static long Run(int count, ulong seed)
    {
        string folder = Directory.CreateTempSubdirectory("dataprep-damage").FullName;
        try
        {
            string source = Samples.MakeTree(folder), output = Path.Join(folder, "out");
            byte[] noise = new byte[200_000];
            new Random((int)seed).NextBytes(noise);
            File.WriteAllBytes(Path.Join(source, "noise"), noise);
            var options = new PackOptions { Sources = [source], Output = output, Profile = UnixFsProfile.V1Of2025 with { ChunkSize = 4096, MaxLinks = 8, HamtThreshold = 300, HamtFanout = 8 }, LargestCarSize = 100_000 };
            _ = new DatasetPacker(options, new PackCounters(), default).Run();
            string[] cars = [.. Directory.GetFiles(output, "*.car").Order(StringComparer.Ordinal)];
            if (Errors(output) != 0)
                throw new InvalidOperationException("The dataset is not sound to begin with.");
            var random = new Mutator(seed);
            long missedBits = 0, missedLengths = 0;
            for (int i = 0; i < count; i++)
            {
                string car = cars[random.Below(cars.Length)];
                byte[] bytes = File.ReadAllBytes(car);
                using (var file = File.OpenHandle(car, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                {
                    int bit = random.Below(bytes.Length * 8);
                    RandomAccess.Write(file, [(byte)(bytes[bit / 8] ^ (1 << (bit % 8)))], bit / 8);
                    missedBits += Missed(output, car, $"bit {bit}");
                    RandomAccess.Write(file, [bytes[bit / 8]], bit / 8);
                    int length = random.Below(bytes.Length);
                    RandomAccess.SetLength(file, length);
                    missedLengths += Missed(output, car, $"length {length}");
                }

                File.WriteAllBytes(car, bytes);
            }

            if (Errors(output) != 0)
                throw new InvalidOperationException("The dataset is not sound in the end.");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count:N0} bits and {count:N0} lengths of {cars.Length} CARs: {missedBits} and {missedLengths} not found, seed {seed}"));
            return missedBits + missedLengths;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Missed(string output, string car, string what)
    {
        if (Errors(output) > 0)
            return 0;
        Console.Error.WriteLine($"FAIL not found: {what} of {car}");
        return 1;
    }

    private static int Errors(string output)
    {
        var log = new FindingLog(_ => { });
        _ = new DatasetVerifier(output, [], log, 1, new PackCounters(), default).Verify();
        return log.Errors;
    }
}
