using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using DataPrep.Distribution.Exports;
using DataPrep.Distribution.Plans;
using DataPrep.Distribution.Policies;
using DataPrep.Distribution.Tables;
using DataPrep.Packing;
using DataPrep.Records;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep distribute</c></summary>
internal sealed class DistributeCommand
{
    private readonly CommonOptions common = new();
    private readonly Argument<string?> folder = new("OUT") { Description = "A packed dataset", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> providers = new("--providers") { Description = "List of storage providers: CSV, JSON Lines or JSON, with id, organisation, region, country, site, capacity, weight, method", HelpName = "FILE" };
    private readonly Option<string?> policy = PolicyOption();
    private readonly Option<string?> url = new("--url") { Description = "Where pieces can be had, for the hand-over files: https://example.org/piece/{pieceCid}", HelpName = "TEMPLATE" };
    private readonly Option<string?> handOver = new("--handover") { Description = "Form of the hand-over files of providers without one of their own: a format of export that is one file", HelpName = "FORMAT" };
    private readonly Option<string?> client = new("--client") { Description = "Address of the client, for hand-over files that name it", HelpName = "ADDRESS" };
    private readonly Option<bool> replace = new("--replace") { Description = "Give the replicas of providers that are no longer in the list to others, and keep all else" };
    private readonly Option<bool> rebalance = new("--rebalance") { Description = "Make the plan anew, and keep nothing of the one that is there" };
    private readonly Option<bool> dryRun = new("--dry-run") { Description = "Say what the plan would be, and write nothing" };
    private readonly Option<string?> printPolicy = new("--print-policy") { Description = $"Print a policy that comes with dataprep: {PolicyFile.FilPlus}", HelpName = "NAME" };

    public static Command Create()
    {
        var it = new DistributeCommand();
        var command = new Command("distribute", "Plans which storage provider gets which pieces, by a policy; exit code 4 when that cannot be") { it.folder, it.providers, it.policy, it.url, it.handOver, it.client, it.replace, it.rebalance, it.dryRun, it.printPolicy };
        var drives = new DriveOptions(command);
        it.common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = it.common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => it.Distribute(parsed, drives, terminal));
        });
        return command;
    }

    public static Option<string?> PolicyOption() => new("--policy") { Description = $"Rules: a JSON file, or {PolicyFile.FilPlus}; without it five replicas in different organisations", HelpName = "FILE" };

    private int Distribute(ParseResult parsed, DriveOptions drives, Terminal terminal)
    {
        if (parsed.GetValue(printPolicy) is { } name)
        {
            using var output = Console.OpenStandardOutput();
            output.Write(PolicyFile.Shipped(name) ?? throw new UsageException($"--print-policy: no policy '{name}' comes with dataprep; {PolicyFile.FilPlus} does"));
            return ExitCode.Done;
        }

        string dataset = parsed.GetValue(folder) ?? throw new UsageException("say which packed dataset: dataprep distribute OUT --providers FILE");
        if (drives.Drive(parsed) is { } drive)
            return drives.Copy(parsed, dataset, drive, parsed.GetValue(common.Threads), terminal);
        string list = parsed.GetValue(providers) ?? throw new UsageException("--providers FILE is missing: the list of storage providers");
        if (parsed.GetValue(replace) && parsed.GetValue(rebalance))
            throw new UsageException("--replace keeps what --rebalance throws away: give one of them");
        var clock = Stopwatch.StartNew();
        var place = parsed.GetValue(url) is { } template ? new UrlTemplate(template) : null;
        long? media = drives.Media(parsed);
        var options = new DistributionOptions
        {
            Folder = dataset,
            Providers = StorageProviders.Read(list),
            Policy = parsed.GetValue(policy) is { } named ? PolicyFile.Read(named) : new Policy(),
            Replace = parsed.GetValue(replace),
            Rebalance = parsed.GetValue(rebalance),
        };
        var forms = HandOverForms.Of(options.Providers, place, parsed.GetValue(client), parsed.GetValue(handOver));
        var plan = DistributionPlan.Make(options, terminal.Warn, CommandRunner.Cancel);
        foreach (var conflict in plan.Solution.Conflicts)
            ReadBack.Report(new Finding("error", conflict.Code, list, -1, conflict.Message), terminal);
        bool isPlan = plan.Solution.Conflicts.Count == 0, isDry = parsed.GetValue(dryRun);
        var writer = new PlanWriter(new OutputFolder(dataset), plan, forms, media, CommandRunner.Cancel);
        if (isPlan && !isDry)
            writer.Write();
        if (isPlan)
            Show(plan, terminal);
        else
            terminal.Result("FAILED: no plan, and nothing was written");
        DriveOptions.Show(writer.Drives, terminal);
        Summary(plan, isDry, clock.Elapsed, terminal);
        if (isPlan && !isDry)
            terminal.Note($"dataprep: {EarlierPlan.PathIn(dataset)} is the plan; beside it a folder for each provider");
        return isPlan ? ExitCode.Done : ExitCode.Verification;
    }

    private static void Show(DistributionPlan plan, Terminal terminal)
    {
        var (bytes, pieces) = plan.Loads();
        long[] first = FirstTranche(plan);
        terminal.Result(string.Create(CultureInfo.InvariantCulture, $"{plan.Pieces} piece(s), {SizeText.Format(plan.Total)} with all replicas, {plan.KeptReplicas} replica(s) kept from before"));
        var rows = new List<string[]> { (string[])["provider", "organisation", "region", "pieces", "bytes", "share", "of capacity", .. plan.Policy.Tranches is null ? (string[])[] : ["first tranche"]] };
        for (int i = 0; i < plan.Fleet.Count; i++)
        {
            var provider = plan.Fleet.Providers[i];
            string share = Percent(bytes[i], plan.Total), full = provider.Capacity is { } capacity ? Percent(bytes[i], capacity) : "-";
            rows.Add([provider.Id, provider.Organisation ?? "-", provider.Region ?? "-", pieces[i].ToString(CultureInfo.InvariantCulture), SizeText.Format(bytes[i]), share, full, .. plan.Policy.Tranches is null ? (string[])[] : [SizeText.Format(first[i])]]);
            int index = i;
            terminal.Event("provider", writer =>
            {
                writer.WriteString("provider", provider.Id);
                writer.WriteString("organisation", provider.Organisation);
                writer.WriteString("region", provider.Region);
                writer.WriteNumber("pieces", pieces[index]);
                writer.WriteNumber("bytes", bytes[index]);
                writer.WriteNumber("share", Math.Round(100m * bytes[index] / plan.Total, 4));
                if (plan.Policy.Tranches is not null)
                    writer.WriteNumber("firstTranche", first[index]);
            });
        }

        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            terminal.Result("  " + string.Join("  ", row.Select((value, column) => column < 3 ? value.PadRight(widths[column]) : value.PadLeft(widths[column]))).TrimEnd());
        if (plan.Policy.Tranches is { } tranches)
            terminal.Result($"  DataCap tranches: {string.Join(", ", new Tranches(tranches, plan.Total).Sizes.Take(10).Select(SizeText.Format))}{(new Tranches(tranches, plan.Total).Sizes.Count > 10 ? " ..." : "")}");
        terminal.Result(plan.Solution.IsExact
            ? "  exact: no plan is nearer to the weights"
            : $"  pieces of several kinds: no provider has more than {SizeText.Format(plan.Solution.Excess)} above what it would have if pieces could be divided");
    }

    /// <summary>Bytes of each provider in the pieces that come first, as far as the first tranche goes.</summary>
    private static long[] FirstTranche(DistributionPlan plan)
    {
        long[] bytes = new long[plan.Fleet.Count];
        if (plan.Policy.Tranches is null)
            return bytes;
        long left = new Tranches(plan.Policy.Tranches, plan.Total).Sizes[0];
        foreach (var (piece, providers) in plan.Lines())
        {
            left -= piece.PieceSize * providers.Length;
            if (left < 0)
                break;
            foreach (int provider in providers)
                bytes[provider] += piece.PieceSize;
        }

        return bytes;
    }

    private static void Summary(DistributionPlan plan, bool isDry, TimeSpan time, Terminal terminal) => terminal.Event("summary", writer =>
    {
        bool ok = plan.Solution.Conflicts.Count == 0;
        writer.WriteBoolean("ok", ok);
        writer.WriteBoolean("dryRun", isDry);
        writer.WriteNumber("pieces", plan.Pieces);
        writer.WriteNumber("bytes", plan.Total);
        writer.WriteNumber("providers", plan.Fleet.Count);
        writer.WriteNumber("keptReplicas", plan.KeptReplicas);
        writer.WriteBoolean("exact", plan.Solution.IsExact);
        writer.WriteNumber("excess", plan.Solution.Excess);
        writer.WriteStartArray("tranches");
        foreach (long size in ok && plan.Policy.Tranches is { } tranches ? new Tranches(tranches, plan.Total).Sizes : [])
            writer.WriteNumberValue(size);
        writer.WriteEndArray();
        writer.WriteNumber("errors", plan.Solution.Conflicts.Count);
        writer.WriteNumber("seconds", Math.Round(time.TotalSeconds, 3));
    });

    private static string Percent(long part, long whole) => whole == 0 ? "-" : (100m * part / whole).ToString("0.00", CultureInfo.InvariantCulture) + " %";
}
