using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Records;

/// <summary>
/// The folder that a dataset is written to. Files are made under temporary names in its <c>.dataprep</c> folder,
/// flushed to the device, and only then given their names, so that a name never stands for half a file.
/// </summary>
internal sealed class OutputFolder
{
    public const string WorkFolder = SourcePlaces.WorkFolder;

    /// <summary>The file of the work folder that tells whether a run is at work.</summary>
    public const string LockFile = "lock";

    /// <param name="work">The work folder, where it is not the usual one; on the same file system.</param>
    public OutputFolder(string path, string? work = null)
    {
        Path = System.IO.Path.GetFullPath(path);
        Work = work ?? System.IO.Path.Join(Path, WorkFolder);
    }

    public string Path { get; }

    public string Work { get; }

    /// <summary>Bytes that are free on its file system, where it stands or will stand.</summary>
    public long FreeSpace => new DriveInfo(Existing).AvailableFreeSpace;

    /// <summary>The file system.</summary>
    public ulong Device => Posix.StatPath(PathText.FromArgument(Existing), out var stamp) == 0 ? stamp.Device : 0;

    private string Existing
    {
        get
        {
            string existing = Path;
            while (!Directory.Exists(existing) && System.IO.Path.GetDirectoryName(existing) is { } parent)
                existing = parent;
            return existing;
        }
    }

    /// <summary>A file of the work folder, which is not part of the output.</summary>
    public string WorkFile(string name) => System.IO.Path.Join(Work, name);

    public string FileOf(string name) => System.IO.Path.Join(Path, name);

    /// <summary>
    /// Makes the folders and keeps other runs out until disposed. Two runs at once would write to the same temporary
    /// files, and name each other's halves.
    /// </summary>
    /// <exception cref="IOException">Another run is at work here, or the folders cannot be made.</exception>
    public IDisposable Hold()
    {
        Make();
        return Lock();
    }

    /// <summary>Makes the folders, and flushes those that a new one stands in: else a power cut could take away OUT with all that was flushed in it.</summary>
    private void Make()
    {
        var made = new List<string>();
        for (string folder = Work; !Directory.Exists(folder); folder = System.IO.Path.GetDirectoryName(folder)!)
            made.Add(folder);
        Directory.CreateDirectory(Work);
        foreach (string folder in made)
        {
            int error = Posix.FlushFolder(System.IO.Path.GetDirectoryName(folder)!);
            // One that may be written to, but not read, cannot be flushed.
            if (error != Posix.EACCES)
                Check(error, "flush the folder of", folder);
        }
    }

    /// <summary>Whether a run is at work here. Changes nothing, and keeps no run from beginning.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    public bool IsHeld()
    {
        string path = WorkFile(LockFile);
        int fd = Posix.Open(PathText.FromArgument(path), Posix.O_RDONLY | Posix.O_CLOEXEC, out int error);
        if (fd < 0 && error is Posix.ENOENT or Posix.ENOTDIR)
            return false;
        if (fd < 0)
            Check(error, "open", path);
        using var file = new SafeFileHandle(fd, ownsHandle: true);
        error = Posix.Lock(file, shared: true);
        if (error != Posix.EAGAIN)
            Check(error, "lock", path);
        return error != 0;
    }

    private SafeFileHandle Lock()
    {
        string path = WorkFile(LockFile);
        // Not by File.OpenHandle, which takes a shared lock of its own.
        int fd = Posix.Open(PathText.FromArgument(path), Posix.O_RDWR | Posix.O_CREAT | Posix.O_CLOEXEC, out int error);
        if (fd < 0)
            Check(error, "open", path);
        var file = new SafeFileHandle(fd, ownsHandle: true);
        error = Posix.Lock(file);
        // Who looks whether a run is at work has the lock for a moment.
        for (int i = 0; error == Posix.EAGAIN && i < 10; i++)
        {
            Thread.Sleep(10);
            error = Posix.Lock(file);
        }

        if (error == 0)
            return file;
        file.Dispose();
        throw error == Posix.EAGAIN
            ? new BusyException($"another run is packing into {Path}; wait for its end")
            : new IOException($"cannot lock {path}: {Posix.Describe(error)}");
    }

    public string TemporaryOf(string name) => WorkFile(name + ".part");

    /// <summary>Writes a whole file and puts it in place.</summary>
    public void Write(string name, Action<Stream> content) => Write(name, Path, content);

    /// <summary>Writes a whole file of the work folder.</summary>
    public void WriteWork(string name, Action<Stream> content) => Write(name, Work, content);

    private void Write(string name, string folder, Action<Stream> content)
    {
        string temporary = TemporaryOf(name);
        WriteFlushed(temporary, FileMode.Create, content);
        Place(temporary, name, folder);
    }

    /// <summary>Writes a whole file where it is, and flushes it to the device.</summary>
    public static void WriteFlushed(string path, FileMode mode, Action<Stream> content)
    {
        using var file = new FileStream(path, mode, FileAccess.Write, FileShare.None, 1 << 16);
        content(file);
        file.Flush();
        Sync(file.SafeFileHandle, path);
    }

    /// <summary>
    /// Gives a flushed file a name that only its content can have, and flushes the folder. What has the name already stays: it is
    /// the same, or in the way. Only a symlink that leads to no file is replaced.
    /// </summary>
    /// <exception cref="IOException">Something else has the name, or it cannot be given.</exception>
    public void PlaceNew(string temporary, string name)
    {
        string path = FileOf(name);
        int error = Posix.RenameNew(temporary, path);
        if (error == Posix.EEXIST && LinkedFile.Absence(path) is not null && new FileInfo(path).LinkTarget is not null)
            error = Posix.Rename(temporary, path);
        if (error == Posix.EEXIST)
        {
            if (!LinkedFile.AreEqual(temporary, path))
                throw new IOException($"{path} has the name of a piece that was made, and is not that piece; move it away and run the same command again, which will go on");
            using (var there = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
                Sync(there, path);
            File.Delete(temporary);
            error = 0;
        }

        Check(error, "rename", temporary);
        Check(Posix.FlushFolder(Path), "flush", Path);
    }

    /// <summary>Gives a flushed file its name, replacing what stands there, and flushes the folder.</summary>
    public static void Place(string temporary, string name, string folder)
    {
        Check(Posix.Rename(temporary, System.IO.Path.Join(folder, name)), "rename", temporary);
        Check(Posix.FlushFolder(folder), "flush", folder);
    }

    /// <summary>Flushes to the device. Through the system call itself, since .NET's own calls keep errors of fsync to themselves.</summary>
    public static void Sync(SafeFileHandle file, string path) => Check(Posix.Flush(file), "flush", path);

    public static void Check(int error, string action, string path)
    {
        if (error != 0)
            throw new IOException($"cannot {action} {path}: {Posix.Describe(error)}");
    }
}

/// <summary>Another run is at work in a folder.</summary>
public sealed class BusyException(string message) : IOException(message);
