using System.CommandLine;
using System.Globalization;
using DataPrep.Distribution.Deals;
using DataPrep.Distribution.Plans;
using DataPrep.Distribution.Policies;
using DataPrep.Packing;
using DataPrep.Verification;

namespace DataPrep.Cli;

/// <summary><c>dataprep distribution-status</c></summary>
internal static class DistributionStatusCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var folder = new Argument<string>("OUT") { Description = "A packed dataset with a plan that distribute has made" };
        var deals = new Option<string>("--deals") { Description = "List of deals: CSV, JSON Lines or JSON, with provider and pieceCid, and what else is known of pieceSize, state, client, endEpoch", HelpName = "FILE", Required = true };
        var policy = DistributeCommand.PolicyOption();
        var client = new Option<string?>("--client") { Description = "Only deals of this client are ours; pieces that others have deals for are told", HelpName = "ADDRESS" };
        var epoch = new Option<string?>("--epoch") { Description = "Deals that end by this epoch do not count", HelpName = "N" };
        var command = new Command("distribution-status", "Compares the plan with the deals that were made, as Markdown; exit code 4 when a rule is broken") { folder, deals, policy, client, epoch };
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => Compare(
                parsed.GetValue(folder)!, parsed.GetValue(deals)!, parsed.GetValue(policy) is { } named ? PolicyFile.Read(named) : new Policy(), parsed.GetValue(client), Epoch(parsed.GetValue(epoch)), terminal));
        });
        return command;
    }

    private static long? Epoch(string? text) =>
        text is null ? null : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long epoch) ? epoch : throw new UsageException($"--epoch: '{text}' is no epoch; the first has the number 0");

    private static int Compare(string folder, string file, Policy policy, string? client, long? epoch, Terminal terminal)
    {
        var plan = EarlierPlan.Read(folder);
        if (plan.Count == 0)
            throw new FileNotFoundException($"{EarlierPlan.PathIn(folder)}: there is no plan; dataprep distribute makes one");
        var comparison = new DealComparison(plan);
        comparison.Read(file, client, epoch, CommandRunner.Cancel);
        var findings = new List<Finding>();
        var log = new FindingLog(findings.Add);
        DealChecks.Run(comparison, policy, file, log);
        if (terminal.IsJson)
        {
            foreach (var finding in findings)
                ReadBack.Report(finding, terminal);
            Events(comparison, policy, log, terminal);
        }

        foreach (string line in DealReport.Lines(comparison, policy, findings))
            terminal.Result(line);
        return log.Errors == 0 ? ExitCode.Done : ExitCode.Verification;
    }

    private static void Events(DealComparison deals, Policy policy, FindingLog log, Terminal terminal)
    {
        foreach (var row in deals.Providers)
        {
            terminal.Event("provider", writer =>
            {
                writer.WriteString("provider", row.Id);
                writer.WriteBoolean("planned", row.Planned is not null);
                writer.WriteString("region", row.Planned?.Region);
                writer.WriteNumber("deals", row.Deals);
                writer.WriteNumber("bytes", row.Bytes);
                writer.WriteNumber("uniqueBytes", row.UniqueBytes);
                writer.WriteNumber("share", Math.Round(DealChecks.Percent(row.Bytes, deals.Bytes), 4));
                writer.WriteNumber("duplicates", row.Duplicates);
                writer.WriteNumber("missing", row.Missing);
                writer.WriteNumber("notPlanned", row.NotPlanned);
            });
        }

        foreach (var part in deals.Replications)
        {
            terminal.Event("replication", writer =>
            {
                writer.WriteNumber("providers", part.Providers);
                writer.WriteNumber("pieces", part.Pieces);
                writer.WriteNumber("uniqueBytes", part.UniqueBytes);
                writer.WriteNumber("bytes", part.Bytes);
            });
        }

        terminal.Event("summary", writer =>
        {
            writer.WriteBoolean("ok", log.Errors == 0);
            writer.WriteNumber("deals", deals.Deals);
            writer.WriteNumber("passedOver", deals.PassedOver);
            writer.WriteNumber("bytes", deals.Bytes);
            writer.WriteNumber("plannedBytes", deals.PlannedBytes);
            writer.WriteNumber("sharedPieces", deals.Shared.Values.SelectMany(other => other.Pieces).Distinct().LongCount());
            if (DealChecks.Tranche(deals, policy) is { } tranche)
            {
                writer.WriteNumber("openTranche", tranche.Index + 1);
                writer.WriteNumber("trancheSize", tranche.Size);
                writer.WriteNumber("trancheUsed", tranche.Used);
                writer.WriteNumber("trancheLeft", tranche.Left);
            }

            writer.WriteNumber("errors", log.Errors);
            writer.WriteNumber("warnings", log.Warnings);
        });
    }
}
