using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace DataPrep.Cli;

/// <summary>Help as the library prints it, followed by what each command adds: notes and examples.</summary>
internal sealed class CommandHelp(SynchronousCommandLineAction standard) : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string> Additions = new()
    {
        ["dataprep"] = """
            Example:
              dataprep pack /data/climate -o /staging/climate
              dataprep verify /staging/climate

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some input was skipped,
            4 verification failed, 75 stopped by SIGTERM (run again), 130 cancelled.
            """,
        ["pack"] = """
            Hidden files, empty folders and symlinks are kept; symlinks are entries and never followed.
            One folder becomes the root; one file is the root itself; several sources stand in one root folder.
            What cannot be read is listed in skipped.jsonl, and the exit code is 3.
            Patterns are those of .gitignore files, held against paths relative to each SOURCE folder: *.tmp and cache/ match
            anywhere, /raw and raw/2024 at the top; the last --exclude that matches decides, and !PATTERN takes back.
            The command of --on-piece gets DATAPREP_CAR_FILE, DATAPREP_PIECE_CID and more in its environment. Where it fails
            it is run again at the end; a piece that it has taken over is not handed on again.
            - packs one file of any length from standard input, named by --name. To go on with it after it was broken off, run
            the same command and feed the same stream from its beginning: what is finished is held against it.

            Example:
              dataprep pack /data/climate -o /staging/climate
              dataprep pack run1 run2 -o out --piece-size 64GiB --preserve-mtime
              dataprep pack /data/climate -o out --include '*.nc' --exclude /raw/tmp/
              dataprep pack /data/climate -o /staging/may --previous /staging/april
              dataprep pack /data/climate -o out --max-rate 100MiB --max-staged 128GiB \
                --on-piece 'rclone move "$DATAPREP_CAR_FILE" remote:pieces'
              tar c /data/climate | dataprep pack - -o /staging/climate --name climate.tar
              find . -newer stamp -type f -print0 | dataprep pack --files-from - -o /staging/new
            """,
        ["status"] = """
            Nothing is changed, and a run at work is not disturbed. The exit code is 0 in every state, and 1 where OUT holds
            nothing that pack has made.

            Example:
              dataprep status /staging/climate
              dataprep status /staging/climate --json
            """,
        ["clean"] = """
            Of a pack that was broken off: plan, journal, pieces in the making, and the finished pieces that its journal names.
            In a folder with a dataset.json only work files are removed. Of several folders that pieces were spread over, name all.

            Example:
              dataprep clean --dry-run /staging/climate
              dataprep clean /staging/climate
            """,
        ["commp"] = """
            Example:
              dataprep commp data.car
              cat data.car | dataprep commp -
            """,
        ["ls"] = """
            Example:
              dataprep ls -l /staging/climate
              dataprep ls data.car --json
              dataprep ls /staging/climate docs '**/*.nc'
            """,
        ["cat"] = """
            PATH is as for extract; files are printed in the order in which they are named. --offset and --length hold for each file.

            Example:
              dataprep cat /staging/climate docs/README
              dataprep cat data.car run.h5 --offset 1GiB --length 64KiB | xxd
            """,
        ["extract"] = """
            PATH is relative to the root. It names an entry, with all below it, or is a pattern: * and ? match anything but a slash,
            ** between slashes any number of folders. The first argument is what is read; others that are a folder with a
            dataset.json, or a file whose name ends in .car, are too, and the rest are PATHs; a slash before one makes it a PATH in any case.
            A file that is there already with the same content is kept, so the same command goes on where it was broken off;
            anything else that has a name is left alone and is an error without --overwrite.

            Example:
              dataprep extract /staging/climate -o /restored
              dataprep extract /staging/climate -o /restored docs '**/*.nc'
              dataprep extract baga1.car baga2.car -o /restored
            """,
        ["inspect"] = """
            Example:
              dataprep inspect data.car --blocks
            """,
        ["bench"] = """
            Example:
              dataprep bench kernels
              dataprep bench pipeline
            """,
        ["kernels"] = """
            Rates are of one thread, in GB/s of raw bytes, x beside .NET's SHA-256 of one stream in the same run:
            commp is the tree of a piece, leaves are chunks of 1 MiB, small are messages of 0 to 100 KB.
            DATAPREP_SHA256=NAME forces a kernel.

            Example:
              dataprep bench kernels --json
            """,
        ["pipeline"] = """
            Examples:
              dataprep bench pipeline
              dataprep bench pipeline /data/climate --threads 8 --json
            """,
        ["verify"] = """
            Of a CAR: framing, block hashes, completeness of the DAG, piece commitment. Of a dataset also that its
            manifests and tree sidecars say what the pieces hold. CARs that are named together are taken together:
            what one links to may be in another.

            Example:
              dataprep verify /staging/climate
              dataprep verify some.car --json
            """,
    };

    /// <summary>Help is given whatever else is missing on the line.</summary>
    public override bool ClearsParseErrors => true;

    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new CommandHelp((SynchronousCommandLineAction)help.Action!);
    }

    public override int Invoke(ParseResult parseResult)
    {
        int code = standard.Invoke(parseResult);
        string name = parseResult.CommandResult.Command is RootCommand ? "dataprep" : parseResult.CommandResult.Command.Name;
        if (Additions.TryGetValue(name, out string? text))
            Console.Out.WriteLine(text);
        return code;
    }
}
