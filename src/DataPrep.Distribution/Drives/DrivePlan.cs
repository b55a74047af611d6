using DataPrep.Distribution.Plans;
using DataPrep.Ipld;
using DataPrep.Records;

namespace DataPrep.Distribution.Drives;

/// <summary>
/// Puts the pieces of a provider on drives. Pieces of one size are put so that no other way takes fewer drives. Of several sizes the larger ones come first, each to the first drive
/// with room (first-fit decreasing), which takes at most 11/9 of the least number and 6/9 of a drive (Dósa 2007).
/// </summary>
internal static class DrivePlan
{
    public const string FileName = "drives.jsonl";

    /// <summary>A file takes whole blocks, and a file system some room of its own: a hundredth of the drive is left free.</summary>
    private const int Block = 4096, LeftFree = 100;

    public static string PathIn(string folder) => Path.Join(folder, EarlierPlan.Folder, FileName);

    /// <summary>The drives that are planned; none where there is no such plan.</summary>
    /// <exception cref="MalformedDataException">A line is not what it should be.</exception>
    public static IReadOnlyList<DriveRecord> Read(string folder)
    {
        string path = PathIn(folder);
        var drives = new List<DriveRecord>();
        if (!File.Exists(path))
            return drives;
        foreach (var (drive, offset) in RecordFile.ReadLines(path, DriveJson.Default.DriveRecord))
        {
            if (drive.Drive < 1 || drive.Capacity < 1 || drives.Any(other => other.Name == drive.Name))
                throw new MalformedDataException($"drive {drive.Name} stands here twice, or has a number or capacity that is none", offset, path);
            drives.Add(drive);
        }

        return drives;
    }

    /// <summary>The drives of one provider, those planned before first.</summary>
    /// <param name="pieces">What the provider gets.</param>
    /// <param name="earlier">Its drives by the plan before: they may be on their way, so they stay as they are, but for pieces that it does not get any more.</param>
    /// <param name="capacity">Bytes of a drive.</param>
    /// <exception cref="IOException">A piece does not fit on a drive.</exception>
    public static IReadOnlyList<DriveRecord> Of(string provider, IReadOnlyList<PieceRecord> pieces, IEnumerable<DriveRecord> earlier, long capacity)
    {
        var wanted = pieces.Select(piece => piece.PieceCid).ToHashSet(StringComparer.Ordinal);
        var sizes = pieces.ToDictionary(piece => piece.PieceCid, piece => piece.CarSize, StringComparer.Ordinal);
        var kept = earlier.OrderBy(drive => drive.Drive).Select(drive => Only(drive, wanted, sizes)).ToList();
        var placed = kept.SelectMany(drive => drive.Pieces).ToHashSet(StringComparer.Ordinal);
        long room = capacity - (capacity / LeftFree);
        var drives = new List<(long Left, List<int> Pieces)>();

        // Drives that nothing more fits on are not looked at again.
        int open = 0;
        foreach (int i in Enumerable.Range(0, pieces.Count).Where(i => !placed.Contains(pieces[i].PieceCid)).OrderByDescending(i => pieces[i].CarSize).ThenBy(i => i))
        {
            long size = Room(pieces[i].CarSize);
            if (size > room)
                throw new IOException($"the piece {pieces[i].PieceCid} with a CAR of {pieces[i].CarSize} bytes does not fit on a drive of {capacity} bytes, of which {room} are filled");
            while (open < drives.Count && drives[open].Left < Block)
                open++;
            int at = open;
            while (at < drives.Count && drives[at].Left < size)
                at++;
            if (at == drives.Count)
                drives.Add((room, []));
            drives[at].Pieces.Add(i);
            drives[at] = drives[at] with { Left = drives[at].Left - size };
        }

        int next = kept.Count == 0 ? 1 : kept[^1].Drive + 1;
        return [.. kept.Where(drive => drive.Pieces.Count > 0), .. drives.Select((drive, n) => Record(n, drive.Pieces))];

        DriveRecord Record(int number, List<int> numbers)
        {
            numbers.Sort();
            return new DriveRecord(provider, next + number, capacity, numbers.Sum(i => pieces[i].CarSize), [.. numbers.Select(i => pieces[i].PieceCid)]);
        }
    }

    /// <summary>Bytes that a CAR takes on a drive.</summary>
    private static long Room(long size) => (size + Block - 1) / Block * Block;

    private static DriveRecord Only(DriveRecord drive, HashSet<string> wanted, Dictionary<string, long> sizes)
    {
        string[] pieces = [.. drive.Pieces.Where(wanted.Contains)];
        return drive with { Pieces = pieces, Bytes = pieces.Sum(piece => sizes[piece]) };
    }
}
