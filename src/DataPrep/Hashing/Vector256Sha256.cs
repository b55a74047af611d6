using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataPrep.Hashing;

/// <summary>Eight messages at once in 256-bit vectors of managed code.</summary>
internal sealed class Vector256Sha256 : LaneSha256<Vector256<uint>, EightLanes>
{
    public override string Name => "vector256";

    public override bool IsSupported => Avx2.IsSupported;
}
