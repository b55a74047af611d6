using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>
/// That a process is what it is meant to be when the tests are run in one whose runtime is told not to use some of the
/// instructions that this machine has, by DOTNET_EnableHWIntrinsic=0 or DOTNET_EnableAVX2=0: the paths of lesser machines.
/// </summary>
public sealed class RestrictedHardwareTests
{
    private const string NoVectors = "DOTNET_EnableHWIntrinsic", NoAvx2 = "DOTNET_EnableAVX2";

    private static bool Restricted => IsOff(NoVectors) || IsOff(NoAvx2);

    [Fact]
    public void A_restricted_process_lacks_the_instructions()
    {
        Assert.SkipUnless(Restricted, "All instructions may be used.");
        Assert.False(Avx2.IsSupported);
        if (IsOff(NoVectors))
            Assert.False(Vector128.IsHardwareAccelerated);
    }

    private static bool IsOff(string variable) => Environment.GetEnvironmentVariable(variable) == "0";
}
