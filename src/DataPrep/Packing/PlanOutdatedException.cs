namespace DataPrep.Packing;

/// <summary>Files of a dataset that was one piece changed so that it is none any more: it is to be planned again.</summary>
internal sealed class PlanOutdatedException() : Exception("the dataset does not fit in one piece any more");
