using System.Globalization;

namespace DataPrep.Hashing;

/// <summary>The kernel that was chosen, out of which ones, and why.</summary>
/// <param name="Chosen">The one to use.</param>
/// <param name="Reason">Why, in words for people.</param>
/// <param name="Candidates">All candidates in order of preference, with what was found out for the choice.</param>
internal sealed record KernelChoice(Sha256Kernel Chosen, string Reason, IReadOnlyList<KernelCandidate> Candidates)
{
    // A kernel further down the list must be faster by this much: equals shall not take turns from run to run.
    private const double ClearlyFaster = 0.95;

    /// <summary>The kernel of that name; for null or nothing the fastest one that is supported and passes its self-check.</summary>
    /// <exception cref="ArgumentException">No kernel has that name, or this machine cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The named kernel failed its self-check; or none passes it.</exception>
    public static KernelChoice Make(string? name, IReadOnlyList<Sha256Kernel> kernels)
    {
        if (!string.IsNullOrEmpty(name))
            return Named(name, kernels);
        // Managed kernels are compiled when they are first called, which takes longer than all else here: where a native
        // one uses what the CPU has, they are not asked.
        var native = Survey([.. kernels.Where(kernel => kernel is NativeSha256 { IsAccelerated: true, IsSupported: true })]);
        return Fastest(native.Any(candidate => candidate.PassesSelfCheck == true) ? native : Survey(kernels));
    }

    /// <summary>Checks every supported kernel and measures those that pass, in about a millisecond once they are compiled.</summary>
    public static IReadOnlyList<KernelCandidate> Survey(IReadOnlyList<Sha256Kernel> kernels)
    {
        KernelCandidate[] candidates = [.. kernels.Select(kernel => new KernelCandidate(
            kernel, kernel.IsSupported, kernel.IsSupported ? Sha256SelfCheck.Passes(kernel) : null, null))];
        Sha256Kernel[] usable = [.. candidates.Where(candidate => candidate.PassesSelfCheck == true).Select(candidate => candidate.Kernel)];
        KernelCost[] costs = KernelCalibration.Measure(usable);
        return
        [
            .. candidates.Select(candidate => Array.IndexOf(usable, candidate.Kernel) is int at and >= 0
                ? candidate with { Cost = costs[at] }
                : candidate),
        ];
    }

    /// <summary>The choice by the candidates' costs: of few messages, of many, and of trees the fastest each, which is often one and the same.</summary>
    /// <exception cref="InvalidOperationException">No candidate passed its self-check.</exception>
    public static KernelChoice Fastest(IReadOnlyList<KernelCandidate> candidates)
    {
        KernelCandidate[] usable = [.. candidates.Where(candidate => candidate.Supported && candidate.PassesSelfCheck == true)];
        if (usable.Length == 0)
            throw new InvalidOperationException("No SHA-256 kernel passes its self-check on this machine.");
        var few = Best(usable, cost => cost.NanosecondsPerByte);
        var many = Best(usable, cost => cost.NanosecondsPerByteOfMany);
        var pairs = Best(usable, cost => cost.NanosecondsPerPair);
        double perByte = new KernelCost(pairs.Cost?.NanosecondsPerPair ?? 0, few.Cost?.NanosecondsPerByte ?? 0, 0).PerPayloadByte;
        int wrong = candidates.Count(candidate => candidate.PassesSelfCheck == false);
        string reason = string.Create(CultureInfo.InvariantCulture, $"fastest here: {perByte:F2} ns per payload byte")
            + (wrong == 0 ? "" : $"; not used, as they failed the self-check: {string.Join(", ", candidates.Where(c => c.PassesSelfCheck == false).Select(c => c.Name))}");
        return new KernelChoice(CombinedSha256.Of(few.Kernel, many.Kernel, pairs.Kernel), reason, candidates);
    }

    private static KernelCandidate Best(KernelCandidate[] usable, Func<KernelCost, double> costOf)
    {
        var best = usable[0];
        foreach (var candidate in usable)
        {
            if (Cost(candidate) < Cost(best) * ClearlyFaster)
                best = candidate;
        }

        return best;

        double Cost(KernelCandidate candidate) => candidate.Cost is { } cost ? costOf(cost) : double.PositiveInfinity;
    }

    private static KernelChoice Named(string name, IReadOnlyList<Sha256Kernel> kernels)
    {
        string known = string.Join(", ", kernels.Select(kernel => kernel.Name));
        Sha256Kernel named = kernels.FirstOrDefault(kernel => kernel.Name == name)
            ?? throw new ArgumentException($"{Sha256Kernels.Variable}: no kernel '{name}'; known: {known}");
        if (!named.IsSupported)
            throw new ArgumentException($"{Sha256Kernels.Variable}: kernel '{name}' is not supported on this machine; known: {known}");
        if (!Sha256SelfCheck.Passes(named))
            throw new InvalidOperationException($"{Sha256Kernels.Variable}: kernel '{name}' failed its self-check and is not used.");
        return new KernelChoice(
            named,
            $"asked for by {Sha256Kernels.Variable}",
            [.. kernels.Select(kernel => new KernelCandidate(kernel, kernel.IsSupported, ReferenceEquals(kernel, named) ? true : null, null))]);
    }
}
