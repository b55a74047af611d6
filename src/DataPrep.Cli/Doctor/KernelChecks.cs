using System.Globalization;
using DataPrep.Hashing;

namespace DataPrep.Cli.Doctor;

/// <summary>SHA-256 kernels: which are there, which is used, and why not the others.</summary>
internal static class KernelChecks
{
    public static IEnumerable<Check> All()
    {
        var choice = Sha256Kernels.Choice;
        bool isForced = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Sha256Kernels.Variable));
        // Managed kernels hand messages that are left over to .NET, which ends the process where OpenSSL is missing.
        var candidates = KernelChoice.Survey([.. Sha256Kernels.All.Where(kernel => kernel is NativeSha256 || NetworkChecks.OpenSslLibrary is not null)]);
        var chosen = candidates.Single(candidate => candidate.Name == choice.Chosen.Name);
        var fastest = KernelChoice.Fastest(candidates).Chosen;
        string text = $"{choice.Chosen.Name}, {choice.Reason}";
        yield return isForced && fastest.Name != chosen.Name
            ? Check.Warning("kernel", text, $"{fastest.Name} is faster: unset {Sha256Kernels.Variable}")
            : Check.Ok("kernel", text);

        string[] others = [.. candidates.Where(each => each.PassesSelfCheck == true && each.Name != chosen.Name).Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Name} ({each.Cost?.PerPayloadByte:F2})"))];
        string[] beyond = [.. candidates.Where(each => !each.Supported).Select(each => each.Name)];
        yield return Check.Ok("other kernels", $"usable, with ns per payload byte: {string.Join(", ", others.DefaultIfEmpty("none"))}{(beyond.Length == 0 ? "" : $"; not for this processor: {string.Join(", ", beyond)}")}");

        if (NativeKernels.Absence is { } absence)
            yield return Check.Warning("native kernels", absence, "a package of the program brings them; a build makes them where CMake and a C compiler are there. Until then the managed ones serve");
        string[] wrong = [.. candidates.Where(each => each.PassesSelfCheck == false).Select(each => each.Name)];
        if (wrong.Length > 0)
            yield return Check.Problem("kernels", $"wrong answers in the self-check: {string.Join(", ", wrong)}", "they are not used, but processor or memory may be faulty: test both before data is trusted to them");
    }
}
