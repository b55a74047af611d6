namespace DataPrep.Ipld;

/// <summary>Modification time: seconds since 1970, negative before, plus 0 to 999,999,999 nanoseconds.</summary>
internal readonly record struct UnixTime(long Seconds, int Nanoseconds);
