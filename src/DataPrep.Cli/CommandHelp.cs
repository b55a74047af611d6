using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using DataPrep.Distribution.Exports;

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
            4 verification failed, 75 stopped by SIGTERM or by a source that is away (run again), 130 cancelled.
            """,
        ["pack"] = """
            Hidden files, empty folders and symlinks are kept; symlinks are entries and never followed.
            One folder becomes the root; one file is the root itself; several sources stand in one root folder.
            What cannot be read is listed in skipped.jsonl, and the exit code is 3.
            Patterns are those of .gitignore files, held against paths relative to each SOURCE folder: *.tmp and cache/ match
            anywhere, /raw and raw/2024 at the top; the last --exclude that matches decides, and !PATTERN takes back.
            The command of --on-piece gets DATAPREP_CAR_FILE, DATAPREP_PIECE_CID and more in its environment. Where it fails
            it is run again at the end; a piece that it has taken over is not handed on again.
            s3://BUCKET/PREFIX is a SOURCE and an OUT like a folder. Credentials come from AWS_ACCESS_KEY_ID, AWS_PROFILE and the
            other places where the tools of AWS look. What is finished is kept in the folder of --work.
            --move-to copies each piece to another disk, and leaves a symlink; --max-staged holds back what waits for either.
            - packs one file of any length from standard input, named by --name. To go on with it after it was broken off, run
            the same command and feed the same stream from its beginning: what is finished is held against it.
            A SOURCE may be an http(s) URL, or rclone:REMOTE:PATH. Each range is read on condition that the file is the one that
            was listed; faults are tried again, and a run that ends with exit code 75 goes on with the same command.

            Example:
              dataprep pack /data/climate -o /staging/climate
              dataprep pack run1 run2 -o out --piece-size 64GiB --preserve-mtime
              dataprep pack /data/climate -o out --include '*.nc' --exclude /raw/tmp/
              dataprep pack /data/climate -o /staging/may --previous /staging/april
              dataprep pack /data/climate -o /staging/climate --inline
              dataprep pack s3://climate/2026 -o s3://pieces/climate --s3-endpoint https://s3.example.org
              dataprep pack /data/climate -o out --max-rate 100MiB --max-staged 128GiB \
                --on-piece 'rclone move "$DATAPREP_CAR_FILE" remote:pieces'
              tar c /data/climate | dataprep pack - -o /staging/climate --name climate.tar
              dataprep pack https://data.example/era5/2024.nc -o /staging/era5
              dataprep pack --urls-from urls.txt -o /staging/web --http-header "Authorization: Bearer $TOKEN"
              dataprep pack rclone:mybox:climate/2024 -o /staging/climate
              find . -newer stamp -type f -print0 | dataprep pack --files-from - -o /staging/new
              dataprep pack --plan climate.plan --piece auto -o /shared/climate
            """,
        ["plan"] = """
            The plan never changes, and is known by its hash. Each task of an array reads its share of it and makes one piece; OUT
            stands on storage that all machines see. Which options decide the output stands in the plan; how a task goes about
            its work (--threads, --memory, --max-rate) is said to the task. --estimate says how long machines would take.

            Example:
              dataprep plan /data/climate -o climate.plan
              sbatch --array=0-99 --wrap 'dataprep pack --plan climate.plan --piece auto -o /shared/climate'
              dataprep finish climate.plan -o /shared/climate
              dataprep plan /data/climate --estimate 100 --bench node.json --storage-rate 20GB
            """,
        ["finish"] = """
            Where pieces are missing the exit code is 1, and standard output has a line for each array that makes them. Files that
            have changed since the plan was made are packed now, at the end. What comes out is what one pack of the same
            sources makes, byte for byte.

            Example:
              dataprep finish climate.plan -o /shared/climate
              dataprep finish climate.plan -o /shared/climate --missing --max-array 1001
              dataprep pack --plan climate.plan --piece 17,40-42 -o /shared/climate
            """,
        ["materialize"] = """
            Of a dataset packed with --inline: makes PIECE.car beside PIECE.inline or in DIR, of all pieces or of those named by piece
            CID. No byte is written that is not that of the piece: a source that has changed ends it with the name of the file.
            What is there already, with the right size, is left as it is. The .inline files stay.

            Example:
              dataprep materialize /staging/climate
              dataprep materialize /staging/climate baga6ea4seaq... -o /outbox
              dataprep materialize /staging/climate --source /mnt/climate
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
            In a bucket also uploads that were not completed: of the work folder, and with --older-than of any that is silent for long.

            Example:
              dataprep clean --dry-run /staging/climate
              dataprep clean /staging/climate
              dataprep clean s3://pieces/climate --older-than 3d
            """,
        ["commp"] = """
            --proof takes the tree sidecar beside FILE, the same name with .tree, and reads only what is proved. Where there is
            none, all of FILE is read. Zeros behind the payload, to the end of the piece, can be proved too.

            Example:
              dataprep commp data.car
              cat data.car | dataprep commp -
              dataprep commp data.car --proof 0-1048575 -o head.proof
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
        ["index"] = """
            Blocks are listed by multihash, with the offsets of their sections from the start of the CARv1 payload. Tools that read
            CARv2 indexes take it; it is made from the section headers, whatever index a CARv2 brings along.

            Example:
              dataprep index data.car
              dataprep index data.car -o data.idx
            """,
        ["serve"] = """
            Pieces are at /piece/CID, by piece CID v1 or v2, with ranges, and at /piece?id=CID; counters for Prometheus at /metrics; /healthz
            says that it runs. Blocks are at /ipfs/CID?format=raw, and CARs with the blocks of a file or folder at /ipfs/CID/PATH?format=car
            (IPFS trustless gateway: dag-scope, entity-bytes, car-dups); pieces are indexed when they are first needed for that.
            Without --listen only this machine is served. TLS is the business of a proxy before it.

            Example:
              dataprep serve /staging/climate
              dataprep serve /staging/april /staging/may --listen 0.0.0.0:8787 --token-file token
              curl -H "Authorization: Bearer $(cat token)" -r 0-1040383 http://staging:8787/piece/baga6ea4seaq...
              curl -o climate.car 'http://staging:8787/ipfs/bafybei.../2024/june.nc?format=car&dag-scope=entity'
            """,
        ["sample"] = """
            Reads segments of 1,040,384 bytes that a seed decides, and holds them against the piece CIDs by the tree sidecars; and
            of each a block: hash, the path from the root to it, and with --source the file's bytes. What the summary says of
            damage that would have been found is exact. A seed that is not known beforehand cannot be prepared for.

            Example:
              dataprep sample /staging/climate
              dataprep sample /staging/climate --detect 0.1% --confidence 99.9% --source /data/climate
              dataprep sample /staging/climate --samples 300 --strata type --seed 4b1d
            """,
        ["audit"] = """
            Asks storage providers for segments that a seed decides, by HTTP range requests, and proves them by the tree sidecars in OUT:
            the data and the CARs need not be there. Of each piece the beginning and the end are always asked for.
            Exit code 4 when anything is wrong at any provider, 75 when no server has given any answer. A slow provider is a warning.

            Example:
              dataprep audit /staging/climate --url 'https://provider.example/piece/{pieceCid}'
              dataprep audit /staging/climate --url 'f01000@EU=https://a.example/piece/{pieceCid}' \
                --url 'f02000@US=https://b.example/piece/{pieceCid}' --detect 0.1% --slow 2s --slow 1MiB/s
              dataprep audit records/pieces.jsonl --providers providers.csv --watch 6h --history audit.jsonl --json
            """,
        ["export"] = $$"""
            Formats:{{string.Join("", ExportFormats.All.Select(format => $"\n  {format.Name,-20} {format.Description}{Needs(format)}"))}}

            generate-car and slingshot have a document for each piece: -o is a folder for a file PIECE_CID.json each, and standard output
            gets a line each. They and graphsplit read the CARs; the others need nothing but the records.
            An option that a format has no place for is refused. Nothing that is there already is overwritten.

            Example:
              dataprep export /staging/climate --format csv
              dataprep export /staging/climate --format boost-allocate --provider f01234 -o allocate.csv
              dataprep export /staging/climate --format aria2 --url 'https://example.org/piece/{pieceCid}' -o aria2.txt
              dataprep export /staging/climate --format slingshot -o manifests
            """,
        ["aggregate"] = """
            Pieces keep their order, each at the next multiple of its size; --sort, larger ones first, leaves no gaps. Piece CIDs come from
            records, .inline files and tree sidecars; only a file without any of these is read. Without --write the payload is not
            made: the same command makes it later. A line of inclusion.jsonl is the proof for one piece's owner.

            Example:
              dataprep aggregate a.car b.car c.car
              dataprep aggregate /staging/small /staging/tiny --sort -o /staging/deal1 --write
              dataprep verify --inclusion /staging/deal1/inclusion.jsonl
              dataprep inspect --segments /staging/deal1/baga6ea4seaq....data
            """,
        ["diff"] = """
            A folder with dataset.json and files.jsonl is a dataset, a file whose name ends in .jsonl a list of files, anything else a tree
            of files, of which there may be one. Moved is what was removed there and added here with the same CID. Differences are
            no failure: the exit code is 0 without --exit-code.

            Example:
              dataprep diff /staging/april /staging/may
              dataprep diff /staging/april /data/climate --checksum
              dataprep diff april/files.jsonl may/files.jsonl --json --exit-code
            """,
        ["check"] = """
            Nothing but records, file lengths and section headers is read. Pieces that are not there any more are no finding.

            Example:
              dataprep check /staging/climate
              dataprep check /staging/climate --requirements allocator.json --against /staging/other
              dataprep check /staging/climate --quick --json
            """,
        ["distribute"] = """
            The plan of an earlier run is kept, and only added to. docs/distribution.md describes the list of providers and the policy.
            Exit code 4 when there is no plan by the policy; what binds is named, and nothing is written.

            Example:
              dataprep distribute /staging/climate --providers providers.csv --policy fil-plus \
                --url 'https://staging.example/piece/{pieceCid}'
              dataprep distribute --print-policy fil-plus > policy.json
              dataprep distribute /staging/climate --providers providers.csv --policy policy.json --dry-run
              dataprep distribute /staging/climate --providers providers.csv --media 18TB
              dataprep distribute /staging/climate --copy f01234/1 --to /mnt/drive
            """,
        ["distribution-status"] = """
            Prints Markdown in the tables that checkers post. Exit code 4 when a threshold of the policy is passed.

            Example:
              dataprep distribution-status /staging/climate --deals deals.csv --policy fil-plus
              dataprep distribution-status /staging/climate --deals deals.json --client f01234 --json
            """,
        ["report"] = """
            Time comes from the log of runs, .dataprep/runs.jsonl: where that is missing or damaged, the page says so. Where OUT has
            a distribution/plan.jsonl, replicas by provider and region are shown too. The page fetches nothing, and opens in any browser.

            Example:
              dataprep report /staging/climate
              dataprep report /staging/climate -o climate.html
            """,
        ["bench"] = """
            Without DIR no disk is measured. With it, files of up to twice --size are written below DIR, and removed at the end
            and when the run is interrupted. Rates are medians, in powers of ten; x is a rate over the reference, .NET's SHA-256
            of one stream, which is measured again and again in the same run: compare it, not rates, between machines.

            Examples:
              dataprep bench /data
              dataprep bench /data --quick
              dataprep bench /data --json --html node.html > node.json
              dataprep bench /data --compare node.json
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
        ["doctor"] = """
            Each line is ok, a note, a warning or a problem, with what to do about it. In each DIR a folder is made for the trial, with up to
            256 MiB for a few seconds, and removed again; without a DIR nothing is written but a file in the temp folder.

            Example:
              dataprep doctor
              dataprep doctor /staging /data --json
            """,
        ["completion"] = """
            Example:
              dataprep completion bash > ~/.local/share/bash-completion/completions/dataprep
              dataprep completion zsh > ~/.zfunc/_dataprep          # a folder of fpath
              dataprep completion fish > ~/.config/fish/completions/dataprep.fish
            """,
        ["verify"] = """
            Of a CAR: framing, block hashes, completeness of the DAG, piece commitment. Of a dataset also that its
            manifests and tree sidecars say what the pieces hold. CARs that are named together are taken together:
            what one links to may be in another.
            A proof is checked with nothing but the piece CID in it: compare that one, and the piece size, with what you know.
            The bytes are those that the proof names as dataOffset and dataLength, or a file of the whole piece.

            Example:
              dataprep verify /staging/climate
              dataprep verify /staging/climate --source /data/climate
              dataprep verify /staging/climate --quick
              dataprep verify some.car --json
              dataprep verify --proof head.proof head.bin
              dataprep verify --inclusion inclusion.jsonl
            """,
    };

    private static string Needs(ExportFormat format)
    {
        string[] needed = [.. Enum.GetValues<ExportOption>().Where(option => option != ExportOption.None && format.Needs.HasFlag(option)).Select(ExportOptions.NameOf)];
        return needed.Length == 0 ? "" : $" ({string.Join(", ", needed)})";
    }

    /// <summary>Help is given whatever else is missing on the line.</summary>
    public override bool ClearsParseErrors => true;

    public static void AddTo(RootCommand root)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new CommandHelp((SynchronousCommandLineAction)help.Action!);
    }

    /// <summary>What help says of a command behind what the library says.</summary>
    public static string AdditionTo(Command command) => Additions.GetValueOrDefault(command is RootCommand ? "dataprep" : command.Name, "");

    public override int Invoke(ParseResult parseResult)
    {
        int code = standard.Invoke(parseResult);
        if (AdditionTo(parseResult.CommandResult.Command) is { Length: > 0 } text)
            Console.Out.WriteLine(text);
        return code;
    }
}
