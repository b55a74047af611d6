using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Records;

/// <summary>Files that lines are added to.</summary>
internal static class AppendedFile
{
    /// <summary>
    /// Adds a line by one write, and flushes it to the device. Where a crash left a line without its end, the new one begins behind it: that one is lost, and no other.
    /// </summary>
    /// <param name="line">With its line feed.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Append(string path, ReadOnlySpan<byte> line)
    {
        bool isNew = !File.Exists(path);
        int fd = Posix.Open(PathText.FromArgument(path), Posix.O_RDWR | Posix.O_CREAT | Posix.O_CLOEXEC, out int error);
        if (fd < 0)
            OutputFolder.Check(error, "open", path);
        using var file = new SafeFileHandle(fd, ownsHandle: true);
        // Others add their lines in a moment.
        for (int i = 0; (error = Posix.Lock(file)) == Posix.EAGAIN && i < 100; i++)
            Thread.Sleep(10);
        OutputFolder.Check(error, "lock", path);
        long end = RandomAccess.GetLength(file);
        Span<byte> last = stackalloc byte[1];
        byte[] text = end > 0 && RandomAccess.Read(file, last, end - 1) == 1 && last[0] != '\n' ? [(byte)'\n', .. line] : line.ToArray();
        RandomAccess.Write(file, text, end);
        OutputFolder.Sync(file, path);
        if (isNew)
            OutputFolder.Check(Posix.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!), "flush the folder of", path);
    }
}
