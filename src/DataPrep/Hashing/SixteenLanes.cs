using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataPrep.Hashing;

/// <summary>
/// Sixteen lanes in 512 bits: AVX-512 has a rotation and any function of three bits in one instruction each. Without
/// AVX-512 the same functions are made of plain operations, so that tests can run the lanes anywhere.
/// </summary>
internal readonly unsafe struct SixteenLanes : ILanes<Vector512<uint>>
{
    // Truth tables of vpternlogd: bit 4x + 2y + z is the answer to (x, y, z).
    private const byte XorOfThree = 0x96;
    private const byte ChooseByFirst = 0xca;
    private const byte MajorityOfThree = 0xe8;

    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Load(uint* from) => Vector512.Load(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<uint> vector, uint* to) => vector.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Add(Vector512<uint> x, Vector512<uint> y) => x + y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Xor(Vector512<uint> x, Vector512<uint> y) => x ^ y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Choose(Vector512<uint> e, Vector512<uint> f, Vector512<uint> g) =>
        Avx512F.IsSupported ? Avx512F.TernaryLogic(e, f, g, ChooseByFirst) : g ^ (e & (f ^ g));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Majority(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, ref Vector512<uint> bc) =>
        Avx512F.IsSupported ? Avx512F.TernaryLogic(a, b, c, MajorityOfThree) : (a & b) | (c & (a | b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> BigSigma0(Vector512<uint> x) => Xor(Rotate(x, 2), Rotate(x, 13), Rotate(x, 22));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> BigSigma1(Vector512<uint> x) => Xor(Rotate(x, 6), Rotate(x, 11), Rotate(x, 25));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> SmallSigma0(Vector512<uint> x) => Xor(Rotate(x, 7), Rotate(x, 18), x >>> 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> SmallSigma1(Vector512<uint> x) => Xor(Rotate(x, 17), Rotate(x, 19), x >>> 10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Xor(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) =>
        Avx512F.IsSupported ? Avx512F.TernaryLogic(x, y, z, XorOfThree) : x ^ y ^ z;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rotate(Vector512<uint> x, [ConstantExpected] byte count) =>
        Avx512F.IsSupported ? Avx512F.RotateRight(x, count) : (x >>> count) | (x << (32 - count));
}
