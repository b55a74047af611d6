namespace DataPrep.Unixfs;

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

    /// <summary>Where the leaves of a file stand whose sections are written already.</summary>
    /// <param name="metadataLength">Bytes that mode and mtime take in a file of one leaf.</param>
    public static FileLeaves Written(UnixFsProfile profile, long size, int metadataLength, long firstSection) => new(profile, size, metadataLength, firstSection);

    private FileLeaves(UnixFsProfile profile, long size, int metadataLength, long firstSection)
        : this(profile, size, default(NodeMetadata), firstSection)
    {
        if (Count == 1)
            Full = Last = LeafShape.Written(profile, (int)size, metadataLength);
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

    /// <summary>What stands at a CAR offset within these sections.</summary>
    public LeafRun RunAt(long carOffset)
    {
        long leaf = Math.Min(Count - 1, (carOffset - firstSection) / Full.SectionLength);
        var shape = Shape(leaf);
        long content = SectionOffset(leaf) + shape.HeaderLength + shape.PrefixLength, contentEnd = content + shape.ContentLength;
        return carOffset < content ? new LeafRun(leaf, -1, content)
            : carOffset < contentEnd ? new LeafRun(leaf, (leaf * Full.ContentLength) + carOffset - content, contentEnd)
            : new LeafRun(leaf, -1, contentEnd + shape.SuffixLength);
    }

    /// <summary>Content bytes that stand before a CAR offset within these sections.</summary>
    public long ContentBefore(long carOffset)
    {
        var (leaf, offset, _) = RunAt(carOffset);
        if (offset >= 0)
            return offset;
        var shape = Shape(leaf);
        bool isBehind = carOffset >= SectionOffset(leaf) + shape.HeaderLength + shape.PrefixLength + shape.ContentLength;
        return (leaf * Full.ContentLength) + (isBehind ? shape.ContentLength : 0);
    }
}

/// <summary>Bytes of a leaf's section that are of one kind.</summary>
/// <param name="Leaf">Number of the leaf in its file.</param>
/// <param name="FileOffset">Where in the file the content stands that is there; -1 where it is what stands around content.</param>
/// <param name="End">CAR offset behind it.</param>
internal readonly record struct LeafRun(long Leaf, long FileOffset, long End);
