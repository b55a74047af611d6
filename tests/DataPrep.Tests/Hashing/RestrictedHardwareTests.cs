using System.Diagnostics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Xunit;

namespace DataPrep.Tests.Hashing;

/// <summary>
/// The tests of hashing and pieces once more, in a process whose runtime is told not to use some of the instructions
/// that this machine has: the paths of lesser machines.
/// </summary>
public sealed class RestrictedHardwareTests
{
    private const string NoVectors = "DOTNET_EnableHWIntrinsic", NoAvx2 = "DOTNET_EnableAVX2";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    private static bool Restricted => IsOff(NoVectors) || IsOff(NoAvx2);

    [Theory]
    [InlineData(NoVectors)]
    [InlineData(NoAvx2)]
    public async Task Hashing_and_pieces_are_right_without(string variable)
    {
        Assert.SkipWhen(Restricted, "These are the restricted tests.");
        string host = Environment.ProcessPath!;
        string[] assembly = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [typeof(RestrictedHardwareTests).Assembly.Location] : [];
        var start = new ProcessStartInfo(host)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [variable] = "0" },
        };

        // What a test platform around this process left for it is not for another one.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("TESTINGPLATFORM_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        foreach (string argument in (string[])
            [.. assembly, "--filter-namespace", "DataPrep.Tests.Hashing", "--filter-namespace", "DataPrep.Tests.Piece", "--no-progress"])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancelled), error = process.StandardError.ReadToEndAsync(cancelled);
        try
        {
            await process.WaitForExitAsync(cancelled).WaitAsync(s_limit, cancelled);
        }
        finally
        {
            // Does nothing to a process that has ended.
            process.Kill(entireProcessTree: true);
        }

        Assert.True(process.ExitCode == 0, $"{variable}=0: exit {process.ExitCode}\n{await output}\n{await error}");
        Assert.Contains("failed: 0", await output);
    }

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
