using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using DataPrep.Source;

namespace DataPrep.Cli;

/// <summary>
/// The native kernels of an executable that is one file: they are a resource in it, and are loaded from memory, so that nothing has to be
/// written anywhere, and no home folder is needed.
/// </summary>
internal static unsafe partial class EmbeddedKernels
{
    private const string Library = "dataprep_kernels", Resource = "libdataprep_kernels.so";
    private const uint MFD_CLOEXEC = 1;

    /// <summary>Is asked when the library is nowhere else.</summary>
    public static void Register() => AssemblyLoadContext.Default.ResolvingUnmanagedDll += static (_, name) => name == Library ? Load() : 0;

    private static nint Load()
    {
        using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource);
        if (resource is null)
            return 0;
        byte[] content = new byte[resource.Length];
        resource.ReadExactly(content);
        int fd = memfd_create("dataprep_kernels"u8, MFD_CLOEXEC);
        if (fd < 0)
            return 0;
        // What is loaded stays mapped when the file is closed.
        nint library = 0;
        _ = Posix.Write(fd, content) == 0 && NativeLibrary.TryLoad($"/proc/self/fd/{fd}", out library);
        Posix.Close(fd);
        return library;
    }

    private static int memfd_create(ReadOnlySpan<byte> name, uint flags)
    {
        // A literal ends with a NUL that its length leaves out.
        fixed (byte* p = name)
            return memfd_create(p, flags);
    }

    [LibraryImport("libc")]
    private static partial int memfd_create(byte* name, uint flags);
}
