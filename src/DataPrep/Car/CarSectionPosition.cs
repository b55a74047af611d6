namespace DataPrep.Car;

/// <summary>Where a section was written. Offsets count from the start of the CAR.</summary>
/// <param name="Offset">Offset of the length varint.</param>
/// <param name="DataOffset">Offset of the block's first byte.</param>
/// <param name="DataLength">Length of the block in bytes.</param>
public readonly record struct CarSectionPosition(long Offset, long DataOffset, int DataLength);
