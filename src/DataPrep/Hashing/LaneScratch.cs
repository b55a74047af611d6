namespace DataPrep.Hashing;

/// <summary>Splits a piece of the stack into the scratch of <see cref="LaneCompression{TVector, TLanes}"/>, aligned to cache lines.</summary>
internal readonly unsafe ref struct LaneScratch<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    private const int CacheLine = 64;

    /// <param name="bytes"><see cref="Length"/> bytes that the caller allocated on its stack, at any address.</param>
    public LaneScratch(byte* bytes)
    {
        State = (uint*)(((nuint)bytes + CacheLine - 1) & ~(nuint)(CacheLine - 1));
        Schedule = State + LaneCompression<TVector, TLanes>.StateWords;
    }

    /// <summary>Bytes to allocate: a vector that crossed a cache line would cost twice.</summary>
    public static int Length =>
        CacheLine + (sizeof(uint) * (LaneCompression<TVector, TLanes>.StateWords + LaneCompression<TVector, TLanes>.ScheduleWords));

    public uint* State { get; }

    public uint* Schedule { get; }
}
