using System.Text.Json;
using DataPrep.Piece;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Cli;

public sealed class DistributeCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Out => scratch.At("out");

    private string PlanFile => Path.Join(Out, "distribution", "plan.jsonl");

    private static PieceRecord Piece(int i, long size)
    {
        byte[] root = new byte[32];
        (root[0], root[1]) = ((byte)i, (byte)(i >> 8));
        long car = size / 128 * 127;
        string cid = PieceCid.V1(root).ToString();
        return new PieceRecord { PieceCid = cid, PieceCidV2 = PieceCid.V2(root, car, PieceSize.Height(size)).ToString(), PieceSize = size, RootCid = "bafkqaaa", CarSize = car, CarFile = $"{cid}.car", Kind = "data", Files = 1, PayloadSize = car };
    }

    private void Pieces(int count)
    {
        _ = scratch.Folder("out");
        using var stream = File.Create(Path.Join(Out, RecordFile.Pieces));
        RecordFile.WriteLines(stream, Enumerable.Range(0, count).Select(i => Piece(i, i % 10 == 9 ? 1 << 20 : 4 << 20)), RecordJson.Default.PieceRecord);
    }

    private string Providers(int count, string more = "") => scratch.File("providers.csv",
        "id,organisation,region,city,capacity,weight,method,url,tokenEnv,pieces\n" + string.Concat(Enumerable.Range(0, count).Select(i => $"f0{i},\"Org, {i}\",r{i % 3},c{i},1PiB,{1 + (i % 2)},{(i == 0 ? "drive" : "http")},https://a.example/{{pieceCid}},,\n")) + more);

    private List<JsonElement> Plan() => [.. File.ReadAllLines(PlanFile).Select(line => JsonDocument.Parse(line).RootElement)];

    [Fact]
    public void APlanAndWhatEachProviderIsHanded()
    {
        Pieces(40);
        string list = Providers(8);
        string[] command = ["distribute", Out, "--providers", list, "--policy", "fil-plus", "--url", "https://a.example/piece/{pieceCid}"];
        _ = DataPrepProcess.Run([.. command, "--dry-run"]).Expect(0);
        Assert.False(Directory.Exists(Path.Join(Out, "distribution")));
        string text = DataPrepProcess.Run(command).Expect(0).Output;
        Assert.Contains("first tranche", text, StringComparison.Ordinal);
        var plan = Plan();
        Assert.All(plan, line => SchemaCheck.Follows(line, "distribution-plan"));
        Assert.Equal(RecordFile.ReadPieces(Out).Select(piece => piece.PieceCid), plan.Select(line => line.GetProperty("pieceCid").GetString()));
        foreach (int i in Enumerable.Range(0, 8))
        {
            string folder = Path.Join(Out, "distribution", $"f0{i}");
            var mine = plan.Where(line => line.GetProperty("replicas").EnumerateArray().Any(replica => replica.GetProperty("provider").GetString() == $"f0{i}")).Select(line => line.GetProperty("pieceCid").GetString()).ToList();
            Assert.Equal(mine, RecordFile.ReadPieces(folder).Select(piece => piece.PieceCid));
            string[] rows = File.ReadAllLines(Path.Join(folder, "handover.csv"));
            Assert.Equal("pieceCid,pieceCidV2,pieceSize,carSize,rootCid,carFile" + (i == 0 ? "" : ",url"), rows[0]);
            Assert.Equal(mine, rows.Skip(1).Select(row => row.Split(',')[0]));
            Assert.All(rows.Skip(1), row => Assert.Equal(i != 0, row.EndsWith("https://a.example/piece/" + row.Split(',')[0], StringComparison.Ordinal)));
        }

        // The same again, and from an empty folder, to the last byte.
        byte[] first = File.ReadAllBytes(PlanFile);
        var summary = DataPrepProcess.Run([.. command, "--json"]).Expect(0).Event("summary");
        Assert.Equal((200, true), (summary.GetProperty("keptReplicas").GetInt32(), summary.GetProperty("ok").GetBoolean()));
        Assert.Equal(first, File.ReadAllBytes(PlanFile));
        _ = DataPrepProcess.Run([.. command, "--rebalance"]).Expect(0);
        Assert.Equal(first, File.ReadAllBytes(PlanFile));
        _ = DataPrepProcess.Run("audit", Out, "--providers", list, "--samples", "1", "--retries", "0", "--timeout", "1s", "-q");
    }

    [Fact]
    public void WhatIsAddedLeavesTheRestAndWhoIsGoneIsTold()
    {
        Pieces(30);
        _ = DataPrepProcess.Run("distribute", Out, "--providers", Providers(6)).Expect(0);
        var before = Plan().Select(line => line.ToString()).ToList();
        Pieces(50);
        _ = DataPrepProcess.Run("distribute", Out, "--providers", Providers(7)).Expect(0);
        Assert.Equal(before, Plan().Take(30).Select(line => line.ToString()));
        Assert.Equal(50, Plan().Count);

        string seen = File.ReadAllText(PlanFile);
        var gone = DataPrepProcess.Run("distribute", Out, "--providers", Providers(6)).Expect(4);
        Assert.Contains("f06 has", gone.Output, StringComparison.Ordinal);
        Assert.Contains("--replace", gone.Output, StringComparison.Ordinal);
        Assert.Equal(seen, File.ReadAllText(PlanFile));
        _ = DataPrepProcess.Run("distribute", Out, "--providers", Providers(6), "--replace").Expect(0, "f06 is not among the providers any more");
        Assert.Equal(before, Plan().Take(30).Select(line => line.ToString()));
        Assert.All(Plan(), line => Assert.Equal(5, line.GetProperty("replicas").GetArrayLength()));
        Assert.False(Directory.Exists(Path.Join(Out, "distribution", "f06")));
    }

    [Theory]
    [InlineData("id\n../x", "'../x' cannot name a folder")]
    [InlineData("id\nplan.jsonl", "cannot name a folder")]
    [InlineData("[{\"id\":\"a\\u0000b\"}]", "cannot name a folder")]
    [InlineData("id\nf01\nF01", "differ in case alone")]
    [InlineData("id,weight\nf01,0", "weight '0'")]
    [InlineData("id,capacity\nf01,lots", "capacity 'lots'")]
    [InlineData("id,region\nf01,EU\nf01,US", "is not the same")]
    [InlineData("id,region\n,EU", "has no 'id'")]
    [InlineData("id,method\nf01,pigeon", "no method 'pigeon'")]
    [InlineData("id\n" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "cannot name a folder")]
    public void HostileProvidersAreRefused(string list, string message)
    {
        Pieces(1);
        _ = DataPrepProcess.Run("distribute", Out, "--providers", scratch.File("list", list)).Expect(1, message);
        Assert.False(Directory.Exists(Path.Join(Out, "distribution")));
    }

    [Fact]
    public void WhatCannotBeIsExitFourAndNamed()
    {
        Pieces(10);
        var result = DataPrepProcess.Run("distribute", Out, "--providers", Providers(4), "--json").Expect(4);
        Assert.Contains("replicas 5 need 5 providers, there are 4", result.Event("finding").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.False(result.Event("summary").GetProperty("ok").GetBoolean());
        _ = DataPrepProcess.Run("distribute", Out, "--providers", Providers(5), "--policy", "none").Expect(2, "no policy of that name");
        _ = DataPrepProcess.Run("distribute", Out).Expect(2, "--providers");
        using var printed = JsonDocument.Parse(DataPrepProcess.Run("distribute", "--print-policy", "fil-plus").Expect(0).Output);
        SchemaCheck.Follows(printed.RootElement, "policy");
    }

    [Fact]
    public void DealsAreComparedWithThePlan()
    {
        Pieces(20);
        _ = DataPrepProcess.Run("distribute", Out, "--providers", Providers(6)).Expect(0);
        var made = Plan().SelectMany(line => line.GetProperty("replicas").EnumerateArray().Select(replica => (Cid: line.GetProperty("pieceCid").GetString()!, Size: line.GetProperty("pieceSize").GetInt64(), Sp: replica.GetProperty("provider").GetString()!))).ToList();
        string Csv(IEnumerable<string> rows) => scratch.File("deals.csv", "miner_id,piece_cid,padded_size,state,client,end_epoch\n" + string.Join('\n', rows));
        var lines = made.Select(deal => $"{deal.Sp},{deal.Cid},{deal.Size},active,f1me,900").ToList();
        var fine = DataPrepProcess.Run("distribution-status", Out, "--deals", Csv(lines)).Expect(0);
        Assert.Contains("### Storage Provider Distribution", fine.Output, StringComparison.Ordinal);
        Assert.EndsWith("### Findings\n\nNone.\n", fine.Output, StringComparison.Ordinal);
        _ = DataPrepProcess.Run("distribution-status", Out, "--deals", Csv(lines), "--epoch", "900").Expect(4);

        // One missing, one twice, one with a stranger, one dead, one of another client, one unknown piece by its CID of version 2.
        lines[0] = lines[0].Replace("active", "Slashed", StringComparison.Ordinal);
        lines.Add(lines[1]);
        lines.Add($"f0|99,{made[12].Cid},{made[12].Size},active,f1me,900");
        lines.Add($"f05,{made[3].Cid},{made[3].Size},active,f1other,900");
        lines.Add($"f01,{Piece(999, 4 << 20).PieceCidV2},4194304,active,f1me,900");
        var broken = DataPrepProcess.Run("distribution-status", Out, "--deals", Csv(lines), "--client", "f1me", "--json").Expect(4);
        var codes = broken.Events().Where(e => e.GetProperty("type").GetString() == "finding").Select(e => (e.GetProperty("severity").GetString(), e.GetProperty("code").GetString())).ToHashSet();
        Assert.Superset(new HashSet<(string?, string?)>([("error", "duplicates"), ("warning", "missing"), ("error", "undeclared"), ("error", "replicas"), ("error", "shared"), ("warning", "other-pieces")]), codes);
        Assert.Equal(1, broken.Event("summary").GetProperty("passedOver").GetInt64());
        string text = DataPrepProcess.Run("distribution-status", Out, "--deals", Csv(lines), "--client", "f1me", "--policy", "fil-plus").Expect(4).Output;
        Assert.Contains("| f0\\|99 | not in the plan |", text, StringComparison.Ordinal);
        Assert.Contains("### DataCap", text, StringComparison.Ordinal);
        _ = DataPrepProcess.Run("distribution-status", Out, "--deals", Csv(["f01,nonsense,1,,,"])).Expect(1, "no piece CID", "line 2");
    }
}
