using DataPrep.Unixfs;

namespace DataPrep.Planning;

/// <summary>The leaf sections of one file: all but the last of one length.</summary>
internal readonly struct FileLeaves
{
    private readonly long firstSection;

    public FileLeaves(UnixFsProfile profile, long size, NodeMetadata metadata, long firstSection)
    {
        this.firstSection = firstSection;
        Count = BalancedFile.LeafCount(profile, size);
        int last = (int)(size - ((Count - 1) * profile.ChunkSize));
        Last = new LeafShape(profile, last, Count == 1 ? metadata : default);
        Full = Count == 1 ? Last : new LeafShape(profile, profile.ChunkSize, default);
    }

    public long Count { get; }

    /// <summary>Shape of every leaf but the last.</summary>
    public LeafShape Full { get; }

    public LeafShape Last { get; }

    /// <summary>CAR offset after the last section.</summary>
    public long End => SectionOffset(Count - 1) + Last.SectionLength;

    public LeafShape Shape(long leaf) => leaf == Count - 1 ? Last : Full;

    public long SectionOffset(long leaf) => firstSection + (leaf * Full.SectionLength);

    /// <summary>The first leaf whose section begins at or after a CAR offset; <see cref="Count"/> where none does.</summary>
    public long FirstLeafFrom(long carOffset)
    {
        long into = carOffset - firstSection;
        return into <= 0 ? 0 : Math.Min(Count, ((into - 1) / Full.SectionLength) + 1);
    }
}
