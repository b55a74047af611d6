using System.Runtime.InteropServices;

namespace DataPrep.Hashing;

/// <summary>
/// The functions of the native library, and the kernels that it brings. Without the library, or with one of another
/// version, there are none, and the managed kernels serve.
/// </summary>
internal static unsafe partial class NativeKernels
{
    private const string Library = "dataprep_kernels";
    private const int AbiVersion = 1;

    /// <summary>Why there are no native kernels, as a sentence; null where there are.</summary>
    public static string? Absence { get; } = FindAbsence();

    /// <summary>The library's kernels in its order, whether this CPU can run them or not.</summary>
    public static IReadOnlyList<Sha256Kernel> All { get; } = Absence is null ? Enumerate() : [];

    private static string? FindAbsence()
    {
        if (!NativeLibrary.TryLoad(Library, typeof(NativeKernels).Assembly, null, out nint library))
            return "the native library is not there";
        if (!NativeLibrary.TryGetExport(library, nameof(dp_abi_version), out _))
            return "the native library has no version";
        int version = dp_abi_version();
        return version == AbiVersion ? null : $"the native library has version {version} of its interface, not {AbiVersion}";
    }

    private static Sha256Kernel[] Enumerate()
    {
        var kernels = new Sha256Kernel[dp_kernel_count()];
        for (int i = 0; i < kernels.Length; i++)
            kernels[i] = new NativeSha256(i, Marshal.PtrToStringUTF8((nint)dp_kernel_name(i)) ?? $"native-{i}");
        return kernels;
    }

    [LibraryImport(Library)]
    private static partial int dp_abi_version();

    [LibraryImport(Library)]
    private static partial int dp_kernel_count();

    [LibraryImport(Library)]
    private static partial byte* dp_kernel_name(int kernel);

    [LibraryImport(Library)]
    internal static partial int dp_kernel_supported(int kernel);

    [LibraryImport(Library)]
    internal static partial nuint dp_scratch_size();

    [LibraryImport(Library)]
    internal static partial void dp_hash_messages(int kernel, byte* buffer, Message* messages, nuint count, byte* digests);

    [LibraryImport(Library)]
    internal static partial void dp_hash_pairs(int kernel, byte* pairs, byte* digests, nuint count);

    [LibraryImport(Library)]
    internal static partial void dp_subtree_root(int kernel, byte* raw, nuint length, int height, byte* root, byte* scratch);
}
