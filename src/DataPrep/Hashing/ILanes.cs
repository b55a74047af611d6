namespace DataPrep.Hashing;

/// <summary>
/// What SHA-256 of several messages at once needs of a vector. A vector holds one 32-bit word of each message, lane i
/// that of message i, so that the rounds read as in scalar code. Implementations are inlined into the rounds.
/// </summary>
internal unsafe interface ILanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Lanes of a vector: a multiple of eight, at most 16.</summary>
    static abstract int Count { get; }

    static abstract TVector Load(uint* from);

    static abstract void Store(TVector vector, uint* to);

    static abstract TVector Add(TVector x, TVector y);

    static abstract TVector Xor(TVector x, TVector y);

    /// <summary>f where a bit of e is set, g where it is not.</summary>
    static abstract TVector Choose(TVector e, TVector f, TVector g);

    /// <summary>The bits that two of the three have.</summary>
    /// <param name="bc">b ^ c on entry, which was a ^ b one round ago; a ^ b on return. An implementation may leave it alone.</param>
    static abstract TVector Majority(TVector a, TVector b, TVector c, ref TVector bc);

    /// <summary>Rotations by 2, 13 and 22 bits to the right, combined by exclusive or (FIPS 180-4, 4.1.2).</summary>
    static abstract TVector BigSigma0(TVector x);

    /// <summary>Rotations by 6, 11 and 25 bits.</summary>
    static abstract TVector BigSigma1(TVector x);

    /// <summary>Rotations by 7 and 18 bits and a shift by 3.</summary>
    static abstract TVector SmallSigma0(TVector x);

    /// <summary>Rotations by 17 and 19 bits and a shift by 10.</summary>
    static abstract TVector SmallSigma1(TVector x);
}
