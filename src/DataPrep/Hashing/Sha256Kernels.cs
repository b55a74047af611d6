namespace DataPrep.Hashing;

/// <summary>The SHA-256 kernels in order of preference, and the one that this process uses.</summary>
internal static class Sha256Kernels
{
    /// <summary>The environment variable that forces a kernel by its name.</summary>
    public const string Variable = "DATAPREP_SHA256";

    private static readonly Lazy<Sha256Kernel> s_current = new(() => Resolve(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>Every kernel, the preferred first, supported here or not.</summary>
    public static IReadOnlyList<Sha256Kernel> All { get; } =
    [
        .. NativeKernels.All,
        new Vector256Sha256(),
        new DotNetSha256(),
        new PortableSha256(),
    ];

    /// <summary>The kernel of this process, chosen at first use and then kept.</summary>
    /// <exception cref="ArgumentException"><c>DATAPREP_SHA256</c> names a kernel that is unknown or unsupported here.</exception>
    /// <exception cref="InvalidOperationException">The named kernel failed its self-check.</exception>
    public static Sha256Kernel Current => s_current.Value;

    /// <summary>The kernel of that name, or for null or nothing the first one that is supported and passes its self-check.</summary>
    /// <exception cref="ArgumentException">No kernel has that name, or this machine cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The kernel failed its self-check.</exception>
    public static Sha256Kernel Resolve(string? name) => Resolve(name, All);

    /// <summary>As <see cref="Resolve(string?)"/>, out of other candidates.</summary>
    internal static Sha256Kernel Resolve(string? name, IReadOnlyList<Sha256Kernel> candidates)
    {
        if (string.IsNullOrEmpty(name))
        {
            return candidates.FirstOrDefault(kernel => kernel.IsSupported && Sha256SelfCheck.Passes(kernel))
                ?? throw new InvalidOperationException("No SHA-256 kernel passes its self-check on this machine.");
        }

        string known = string.Join(", ", candidates.Select(kernel => kernel.Name));
        Sha256Kernel named = candidates.FirstOrDefault(kernel => kernel.Name == name)
            ?? throw new ArgumentException($"{Variable}: no kernel '{name}'; known: {known}");
        if (!named.IsSupported)
            throw new ArgumentException($"{Variable}: kernel '{name}' is not supported on this machine; known: {known}");
        return Sha256SelfCheck.Passes(named)
            ? named
            : throw new InvalidOperationException($"{Variable}: kernel '{name}' failed its self-check and is not used.");
    }
}
