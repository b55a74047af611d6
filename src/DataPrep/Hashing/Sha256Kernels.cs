namespace DataPrep.Hashing;

/// <summary>The SHA-256 kernels in order of preference, and the one that this process uses.</summary>
internal static class Sha256Kernels
{
    /// <summary>The environment variable that forces a kernel by its name.</summary>
    public const string Variable = "DATAPREP_SHA256";

    /// <summary>Every kernel, the preferred first, supported here or not.</summary>
    public static IReadOnlyList<Sha256Kernel> All { get; } =
    [
        .. NativeKernels.All,
        new ArmSha256(),
        new Vector512Sha256(),
        new Vector256Sha256(),
        new DotNetSha256(),
        new PortableSha256(),
    ];

    private static readonly Lazy<KernelChoice> s_choice = new(() => KernelChoice.Make(Environment.GetEnvironmentVariable(Variable), All));

    /// <summary>The kernel of this process, and why; made at first use and then kept.</summary>
    /// <exception cref="ArgumentException"><c>DATAPREP_SHA256</c> names a kernel that is unknown or unsupported here.</exception>
    /// <exception cref="InvalidOperationException">The named kernel failed its self-check.</exception>
    public static KernelChoice Choice => s_choice.Value;

    /// <summary>The kernel of this process.</summary>
    /// <inheritdoc cref="Choice" path="/exception"/>
    public static Sha256Kernel Current => Choice.Chosen;

    /// <summary>The kernel of that name, or for null or nothing the fastest one that is supported and passes its self-check.</summary>
    /// <exception cref="ArgumentException">No kernel has that name, or this machine cannot run it.</exception>
    /// <exception cref="InvalidOperationException">The kernel failed its self-check.</exception>
    public static Sha256Kernel Resolve(string? name) => KernelChoice.Make(name, All).Chosen;
}
