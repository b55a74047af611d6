namespace DataPrep.Ipld;

/// <summary>One link of a dag-pb node. Name is bytes on the wire, mostly UTF-8; Tsize is a hint that may be wrong.</summary>
/// <param name="Hash">CID of the child.</param>
/// <param name="Name">Name bytes; empty also where absent.</param>
/// <param name="HasName">Whether the field is there.</param>
/// <param name="Tsize">Cumulative size in bytes; 0 also where absent.</param>
/// <param name="HasTsize">Whether the field is there.</param>
internal readonly record struct DagPbLink(Cid Hash, ReadOnlyMemory<byte> Name, bool HasName, ulong Tsize, bool HasTsize);
