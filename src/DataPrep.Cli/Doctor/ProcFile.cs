using System.Globalization;

namespace DataPrep.Cli.Doctor;

/// <summary>Files in which the kernel describes itself.</summary>
internal static class ProcFile
{
    /// <summary>What a file holds; null where it is not there or not to be read.</summary>
    public static string? Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static string[] Lines(string path) => (Text(path) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The value of the first line <c>key : value</c>.</summary>
    public static string? Value(string path, string key) =>
        Lines(path).Select(line => line.Split(':', 2)).FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == key)?[1].Trim();

    /// <summary>Bytes of a line of /proc/meminfo; 0 where it is missing.</summary>
    public static long Kibibytes(string key) =>
        Value("/proc/meminfo", key) is { } text && long.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes << 10 : 0;

    /// <summary>A whole number that is all of a file; null where it is none, such as <c>max</c>.</summary>
    public static long? Number(string path) => long.TryParse(Text(path)?.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;

    public static string Release() => $"kernel {Text("/proc/sys/kernel/osrelease")?.Trim() ?? "unknown"}";
}
