using System.Globalization;

namespace DataPrep.Cli.Doctor;

/// <summary>Limits that the system sets for a process.</summary>
internal static class LimitChecks
{
    private const long Gibibyte = 1L << 30;

    public static IEnumerable<Check> All() => [OpenFiles(), .. FileSize(), .. AddressSpace(), Temporary()];

    private static Check OpenFiles()
    {
        long files = Limit("Max open files");
        string text = files == long.MaxValue ? "no limit" : $"{files} at once";
        return files switch
        {
            < 256 => Check.Problem("open files", text, "raise it: ulimit -n 65536, or LimitNOFILE= of a unit"),
            < 4096 => Check.Note("open files", text, "enough for pack; serve with many connections wants more: ulimit -n 65536, or LimitNOFILE= of a unit"),
            _ => Check.Ok("open files", text),
        };
    }

    private static IEnumerable<Check> FileSize()
    {
        long size = Limit("Max file size");
        if (size < 64 * Gibibyte)
            yield return Check.Problem("file size", $"files may have {SizeText.Format(size)}", "a piece has up to 64 GiB: ulimit -f unlimited");
    }

    private static IEnumerable<Check> AddressSpace()
    {
        long size = Limit("Max address space");
        if (size < long.MaxValue)
            yield return Check.Warning("address space", $"limited to {SizeText.Format(size)}", "sources and journals are mapped, and .NET reserves far more than it uses: ulimit -v unlimited, and limit memory by a control group");
    }

    private static Check Temporary()
    {
        string folder = Path.GetTempPath(), path = Path.Join(folder, $"dataprep-doctor-{Environment.ProcessId}");
        try
        {
            using (File.Create(path, 1, FileOptions.DeleteOnClose))
            {
            }

            return Check.Ok("temp folder", $"{folder}, {SizeText.Format(new DriveInfo(folder).AvailableFreeSpace)} free");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Check.Warning("temp folder", $"{folder}: {e.Message}", "set TMPDIR to a folder that can be written to");
        }
    }

    /// <summary>The soft limit; .NET has raised that of open files to the hard one.</summary>
    private static long Limit(string name)
    {
        string? line = ProcFile.Lines("/proc/self/limits").FirstOrDefault(each => each.StartsWith(name, StringComparison.Ordinal));
        string soft = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0] ?? "";
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : long.MaxValue;
    }
}
