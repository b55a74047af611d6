using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace DataPrep.Hashing;

/// <summary>Sixteen messages at once in 512-bit vectors of managed code.</summary>
internal sealed class Vector512Sha256 : LaneSha256<Vector512<uint>, SixteenLanes>
{
    public override string Name => "vector512";

    public override bool IsSupported => Vector512.IsHardwareAccelerated && Avx512F.IsSupported;
}
