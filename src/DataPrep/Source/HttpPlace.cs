using System.Text;

namespace DataPrep.Source;

/// <summary>URLs of files, and the paths that they have in a dataset.</summary>
internal static class HttpPlace
{
    // What may stand in a part of a path as it is (RFC 3986, 3.3).
    private static readonly System.Buffers.SearchValues<byte> Plain =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@"u8);

    /// <summary>The path of a URL, with its percent-encoding undone part by part, and without the slash that it begins with.</summary>
    /// <returns>Null with the reason where it is no path of a file.</returns>
    public static byte[]? PathOf(string url, out string problem)
    {
        // From the text: a Uri has dot segments resolved already.
        int begin = url.IndexOf("://", StringComparison.Ordinal) + 3;
        int end = url.AsSpan(begin).IndexOfAny('?', '#') is >= 0 and var at ? begin + at : url.Length;
        int slash = url.AsSpan(begin, end - begin).IndexOf('/');
        byte[] escaped = slash < 0 ? [] : Encoding.UTF8.GetBytes(url[(begin + slash + 1)..end]);
        if (escaped.Length == 0 || escaped[^1] == '/')
        {
            problem = "it ends with a slash, so it names no file";
            return null;
        }

        byte[] path = new byte[escaped.Length];
        int length = 0;
        for (int i = 0; i < escaped.Length; i++)
        {
            byte value = escaped[i];
            if (value == '%')
            {
                if (i + 2 >= escaped.Length || !byte.TryParse(escaped.AsSpan(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out value))
                {
                    problem = "a % in it is not followed by two hexadecimal digits";
                    return null;
                }

                if (value == '/')
                {
                    problem = "a part of its path has an encoded slash; say after a TAB which path it is to have";
                    return null;
                }

                i += 2;
            }

            path[length++] = value;
        }

        problem = ObjectListing.ProblemOf(path.AsSpan(0, length)) ?? "";
        return problem.Length == 0 ? path[..length] : null;
    }

    /// <summary>Appends names to a URL, percent-encoded.</summary>
    public static string Below(string folder, ReadOnlySpan<byte> path)
    {
        var url = new StringBuilder(folder, folder.Length + path.Length + 16);
        _ = url.Append('/');
        foreach (byte value in path)
            _ = value == '/' || Plain.Contains(value) ? url.Append((char)value) : url.Append('%').Append(value.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        return url.ToString();
    }

    /// <summary>The URL of an entry: its own, or that of a folder above it and the names from there.</summary>
    public static string Of(SourceTree tree, int entry)
    {
        if (tree.Anchor(entry) is { } own)
            return PathText.Show(own);
        int folder = entry, length = -1;
        for (; tree.Anchor(folder) is null; folder = tree[folder].Parent)
            length += tree.Name(folder).Length + 1;
        byte[] path = new byte[length];
        for (int i = entry, at = length; i != folder; i = tree[i].Parent)
        {
            var name = tree.Name(i);
            name.CopyTo(path.AsSpan(at -= name.Length));
            if (at > 0)
                path[--at] = (byte)'/';
        }

        return Below(PathText.Show(tree.Anchor(folder)), path);
    }
}
