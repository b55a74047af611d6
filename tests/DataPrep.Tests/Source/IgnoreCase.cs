using System.Text;
using DataPrep.Source;

namespace DataPrep.Tests.Source;

/// <summary>A random tree and random patterns of which many match something in it. All text is Latin-1, a character a byte.</summary>
internal sealed class IgnoreCase
{
    private static readonly string[] Names =
        ["a", "b", "ab", "ba", "aab", "foo", "foobar", "foo.txt", "bar", "a.txt", "b.txt", ".a", "a b", "a ", "#a", "!a", "[a]", "a*", "a?b", "\\a", "a\\", "-", "A", "0", "9z", "\xff", "\xe9x", "\t", "]", "^"];

    private static readonly string[] Classes =
        ["[a-c]", "[!a]", "[^a-b]", "[]a]", "[!]a]", "[a-]", "[--0]", "[\\]a]", "[a-\\c]", "[[:alpha:]]", "[![:space:]]", "[[:upper:][:digit:]]", "[[:punct:]]", "[[:x:]]", "[[:a]", "[a", "[z-a]", "[\xe0-\xff]", "[a-c-e]", "[[]", "[/a]", "[[:graph:]]", "[[:cntrl:]]", "[[:blank:]]"];

    private readonly Random random;

    public IgnoreCase(int seed)
    {
        random = new Random(seed);
        var folders = new List<string> { "" };
        for (int i = random.Next(5, 30); i > 0; i--)
        {
            string path = folders[random.Next(folders.Count)] + Names[random.Next(Names.Length)];
            if (Entries.ContainsKey(path))
                continue;
            bool isFolder = random.Next(2) == 0;
            Entries.Add(path, isFolder);
            if (isFolder)
                folders.Add(path + "/");
        }

        var paths = Entries.Keys.ToList();
        Lines = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => Line(paths[random.Next(paths.Count)]))];
        File = Encoding.Latin1.GetBytes(string.Join(random.Next(8) == 0 ? "\r\n" : "\n", Lines) + (random.Next(2) == 0 ? "\n" : ""));
    }

    /// <summary>Paths, and whether they are folders.</summary>
    public SortedDictionary<string, bool> Entries { get; } = new(StringComparer.Ordinal);

    public string[] Lines { get; }

    /// <summary>The lines as a file.</summary>
    public byte[] File { get; }

    public void Make(string folder)
    {
        byte[] root = Encoding.UTF8.GetBytes(folder);
        NativeFiles.MakeFolder(root);
        foreach (var (path, isFolder) in Entries)
        {
            byte[] at = PathText.Join(root, Encoding.Latin1.GetBytes(path));
            if (isFolder)
                NativeFiles.MakeFolder(at);
            else if (random.Next(8) == 0)
                NativeFiles.MakeLink(at, "."u8.ToArray());
            else
                NativeFiles.MakeFile(at, []);
        }
    }

    /// <summary>A line made of a path: parts replaced by what might match them, or something else.</summary>
    private string Line(string path)
    {
        string[] parts = path.Split('/');
        var line = new StringBuilder();
        if (random.Next(5) == 0)
            _ = line.Append('!');
        if (random.Next(4) == 0)
            _ = line.Append('/');
        int first = random.Next(3) == 0 ? random.Next(parts.Length) : 0, last = random.Next(3) == 0 ? random.Next(first, parts.Length) : parts.Length - 1;
        for (int i = first; i <= last; i++)
        {
            _ = line.Append(i > first ? random.Next(16) == 0 ? "\\/" : "/" : "");
            _ = line.Append(random.Next(8) switch
            {
                0 => "*",
                1 => "**",
                2 => Names[random.Next(Names.Length)],
                3 => Mutated(parts[i]) + "**",
                4 => parts[i],
                _ => Mutated(parts[i]),
            });
            if (random.Next(10) == 0)
                _ = line.Append("/**");
        }

        _ = line.Append(random.Next(12) switch { 0 or 1 => "/", 2 => " ", 3 => "\\ ", 4 => "  ", 5 => "\\", 6 => "/**", 7 => "/*", _ => "" });
        return random.Next(40) == 0 ? "#" + line : line.ToString();
    }

    private string Mutated(string part)
    {
        var text = new StringBuilder();
        foreach (char c in part)
        {
            _ = random.Next(14) switch
            {
                0 => text.Append('*'),
                1 => text.Append('?'),
                2 => text.Append(Classes[random.Next(Classes.Length)]),
                3 => text.Append('\\').Append(c),
                4 => text.Append('*').Append(c),
                5 => text.Append($"[{c}]"),
                6 => text.Append("**"),
                _ => text.Append(c),
            };
        }

        return text.ToString();
    }
}
