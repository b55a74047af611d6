using System.Text;

namespace DataPrep.Source;

/// <summary>Names are bytes; this is how they are shown and compared.</summary>
internal static class PathText
{
    public static byte[] FromArgument(string path) => Encoding.UTF8.GetBytes(path);

    /// <summary>The text for people and JSON; bytes that are not UTF-8 show as U+FFFD.</summary>
    public static string Show(ReadOnlySpan<byte> path) => Encoding.UTF8.GetString(path);

    public static bool IsUtf8(ReadOnlySpan<byte> path) => System.Text.Unicode.Utf8.IsValid(path);

    /// <summary>One line for messages: control characters are escaped so that a name cannot forge output.</summary>
    public static string Quote(ReadOnlySpan<byte> path) => Quote(Show(path));

    public static string Quote(string path)
    {
        if (!path.Any(char.IsControl))
            return path;
        var text = new StringBuilder(path.Length + 8);
        foreach (char c in path)
            _ = char.IsControl(c) ? text.Append(c == '\n' ? "\\n" : c == '\t' ? "\\t" : $"\\x{(int)c:x2}") : text.Append(c);
        return text.ToString();
    }

    /// <summary>The part after the last slash, with closing slashes ignored.</summary>
    public static ReadOnlySpan<byte> BaseName(ReadOnlySpan<byte> path)
    {
        path = path.TrimEnd((byte)'/');
        return path[(path.LastIndexOf((byte)'/') + 1)..];
    }

    public static byte[] Join(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name)
    {
        bool slash = folder.Length > 0 && folder[^1] != '/';
        byte[] path = new byte[folder.Length + (slash ? 1 : 0) + name.Length];
        folder.CopyTo(path);
        if (slash)
            path[folder.Length] = (byte)'/';
        name.CopyTo(path.AsSpan(path.Length - name.Length));
        return path;
    }

    /// <summary>Order of paths part by part: the slash comes before every other byte.</summary>
    public static int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int common = a.CommonPrefixLength(b);
        if (common == a.Length || common == b.Length)
            return a.Length.CompareTo(b.Length);
        return (a[common] == '/' ? 0 : a[common]).CompareTo(b[common] == '/' ? 0 : b[common]);
    }
}
