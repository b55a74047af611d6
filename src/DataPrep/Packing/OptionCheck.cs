using DataPrep.Source;

namespace DataPrep.Packing;

/// <summary>Refuses options that make no sense, before anything is done.</summary>
internal sealed class OptionCheck(PackOptions options)
{
    /// <exception cref="UsageException">The options make no sense, together or for this source.</exception>
    public static void Require(PackOptions options)
    {
        var check = new OptionCheck(options);
        if (check.Problem() is { } problem)
            throw new UsageException(problem);
        if (options.Output.Length > 0)
            check.RefuseOutputInSource();
    }

    private string? Problem()
    {
        if (options.Profile.Problem() is { } problem)
            return problem;
        if (!IsPieceSize(options.PieceSize))
            return "--piece-size must be a power of two from 1MiB to 64GiB";
        if (options.LeastPieceSize != 0 && (!IsPieceSize(options.LeastPieceSize) || options.LeastPieceSize > options.PieceSize))
            return "--min-piece-size must be a power of two from 1MiB to --piece-size";
        if (options.LargestCarSize is <= 0)
            return "--max-car-size must be more than nothing";
        if (options.Inline && options.Input is not null)
            return "--inline does not go with -: of standard input nothing stays from which a CAR could be made";
        if (options.Remote is not null && RemoteProblem() is { } remote)
            return remote;
        if (options.Inline && options.Sha256)
            return "--sha256 does not go with --inline: it is of CARs, and none are stored";
        if (options.Inline && options.OnPiece is not null)
            return "--inline does not go with --on-piece: there are no CARs to be handed on (materialize makes them)";
        if (options.Target is not null && options.Inline)
            return "--inline does not go with s3:// as OUT: what it stores is to be read in place (pack into a folder)";
        if (options.Target is not null && options.Sha256)
            return "--sha256 does not go with s3:// as OUT: CARs are not written in order, so each would have to be downloaded for it";
        if (options.Target is not null && options.OnPiece is not null)
            return "--on-piece does not go with s3:// as OUT: there are no files to be handed on";
        if (options.Target is not null && options.MoreOutputs.Count > 0)
            return "-o s3://... stands alone: pieces are not spread over a bucket and folders";
        if (options.OnPiece is { } command && string.IsNullOrWhiteSpace(command))
            return "--on-piece: the command is empty";
        if (options.MoveTo is { } && MoveProblem(options.MoveTo) is { } move)
            return move;
        if (options.MaxStaged is not null && !options.HandsOn)
            return "--max-staged needs --on-piece or --move-to: else no piece ever leaves";
        if (options.MaxStaged < Math.Max(options.Capacity, options.LeastCarSize))
            return $"--max-staged must have room for the largest piece, {Math.Max(options.Capacity, options.LeastCarSize)} bytes; choose a smaller --piece-size or more room";
        if (options.Checksum && options.Previous is null)
            return "--checksum needs --previous: it says how what is unchanged is told";
        if (options.Previous is { } previous && options.Output.Length > 0 && Path.GetFullPath(previous) == Path.GetFullPath(options.Output))
            return "--previous: the earlier version is in OUT itself; choose another folder for the new one";
        if (options.MaxRate is <= 0)
            return "--max-rate must be more than nothing";
        return options.Threads < 1 ? "--threads must be at least 1" : null;
    }

    private string? MoveProblem(string folder) =>
        folder.Length == 0 ? "--move-to: the name of the folder is empty"
        : options.OnPiece is not null ? "--move-to does not go with --on-piece: the command decides where pieces go"
        : options.Inline ? "--move-to does not go with --inline: there are no CARs to be moved"
        : options.Target is not null ? "--move-to does not go with -o s3://...: pieces stand in the bucket"
        : options.MoreOutputs.Count > 0 ? "--move-to does not go with a second -o: pieces are spread over folders as they are made"
        : Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Output)) ? "--move-to: this is OUT itself"
        : null;

    private string? RemoteProblem()
    {
        if (options.Sources.Count > 0)
            return $"{options.Sources[0]}: local and remote sources do not go together; pack them apart";
        if (options.Inline)
            return "--inline does not go with a remote source: CARs are made from local files only";
        if (options.Scan.Selection is { Named: not null })
            return "--files-from does not go with a remote source; --include and --exclude do, and --urls-from takes a list of URLs";
        return options.Scan.Selection is { OneFileSystem: true } ? "--one-file-system does not go with a remote source, which has none" : null;
    }

    private static bool IsPieceSize(long size) => size is >= PackOptions.SmallestPieceSize and <= PackOptions.LargestPieceSize && long.IsPow2(size);

    private void RefuseOutputInSource()
    {
        var outputs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string named in (string[])[options.Output, .. options.MoreOutputs])
        {
            byte[] output = ResolvedOutput(named);
            foreach (string source in options.Sources)
            {
                byte[] path = PathText.FromArgument(source);
                if (Posix.StatPath(path, out var stamp) != 0 || stamp.Type != Posix.S_IFDIR || Posix.RealPath(path, out _) is not { } folder)
                    continue;
                if (output.AsSpan().StartsWith(folder) && (output.Length == folder.Length || folder[^1] == '/' || output[folder.Length] == '/'))
                    throw new UsageException($"{PathText.Quote(named)}: OUT is inside the source {PathText.Quote(source)}, so that packing would change what is packed; choose a folder outside");
            }

            if (!outputs.TryAdd(Convert.ToHexString(output), named))
                throw new UsageException($"-o: {PathText.Quote(outputs[Convert.ToHexString(output)])} and {PathText.Quote(named)} are one folder");
        }
    }

    /// <summary>The canonical path that a folder has, or will have once made.</summary>
    private static byte[] ResolvedOutput(string named)
    {
        string existing = Path.TrimEndingDirectorySeparator(Path.GetFullPath(named)), rest = "";
        byte[]? real;
        while ((real = Posix.RealPath(PathText.FromArgument(existing), out _)) is null && Path.GetDirectoryName(existing) is { } parent)
            (existing, rest) = (parent, Path.Join(Path.GetFileName(existing), rest));
        return rest.Length == 0 ? real! : PathText.Join(real!, PathText.FromArgument(rest.TrimEnd('/')));
    }
}
