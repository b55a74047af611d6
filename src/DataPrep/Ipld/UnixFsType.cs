namespace DataPrep.Ipld;

/// <summary>Kinds of UnixFS nodes; the values are those on the wire.</summary>
internal enum UnixFsType
{
    /// <summary>Leaf of a file, as older software and the trickle layout write it.</summary>
    Raw = 0,
    Directory = 1,
    File = 2,

    /// <summary>Defined, and used by nobody.</summary>
    Metadata = 3,
    Symlink = 4,
    HamtShard = 5,
}
