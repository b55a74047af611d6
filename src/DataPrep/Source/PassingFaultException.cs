namespace DataPrep.Source;

/// <summary>What stands in the way is likely to pass: the same command is to be run again, later.</summary>
internal sealed class PassingFaultException(string message, Exception? inner = null) : IOException(message, inner);
