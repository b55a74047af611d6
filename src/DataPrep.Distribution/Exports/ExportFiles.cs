using DataPrep.Records;
using DataPrep.Source;

namespace DataPrep.Distribution.Exports;

/// <summary>Puts exports into files, which are complete or not there.</summary>
internal static class ExportFiles
{
    /// <summary>Writes a file, or, for a format with a document for each piece, a folder of files named by piece CID.</summary>
    /// <param name="target">What must not be there yet; an empty folder may.</param>
    /// <exception cref="IOException">Something is there already, or it cannot be written.</exception>
    public static void Write(ExportFormat format, ExportInput input, string target)
    {
        if (format is not PieceFormat perPiece)
        {
            WholeFile.WriteNew(target, stream => format.Write(input, stream));
            return;
        }

        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target)), temporary = $"{full}.{Environment.ProcessId}.part";
        if (File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
            throw new IOException($"{target} is there already, and is not an empty folder: remove it, or choose another name");
        format.CheckNeeds(input.Options);
        try
        {
            _ = Directory.CreateDirectory(temporary);
            foreach (var piece in input.Pieces)
                OutputFolder.WriteFlushed(Path.Join(temporary, piece.Record.PieceCid + format.FileName), FileMode.CreateNew, stream => perPiece.WriteOne(input, piece, stream));
            OutputFolder.Check(Posix.FlushFolder(temporary), "flush", temporary);
            if (Directory.Exists(full))
                Directory.Delete(full);
            OutputFolder.Check(Posix.RenameNew(temporary, full), "rename", temporary);
            OutputFolder.Check(Posix.FlushFolder(Path.GetDirectoryName(full)!), "flush", Path.GetDirectoryName(full)!);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }
    }
}
