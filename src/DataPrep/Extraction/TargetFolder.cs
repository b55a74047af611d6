using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Extraction;

/// <summary>Something has the name of an entry and is not that entry.</summary>
internal sealed class NameTakenException(string message) : IOException(message);

/// <summary>
/// The folder that entries are restored to. Whatever is opened below it is opened name by name from its descriptor, and no symlink is
/// followed, so nothing outside it can be meant. Files are made in a work folder in it, which is removed at the end.
/// </summary>
internal sealed class TargetFolder : IDisposable
{
    /// <summary>Holds files in the making. No entry at the top can have this name.</summary>
    public const string WorkFolder = ".dataprep-extract";

    /// <summary>Longest name and longest symlink target that Linux takes, in bytes.</summary>
    public const int LongestName = 255, LongestTarget = 4095;

    private const int OpenOnly = Posix.O_PATH | Posix.O_CLOEXEC;
    private static readonly byte[] WorkName = PathText.FromArgument(WorkFolder);
    private readonly SafeFileHandle root;
    private readonly SafeFileHandle work;
    private long temporaries;

    private TargetFolder(string path, SafeFileHandle root, SafeFileHandle work) => (Path, this.root, this.work) = (path, root, work);

    public string Path { get; }

    /// <summary>Permissions that files are not made with, whatever is asked for: by the process's mask or the folder's lists.</summary>
    public uint Withheld { get; private set; }

    /// <summary>Descriptor of the work folder.</summary>
    public int Work => (int)work.DangerousGetHandle();

    /// <summary>Opens the folder, makes it if it is not there, and removes what a run that was broken off has left.</summary>
    /// <exception cref="IOException">It cannot be made or written to, or another run is at work in it.</exception>
    public static TargetFolder Open(string path)
    {
        _ = Directory.CreateDirectory(path);
        int fd = Posix.Open(PathText.FromArgument(path), Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_CLOEXEC, out int error);
        Check(error, "open", path);
        var root = new SafeFileHandle(fd, ownsHandle: true);
        error = Posix.MakeFolder(fd, WorkName, 0x1C0);
        if (error != Posix.EEXIST)
            Check(error, "make a folder in", path);
        int work = Posix.OpenAt(fd, WorkName, Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out error);
        Check(error, "open", $"{path}/{WorkFolder}");
        var target = new TargetFolder(path, root, new SafeFileHandle(work, ownsHandle: true));
        error = Posix.Lock(target.work);
        if (error == Posix.EAGAIN)
            throw new IOException($"another run is extracting into {path}; wait for its end");
        Check(error, "lock", $"{path}/{WorkFolder}");
        target.Clear();
        target.Withheld = target.Ask();
        return target;
    }

    /// <summary>A name in the work folder that nothing has.</summary>
    public byte[] NewTemporary() => PathText.FromArgument($"{Interlocked.Increment(ref temporaries)}");

    /// <summary>Opens a folder below, by its path; the caller closes the descriptor. -1 with the error.</summary>
    public int OpenFolder(ReadOnlySpan<byte> path, out int error, bool forReading = false)
    {
        int folder = Posix.OpenAt((int)root.DangerousGetHandle(), "."u8, OpenOnly | Posix.O_DIRECTORY, out error);
        while (folder >= 0 && path.Length > 0)
        {
            int slash = path.IndexOf((byte)'/');
            var name = slash < 0 ? path : path[..slash];
            path = slash < 0 ? [] : path[(slash + 1)..];
            int flags = path.Length == 0 && forReading ? Posix.O_RDONLY | Posix.O_CLOEXEC : OpenOnly;
            int below = name.Length > LongestName ? -1 : Posix.OpenAt(folder, name, flags | Posix.O_DIRECTORY | Posix.O_NOFOLLOW, out error);
            if (name.Length > LongestName)
                error = Posix.ENAMETOOLONG;
            Posix.Close(folder);
            folder = below;
        }

        return folder;
    }

    /// <exception cref="IOException">There is an error.</exception>
    public static void Check(int error, string action, string path)
    {
        if (error != 0)
            throw new IOException($"cannot {action} {path}: {Posix.Describe(error)}");
    }

    public void Dispose()
    {
        Clear();
        _ = Posix.Remove((int)root.DangerousGetHandle(), WorkName, isFolder: true);
        work.Dispose();
        root.Dispose();
    }

    private uint Ask()
    {
        const uint All = 0x1FF;
        byte[] name = NewTemporary();
        int fd = Posix.OpenAt(Work, name, Posix.O_RDWR | Posix.O_CREAT | Posix.O_EXCL | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out int error, (int)All);
        Check(error, "make a file in", Path);
        error = Posix.Stat(fd, out var stamp);
        Posix.Close(fd);
        Check(error, "look at a file in", Path);
        _ = Posix.Remove(Work, name);
        return All & ~stamp.Permissions;
    }

    private void Clear()
    {
        Span<byte> buffer = stackalloc byte[4096];
        int folder = Posix.OpenAt(Work, "."u8, Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_CLOEXEC, out _);
        while (folder >= 0 && Posix.ReadFolder(folder, buffer, out _) is > 0 and var filled)
        {
            ReadOnlySpan<byte> entries = buffer[..filled];
            while (entries.Length > 0)
                _ = Posix.Remove(folder, Posix.NextName(ref entries));
        }

        if (folder >= 0)
            Posix.Close(folder);
    }
}

/// <summary>The folder that a worker is in: opened once for all entries in a row that stand in it. For one thread at a time.</summary>
internal sealed class FolderCursor(TargetFolder target) : IDisposable
{
    private byte[]? path;
    private int folder = -1;

    /// <summary>Descriptor of the folder that holds an entry, valid until the next call, and the entry's name.</summary>
    /// <exception cref="NameTakenException">Something that is no folder has its name, or that of one above it.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public int FolderOf(ReadOnlySpan<byte> entry, out ReadOnlySpan<byte> name)
    {
        int slash = entry.LastIndexOf((byte)'/');
        name = entry[(slash + 1)..];
        var wanted = slash < 0 ? [] : entry[..slash];
        if (name.Length > TargetFolder.LongestName)
            throw new IOException($"its name has {name.Length} bytes, {TargetFolder.LongestName} are possible");
        if (path is not null && wanted.SequenceEqual(path))
            return folder;
        Dispose();
        folder = target.OpenFolder(wanted, out int error);
        if (error is Posix.ENOTDIR or Posix.ELOOP)
            throw new NameTakenException($"'{PathText.Quote(wanted)}' or a folder above it is no folder in {target.Path}");
        TargetFolder.Check(error, "open the folder", $"'{PathText.Quote(wanted)}'");
        path = wanted.ToArray();
        return folder;
    }

    public void Dispose()
    {
        if (folder >= 0)
            Posix.Close(folder);
        (folder, path) = (-1, null);
    }
}
