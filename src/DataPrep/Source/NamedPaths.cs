using System.Security.Cryptography;

namespace DataPrep.Source;

/// <summary>What of a folder a list of paths names: a range of the list, whose paths are alike up to their byte <paramref name="Depth"/>.</summary>
internal readonly record struct NamedRange(int Begin, int End, int Depth)
{
    /// <summary>The folder itself is named, or there is no list.</summary>
    public bool IsEverything => Depth == 0 && End == 0;
}

/// <summary>
/// A list of paths below one folder, for millions of them: their bytes in one array, sorted part by part, so that what
/// is below a folder stands together.
/// </summary>
internal sealed class NamedPaths
{
    private readonly byte[] bytes;
    private readonly Place[] places;

    private NamedPaths(byte[] bytes, Place[] places) => (this.bytes, this.places) = (bytes, places);

    private readonly record struct Place(int Offset, int Length);

    public NamedRange Root => places[0].Length == 0 ? default : new NamedRange(0, places.Length, 0);

    public ReadOnlySpan<byte> this[int index] => bytes.AsSpan(places[index].Offset, places[index].Length);

    /// <summary>SHA-256 of the paths in their order, each followed by a NUL, in hex: the same however the list was written.</summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (int i = 0; i < places.Length; i++)
            {
                hash.AppendData(this[i]);
                hash.AppendData("\0"u8);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Reads a list: one path a line, or each followed by a NUL where there is one.</summary>
    /// <param name="list">Is taken over, and changed.</param>
    /// <param name="location">What the list is called in messages.</param>
    /// <param name="folders">The absolute paths of the folder in which relative paths begin, without dots in them.</param>
    /// <exception cref="SourceException">It names nothing, or something outside the folder.</exception>
    public static NamedPaths Read(byte[] list, string location, params ReadOnlySpan<byte[]> folders)
    {
        byte separator = list.AsSpan().Contains((byte)0) ? (byte)0 : (byte)'\n';
        var places = new List<Place>();
        var parts = new List<Range>();
        int number = 0;
        for (int begin = 0; begin < list.Length;)
        {
            number++;
            int length = list.AsSpan(begin).IndexOf(separator);
            if (length < 0)
                length = list.Length - begin;
            var path = list.AsSpan(begin, length);
            if (length > 0)
            {
                int kept = Normalize(path, parts, folders);
                if (kept < 0)
                    throw new SourceException($"{(separator == 0 ? "path" : "line")} {number}: '{PathText.Quote(path)}' is outside of {PathText.Quote(folders[0])}", PathText.FromArgument(location)) { IsUsage = true };
                places.Add(new Place(begin, kept));
            }

            begin += length + 1;
        }

        if (places.Count == 0)
            throw new SourceException("no path stands in it", PathText.FromArgument(location)) { IsUsage = true };
        places.Sort((a, b) => PathText.Compare(list.AsSpan(a.Offset, a.Length), list.AsSpan(b.Offset, b.Length)));
        int count = 1;
        for (int i = 1; i < places.Count; i++)
        {
            var (last, next) = (places[count - 1], places[i]);
            if (!list.AsSpan(last.Offset, last.Length).SequenceEqual(list.AsSpan(next.Offset, next.Length)))
                places[count++] = next;
        }

        places.RemoveRange(count, places.Count - count);
        return new NamedPaths(list, [.. places]);
    }

    /// <summary>The name with which a range goes on at a place in it, which then moves behind all that go on with it.</summary>
    public ReadOnlySpan<byte> NextName(NamedRange range, ref int place)
    {
        var name = NameAt(place, range.Depth);
        place = Bound(range with { Begin = place }, name, 1);
        return name;
    }

    /// <summary>What is named of an entry of a folder. Of what is not named at all it is an empty range.</summary>
    public NamedRange Below(NamedRange folder, ReadOnlySpan<byte> name)
    {
        int first = Bound(folder, name, 0), depth = folder.Depth + name.Length;
        bool isNamed = first < folder.End && places[first].Length == depth && NameAt(first, folder.Depth).SequenceEqual(name);
        return isNamed ? default : new NamedRange(first, Bound(folder with { Begin = first }, name, 1), depth + 1);
    }

    private ReadOnlySpan<byte> NameAt(int index, int depth)
    {
        var rest = this[index][depth..];
        return rest.IndexOf((byte)'/') is >= 0 and var slash ? rest[..slash] : rest;
    }

    /// <summary>The first in a range whose name compares to the given one as asked, or more.</summary>
    private int Bound(NamedRange range, ReadOnlySpan<byte> name, int least)
    {
        var (low, high) = (range.Begin, range.End);
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (Math.Sign(NameAt(middle, range.Depth).SequenceCompareTo(name)) < least)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Takes empty parts and dots out of a path, in its place, and the folder off its beginning; gives its length then, or -1 where it leads out of the folder.</summary>
    private static int Normalize(Span<byte> path, List<Range> parts, ReadOnlySpan<byte[]> folders)
    {
        bool isAbsolute = path[0] == '/';
        parts.Clear();
        foreach (var range in ((ReadOnlySpan<byte>)path).Split((byte)'/'))
        {
            ReadOnlySpan<byte> part = path[range];
            if (part is [] or [(byte)'.'])
                continue;
            if (part is not [(byte)'.', (byte)'.'])
                parts.Add(range);
            else if (parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else if (!isAbsolute)
                return -1;
        }

        int first = isAbsolute ? -1 : 0;
        for (int i = 0; first < 0 && i < folders.Length; i++)
            first = PartsBelow(path, parts, folders[i]);
        if (first < 0)
            return -1;
        int length = 0;
        for (int i = first; i < parts.Count; i++)
        {
            if (length > 0)
                path[length++] = (byte)'/';
            path[parts[i]].CopyTo(path[length..]);
            length += parts[i].End.Value - parts[i].Start.Value;
        }

        return length;
    }

    /// <summary>How many parts of an absolute path are those of a folder, or -1 where it does not stand below.</summary>
    private static int PartsBelow(ReadOnlySpan<byte> path, List<Range> parts, ReadOnlySpan<byte> folder)
    {
        int count = 0;
        foreach (var range in folder.Split((byte)'/'))
        {
            if (folder[range].IsEmpty)
                continue;
            if (count == parts.Count || !path[parts[count]].SequenceEqual(folder[range]))
                return -1;
            count++;
        }

        return count;
    }
}
