using DataPrep.Ipld;

namespace DataPrep.Source;

/// <summary>
/// Where the files of a packed dataset lie: the absolute path of each source, by the path that it has in the dataset. Kept in the
/// work folder, since it says something of this machine alone.
/// <code>
/// magic 8 | path in the dataset, NUL, absolute path, NUL     for each source; the path of the root folder is empty
/// </code>
/// </summary>
internal sealed class SourcePlaces
{
    public const string FileName = "sources";

    /// <summary>The folder beside the pieces of a dataset that holds what is no part of it.</summary>
    public const string WorkFolder = ".dataprep";

    private const int Longest = 64 << 20;
    private readonly byte[]? root;
    private readonly List<(byte[] Path, byte[] Location)> others = [];

    private SourcePlaces(byte[]? root) => this.root = root;

    private static ReadOnlySpan<byte> Magic => [0x89, (byte)'D', (byte)'P', (byte)'S', (byte)'R', (byte)'C', (byte)'S', (byte)'\n'];

    /// <summary>Where the list stands in a folder that was packed into.</summary>
    public static string NoteIn(string folder) => Path.Join(folder, WorkFolder, FileName);

    /// <summary>A folder with the tree of the dataset, or the file that it is.</summary>
    public static SourcePlaces Given(string source)
    {
        byte[] location = PathText.FromArgument(Path.GetFullPath(source));
        if (Directory.Exists(source))
            return new SourcePlaces(location);
        var places = new SourcePlaces(null);
        places.others.Add(([], location));
        return places;
    }

    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is something else.</exception>
    public static SourcePlaces Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        if (file.Length > Longest)
            throw new MalformedDataException("the list of sources is too long", Longest, path);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        if (!bytes.AsSpan().StartsWith(Magic) || (bytes.Length > Magic.Length && bytes[^1] != 0))
            throw new MalformedDataException("the file is no list of sources", 0, path);
        var parts = new List<byte[]>();
        for (int at = Magic.Length; at < bytes.Length;)
        {
            int length = bytes.AsSpan(at).IndexOf((byte)0);
            parts.Add(bytes[at..(at + length)]);
            at += length + 1;
        }

        if (parts.Count % 2 != 0 || parts.Where((_, i) => i % 2 == 1).Any(location => location is not [(byte)'/', ..]))
            throw new MalformedDataException("the list of sources is cut off, or has a place that is no absolute path", 0, path);
        var places = new SourcePlaces(parts is [[], var location] ? location : null);
        for (int i = 0; places.root is null && i < parts.Count; i += 2)
            places.others.Add((parts[i], parts[i + 1]));
        return places;
    }

    public static void Write(Stream stream, SourceTree tree)
    {
        stream.Write(Magic);
        foreach (int entry in tree.Anchored)
        {
            stream.Write([.. tree.DatasetPath(entry), 0]);
            stream.Write([.. tree.Location(entry), 0]);
        }
    }

    /// <summary>Absolute path of a file or folder of the dataset; null where it is of no source.</summary>
    public byte[]? Locate(ReadOnlySpan<byte> path)
    {
        if (root is not null)
            return path.IsEmpty ? root : PathText.Join(root, path);
        foreach (var (source, location) in others)
        {
            if (source.Length == 0 || path.SequenceEqual(source))
                return location;
            if (path.StartsWith(source) && path[source.Length] == '/')
                return PathText.Join(location, path[(source.Length + 1)..]);
        }

        return null;
    }
}
