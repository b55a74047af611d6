using System.Globalization;
using System.Text;
using DataPrep.Source;

namespace DataPrep.Cli.Bench;

/// <summary>A folder below the one that is measured, with all that the measurements write; it goes with them.</summary>
internal sealed class BenchFolder : IDisposable
{
    public const string Prefix = ".dataprep-bench-";

    /// <exception cref="IOException">There is no such folder, or nothing can be made in it.</exception>
    public BenchFolder(string folder)
    {
        if (!Directory.Exists(folder))
            throw new IOException($"{folder}: there is no such folder");
        Parent = System.IO.Path.GetFullPath(folder);
        // Not by the process alone: in containers that share a disk its number may be the same.
        Path = System.IO.Path.Join(Parent, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Random.Shared.Next():x8}"));
        (FileSystem, Device) = MountOf(Parent);
        IsMemory = Posix.KindOf(Parent) == FileSystemKind.Memory;
        _ = Directory.CreateDirectory(Path);
    }

    /// <summary>The folder that is measured.</summary>
    public string Parent { get; }

    /// <summary>The folder below it.</summary>
    public string Path { get; }

    /// <summary>Kind of the file system, as <c>ext4</c>.</summary>
    public string FileSystem { get; }

    /// <summary>What is mounted there, as <c>/dev/sda1</c>.</summary>
    public string Device { get; }

    /// <summary>Whether files there are in memory, and on no disk.</summary>
    public bool IsMemory { get; }

    /// <summary>Bytes that the measurements may take: they leave the twentieth part of the file system free, and 1 GiB at least; in memory a quarter of what is free there.</summary>
    public long Room
    {
        get
        {
            var drive = new DriveInfo(Path);
            long room = drive.AvailableFreeSpace - Math.Max(1L << 30, drive.TotalSize / 20);
            return IsMemory ? Math.Min(room, Machine.FreeMemory / 4) : room;
        }
    }

    public string At(string name) => System.IO.Path.Join(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }

    private static (string FileSystem, string Device) MountOf(string folder)
    {
        string real = Posix.RealPath(PathText.FromArgument(folder), out _) is { } path ? Encoding.UTF8.GetString(path) : folder;
        try
        {
            return MountOf(real, File.ReadLines("/proc/self/mountinfo"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ("unknown", "unknown");
        }
    }

    /// <summary>Finds a folder in the kernel's list of mounts.</summary>
    /// <param name="lines">Number, parent, device, root, place, options, tags, a dash, kind, what is mounted, options.</param>
    internal static (string FileSystem, string Device) MountOf(string folder, IEnumerable<string> lines)
    {
        string fileSystem = "unknown", device = "unknown";
        int longest = -1;
        foreach (string line in lines)
        {
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash < 6 || dash + 2 >= fields.Length)
                continue;
            string place = Unescape(fields[4]);
            bool isAbove = place == "/" || folder == place || folder.StartsWith(place + "/", StringComparison.Ordinal);
            // Of several at one place the last one hides the others.
            if (isAbove && place.Length >= longest)
                (longest, fileSystem, device) = (place.Length, fields[dash + 1], Unescape(fields[dash + 2]));
        }

        return (fileSystem, device);
    }

    private static string Unescape(string text) => text.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
