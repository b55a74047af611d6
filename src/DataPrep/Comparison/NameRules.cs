using System.Buffers;
using System.Text;
using DataPrep.Source;

namespace DataPrep.Comparison;

/// <summary>Names that other systems cannot store, or take for others.</summary>
internal static class NameRules
{
    private static readonly SearchValues<char> NotOnWindows = SearchValues.Create("<>:\"|?*\\");

    private static readonly HashSet<string> Devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(i => (string[])[$"COM{i}", $"LPT{i}"])], StringComparer.OrdinalIgnoreCase);

    /// <summary>Says what is wrong with a name; null where nothing is.</summary>
    public static string? Problem(ReadOnlySpan<byte> name)
    {
        if (!PathText.IsUtf8(name))
            return "is not UTF-8";
        string text = PathText.Show(name);
        if (text.Any(char.IsControl))
            return "has a control character";
        if (text.AsSpan().IndexOfAny(NotOnWindows) is >= 0 and var at)
            return $"has a '{text[at]}', which Windows does not take";
        if (text is [.., '.' or ' '])
            return "ends with a point or a space, which Windows cuts off";
        return Devices.Contains(text.Split('.')[0]) ? "is the name of a device on Windows" : null;
    }

    /// <summary>What is equal for two paths that a file system may take for one: which does not tell upper from lower case.</summary>
    public static byte[] Folded(byte[] path)
    {
        var name = PathText.BaseName(path);
        if (!PathText.IsUtf8(name))
            return path;
        return [.. path.AsSpan(0, path.Length - name.Length), .. Encoding.UTF8.GetBytes(PathText.Show(name).ToUpperInvariant())];
    }
}
