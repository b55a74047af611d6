using DataPrep.Source;

namespace DataPrep.Records;

/// <summary>Files that are complete where they stand, or are not there.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file beside its place, flushes it, and gives it its name, which nothing may have.</summary>
    /// <exception cref="IOException">Something has the name, or it cannot be written.</exception>
    public static void WriteNew(string path, Action<Stream> content)
    {
        string full = Path.GetFullPath(path), temporary = $"{full}.{Environment.ProcessId}.part";
        if (Path.Exists(full))
            throw Exists(path);
        try
        {
            OutputFolder.WriteFlushed(temporary, FileMode.CreateNew, content);
            int error = Posix.RenameNew(temporary, full);
            if (error == Posix.EEXIST)
                throw Exists(path);
            OutputFolder.Check(error, "rename", temporary);
            OutputFolder.Check(Posix.FlushFolder(Path.GetDirectoryName(full)!), "flush", Path.GetDirectoryName(full)!);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    public static IOException Exists(string path) => new($"{path} is there already, and is not overwritten: remove it, or choose another name");
}
