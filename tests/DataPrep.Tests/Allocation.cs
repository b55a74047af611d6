using Xunit;

namespace DataPrep.Tests;

/// <summary>Holds work to allocating nothing in steady state.</summary>
internal static class Allocation
{
    private const int Attempts = 20;

    /// <summary>
    /// Runs the work once to warm up, then until a run allocates nothing. One run proves nothing in the other direction:
    /// when another test brings a garbage collection about, the runtime charges this thread with the unused rest of its
    /// allocation buffer, up to 8 KiB. Work that allocates does so in every run.
    /// </summary>
    public static void AssertNone(Action work)
    {
        work();
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(least <= 0, $"each of {Attempts} runs allocated at least {least} bytes");
    }
}
