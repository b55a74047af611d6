namespace DataPrep.Hashing;

/// <summary>One message of a batch: <paramref name="Length"/> bytes from <paramref name="Offset"/> of the batch's buffer.</summary>
internal readonly record struct Message(int Offset, int Length);
