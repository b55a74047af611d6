using System.Diagnostics;
using System.Globalization;
using DataPrep.Source;

namespace DataPrep.Cli.Doctor;

/// <summary>A folder that sources are in or pieces are to be written to: its file system, what it can do, and how fast it is about.</summary>
internal static class FolderChecks
{
    private const long Gibibyte = 1L << 30, MostTried = 256L << 20;

    public static IEnumerable<Check> Of(string folder, CancellationToken cancel) =>
        Found(folder, cancel).Select(check => check with { Message = $"{folder}: {check.Message}" });

    private static IEnumerable<Check> Found(string folder, CancellationToken cancel)
    {
        if (!Directory.Exists(folder))
        {
            yield return Check.Problem("folder", File.Exists(folder) ? "is a file" : "is not there", "name a folder; pack makes OUT, so name the one above it");
            yield break;
        }

        long free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        var (kind, mount) = Mounted(folder);
        string text = $"{kind} at {mount}, {SizeText.Format(free)} free";
        yield return IsRemote(kind) ? Check.Note("folder", text, "over a network: locks, and what is durable when, are the server's business")
            : free < 32 * Gibibyte ? Check.Note("folder", text, "less than a piece of 32 GiB")
            : Check.Ok("folder", text);

        string trial = Path.Join(folder, $".dataprep-doctor-{Environment.ProcessId}");
        Check? refused = null;
        try
        {
            _ = Directory.CreateDirectory(trial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            refused = Check.Warning("folder", $"cannot be written to: {e.Message}", "enough for sources; OUT has to be writable");
        }

        if (refused is not null)
        {
            yield return refused;
            yield break;
        }

        try
        {
            foreach (var check in Tried(trial))
                yield return check;
            if (free > 4 * MostTried)
                yield return Timed(Path.Join(trial, "rate"), cancel);
        }
        finally
        {
            Directory.Delete(trial, recursive: true);
        }
    }

    private static IEnumerable<Check> Tried(string trial)
    {
        var abilities = new FolderTrial(trial).Run();
        string[] has = [.. abilities.Where(each => each.Works).Select(each => each.Name)];
        FolderAbility[] lacks = [.. abilities.Where(each => !each.Works)], needed = [.. lacks.Where(each => each.IsNeeded)];
        yield return needed.Length > 0
            ? Check.Problem("folder", $"cannot: {Names(needed)}", "pieces cannot be written here: take a local disk")
            : Check.Ok("folder", $"can: {string.Join(", ", has)}");
        if (lacks.Length > needed.Length)
            yield return Check.Note("folder", $"cannot: {Names(lacks.Where(each => !each.IsNeeded))}", string.Join("; ", lacks.Where(each => !each.IsNeeded).Select(each => each.Without)));
    }

    private static Check Timed(string path, CancellationToken cancel)
    {
        using var buffer = new NativeBuffer(4 << 20);
        new Random(1).NextBytes(buffer.Span);
        long written = 0;
        double write, read;
        try
        {
            using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
            var watch = Stopwatch.StartNew();
            for (; written < MostTried && watch.ElapsedMilliseconds < 1000; written += buffer.Length)
            {
                cancel.ThrowIfCancellationRequested();
                RandomAccess.Write(file, buffer.Span, written);
            }

            int errno = Posix.Flush(file);
            if (errno != 0)
                return Check.Problem("folder", $"what is written cannot be flushed: {Posix.Describe(errno)}", "look into the log of the kernel; take another disk");
            write = written / watch.Elapsed.TotalSeconds;
            Posix.DropFromCache(file, 0, (int)written);
            watch.Restart();
            long at = 0;
            for (; at < written && watch.ElapsedMilliseconds < 1000; at += buffer.Length)
            {
                cancel.ThrowIfCancellationRequested();
                _ = RandomAccess.Read(file, buffer.Span, at);
            }

            read = at / watch.Elapsed.TotalSeconds;
        }
        catch (IOException e)
        {
            return Check.Problem("folder", $"a file of {SizeText.Format(MostTried)} cannot be written: {e.Message}", "look for quotas, and into the log of the kernel");
        }

        string text = string.Create(CultureInfo.InvariantCulture, $"writes about {write / 1e6:0} MB/s and reads {read / 1e6:0} MB/s, by one file of {SizeText.Format(written)} and one thread");
        return Math.Min(write, read) < 100e6 ? Check.Note("folder", text, "packing is as fast as the slower of the disks it reads from and writes to") : Check.Ok("folder", text);
    }

    /// <summary>Type and place of the mount that a folder is in.</summary>
    private static (string Kind, string Mount) Mounted(string folder)
    {
        string path = Posix.RealPath(PathText.FromArgument(folder), out _) is { } real ? System.Text.Encoding.UTF8.GetString(real) : Path.GetFullPath(folder);
        (string Kind, string Mount) found = ("unknown file system", "/");
        int longest = -1;
        foreach (string line in ProcFile.Lines("/proc/self/mountinfo"))
        {
            // id parent device root MOUNT options fields... - TYPE source options; the last of equal mounts lies on top
            string[] halves = line.Split(" - ", 2), before = halves[0].Split(' ');
            if (halves.Length < 2 || before.Length < 5)
                continue;
            string mount = before[4].Replace("\\040", " ");
            bool isAbove = mount == "/" || path == mount || path.StartsWith(mount + "/", StringComparison.Ordinal);
            if (isAbove && mount.Length >= longest)
                (longest, found) = (mount.Length, (halves[1].Split(' ')[0], mount));
        }

        return found;
    }

    private static bool IsRemote(string kind) => kind.StartsWith("nfs", StringComparison.Ordinal) || kind.StartsWith("fuse.", StringComparison.Ordinal) || kind is "cifs" or "smb3" or "ceph" or "lustre" or "9p" or "afs" or "glusterfs" or "virtiofs";

    private static string Names(IEnumerable<FolderAbility> abilities) => string.Join(", ", abilities.Select(each => each.Name));
}
