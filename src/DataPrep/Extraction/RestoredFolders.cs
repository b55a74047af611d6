using DataPrep.Source;
using DataPrep.Unixfs;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Extraction;

/// <summary>
/// Makes folders, and at the end symlinks, and then gives the folders their modes and times: so nothing is written through a symlink, and
/// into no folder after it got its time. For one thread.
/// </summary>
internal sealed class RestoredFolders(TargetFolder target, bool overwrite) : IDisposable
{
    private const uint OwnerMayAll = 0x1C0;
    private readonly FolderCursor cursor = new(target);
    private readonly List<(byte[] Path, NodeMetadata Metadata)> folders = [];
    private readonly List<(byte[] Path, byte[] Target, NodeMetadata Metadata)> links = [];

    // Those around the entry that was looked at last.
    private readonly Stack<(byte[] Path, bool IsNew)> open = new();

    // Two names of one folder are one to a file system that does not tell upper from lower case.
    private readonly Dictionary<(ulong Device, ulong Inode), byte[]> seen = [];

    public IReadOnlyList<(byte[] Path, byte[] Target, NodeMetadata Metadata)> Links => links;

    public int Count => folders.Count;

    /// <summary>Whether an entry stands in a folder that this run has made, so that nothing was there before.</summary>
    public bool IsInNew(ReadOnlySpan<byte> path)
    {
        while (open.TryPeek(out var folder))
        {
            if (path.Length > folder.Path.Length && path[folder.Path.Length] == '/' && path.StartsWith(folder.Path))
                return folder.IsNew;
            _ = open.Pop();
        }

        return false;
    }

    /// <exception cref="NameTakenException">Something else has its name.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public void Make(byte[] path, NodeMetadata metadata)
    {
        _ = IsInNew(path);
        int parent = cursor.FolderOf(path, out var name);
        int error = Posix.MakeFolder(parent, name, 0x1FF);
        bool isNew = error != Posix.EEXIST;
        if (isNew)
            TargetFolder.Check(error, "make", "it");
        int fd = Posix.OpenAt(parent, name, Posix.O_RDONLY | Posix.O_DIRECTORY | Posix.O_NOFOLLOW | Posix.O_CLOEXEC, out error);
        if (error is Posix.ENOTDIR or Posix.ELOOP)
            throw new NameTakenException("something that is no folder has its name");
        TargetFolder.Check(error, "open", "it");
        using var folder = new SafeFileHandle(fd, ownsHandle: true);
        TargetFolder.Check(Posix.Stat(fd, out var stamp), "look at", "it");
        if (!seen.TryAdd((stamp.Device, stamp.Inode), path) && !seen[(stamp.Device, stamp.Inode)].AsSpan().SequenceEqual(path))
            throw new NameTakenException($"this file system takes its name for that of '{PathText.Quote(seen[(stamp.Device, stamp.Inode)])}'");
        if ((stamp.Permissions & OwnerMayAll) != OwnerMayAll)
        {
            TargetFolder.Check(Posix.SetMode(folder, stamp.Permissions | OwnerMayAll), "set the mode of", "it");
            metadata = metadata with { Mode = metadata.Mode ?? stamp.Permissions };
        }

        folders.Add((path, metadata));
        open.Push((path, isNew));
    }

    public void AddLink(byte[] path, byte[] linkTarget, NodeMetadata metadata) => links.Add((path, linkTarget, metadata));

    /// <summary>Makes a symlink; false where it was there before.</summary>
    /// <exception cref="NameTakenException">Something else has its name.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public bool MakeLink(byte[] path, byte[] linkTarget, NodeMetadata metadata)
    {
        if (linkTarget.Length is 0 or > TargetFolder.LongestTarget || linkTarget.Contains((byte)0))
            throw new IOException($"a symlink cannot have its target of {linkTarget.Length} bytes: it has 1 to {TargetFolder.LongestTarget}, and no NUL");
        int folder = cursor.FolderOf(path, out var name);
        int error = Posix.MakeLink(folder, name, linkTarget);
        bool isNew = error != Posix.EEXIST;
        if (!isNew)
        {
            byte[] there = new byte[TargetFolder.LongestTarget + 1];
            int length = Posix.ReadLink(folder, [.. name, 0], there, out _);
            bool isSame = length >= 0 && there.AsSpan(0, length).SequenceEqual(linkTarget);
            if (!isSame && !overwrite)
                throw new NameTakenException("something else has its name (--overwrite replaces it)");
            error = isSame ? 0 : Replace(folder, name, linkTarget);
            isNew = !isSame;
        }

        if (error == Posix.EISDIR)
            throw new NameTakenException("a folder has its name");
        TargetFolder.Check(error, "make", "it");
        if (metadata.Mtime is { } time)
            TargetFolder.Check(Posix.SetModified(folder, name, time.Seconds, time.Nanoseconds), "set the time of", "it");
        return isNew;
    }

    /// <summary>Gives all folders their modes and times, the innermost first.</summary>
    /// <param name="onFault">Takes what is wrong with one.</param>
    public void Finish(Action<byte[], Exception> onFault)
    {
        foreach (var (path, metadata) in Enumerable.Reverse(folders))
        {
            if (metadata.IsEmpty)
                continue;
            try
            {
                int fd = target.OpenFolder(path, out int error, forReading: true);
                TargetFolder.Check(error, "open", "it");
                using var folder = new SafeFileHandle(fd, ownsHandle: true);
                if (metadata.Mtime is { } time)
                    TargetFolder.Check(Posix.SetModified(folder, time.Seconds, time.Nanoseconds), "set the time of", "it");
                if (metadata.Mode is { } mode)
                    TargetFolder.Check(Posix.SetMode(folder, mode), "set the mode of", "it");
            }
            catch (IOException e)
            {
                onFault(path, e);
            }
        }
    }

    public void Dispose() => cursor.Dispose();

    private int Replace(int folder, ReadOnlySpan<byte> name, byte[] linkTarget)
    {
        byte[] temporary = target.NewTemporary();
        int error = Posix.MakeLink(target.Work, temporary, linkTarget);
        return error == 0 ? Posix.Move(target.Work, temporary, folder, name, replace: true) : error;
    }
}
