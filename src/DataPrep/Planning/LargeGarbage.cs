namespace DataPrep.Planning;

/// <summary>
/// Layouts and what is needed to make them are large arrays, which the collector does not free before it thinks that worth its
/// while: on a machine with much memory that is late. With millions of entries it is worth it, as nothing in them is a reference.
/// </summary>
internal static class LargeGarbage
{
    private const long Much = 48 << 20;
    private static long s_collected;

    /// <summary>Frees what is not needed any more, if so much has been allocated that it can matter.</summary>
    public static void Collect()
    {
        long before = Volatile.Read(ref s_collected);
        if (GC.GetTotalAllocatedBytes() - before < Much)
            return;
        GC.Collect();
        Volatile.Write(ref s_collected, GC.GetTotalAllocatedBytes());
    }
}
