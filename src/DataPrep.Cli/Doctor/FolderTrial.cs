using System.IO.MemoryMappedFiles;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Cli.Doctor;

/// <summary>Something that a file system can do, or cannot.</summary>
/// <param name="Without">What follows where it cannot; null where nothing can be written without it.</param>
internal sealed record FolderAbility(string Name, bool Works, string? Without)
{
    public bool IsNeeded => Without is null;
}

/// <summary>Tries in a folder of its own what pack asks of a file system.</summary>
internal sealed class FolderTrial(string folder)
{
    private const int Block = 4096;

    public IReadOnlyList<FolderAbility> Run() =>
    [
        new("flush and rename", Try(LastingName), null),
        new("map files", Try(Mapped), null),
        new("rename without replacing", Try(RenameNew), "two runs at once into one folder could replace each other's files"),
        new("lock", Try(Locked), "a second run into one folder is not noticed"),
        new("direct I/O", Try(Direct), "pieces go through the page cache"),
        new("holes", Try(Holes), "runs of zeros take room"),
        new("unnamed files", Try(Unnamed), "nothing here needs them"),
        new("symlinks", Try(Linked), "pieces cannot be spread over several folders or moved to another disk from here"),
        new("names in any bytes", Try(AnyName), "extract cannot restore names that are not UTF-8 here"),
        new("upper and lower case", Try(Case), "extract cannot restore names that differ in case alone here"),
    ];

    private static bool Try(Func<bool> trial)
    {
        try
        {
            return trial();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    private bool LastingName()
    {
        using (var file = Made("part"))
        {
            RandomAccess.Write(file, "x"u8, 0);
            if (Posix.Flush(file) != 0)
                return false;
        }

        return Posix.Rename(At("part"), At("whole")) == 0 && Posix.FlushFolder(folder) == 0 && File.ReadAllText(At("whole")) == "x";
    }

    private bool Mapped()
    {
        using var file = new FileStream(At("mapped"), FileMode.CreateNew, FileAccess.ReadWrite);
        file.SetLength(Block);
        using (var mapping = MemoryMappedFile.CreateFromFile(file, null, Block, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true))
        using (var view = mapping.CreateViewAccessor())
        {
            view.Write(0, (byte)1);
            view.Flush();
        }

        return file.ReadByte() == 1;
    }

    private bool RenameNew()
    {
        Made("old").Dispose();
        Made("taken").Dispose();
        return Posix.RenameNew(At("old"), At("taken")) == Posix.EEXIST && Posix.RenameNew(At("old"), At("new")) == 0;
    }

    private bool Locked()
    {
        using var first = Made("locked");
        if (Posix.Lock(first) != 0)
            return false;
        try
        {
            using var second = File.OpenHandle(At("locked"), FileMode.Open, FileAccess.ReadWrite);
            return Posix.Lock(second) != 0;
        }
        catch (IOException)
        {
            // .NET asks for a lock of its own.
            return true;
        }
    }

    private bool Direct()
    {
        using var file = Made("direct");
        using var buffer = new NativeBuffer(Block);
        return Posix.SetDirect(file, true) && Posix.WriteAt(file, 0, buffer.Span) == 0;
    }

    private bool Holes()
    {
        const int Length = 64 * Block;
        using var file = Made("holes");
        byte[] content = new byte[Length];
        content.AsSpan().Fill(1);
        RandomAccess.Write(file, content, 0);
        return Posix.Flush(file) == 0 && Posix.PunchHole(file, 0, Length - Block) && Posix.AllocatedSize(PathText.FromArgument(At("holes"))) < Length;
    }

    private bool Unnamed()
    {
        // O_TMPFILE is its own bit and that of a folder.
        int fd = Posix.Open(PathText.FromArgument(folder), 0x400000 | Posix.O_DIRECTORY | Posix.O_RDWR | Posix.O_CLOEXEC, out _);
        if (fd >= 0)
            Posix.Close(fd);
        return fd >= 0;
    }

    private bool Linked() => File.CreateSymbolicLink(At("link"), "nowhere").LinkTarget == "nowhere";

    private bool AnyName()
    {
        int fd = Posix.Open([.. PathText.FromArgument(folder), (byte)'/', 0xff], Posix.O_CREAT | Posix.O_RDWR | Posix.O_CLOEXEC, out _);
        if (fd < 0)
            return false;
        Posix.Close(fd);
        // .NET would not find it again to remove it.
        int parent = Posix.Open(PathText.FromArgument(folder), Posix.O_PATH | Posix.O_DIRECTORY | Posix.O_CLOEXEC, out _);
        _ = Posix.Remove(parent, [0xff]);
        Posix.Close(parent);
        return true;
    }

    private bool Case()
    {
        Made("case").Dispose();
        return !File.Exists(At("CASE"));
    }

    private SafeFileHandle Made(string name) => File.OpenHandle(At(name), FileMode.CreateNew, FileAccess.ReadWrite);

    private string At(string name) => Path.Join(folder, name);
}
