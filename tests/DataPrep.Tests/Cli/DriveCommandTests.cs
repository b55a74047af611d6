using System.Text.Json;
using DataPrep.Records;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Pieces that are sent on drives.</summary>
public sealed class DriveCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    private string Out => scratch.At("out");

    private string Drive => scratch.At("drive");

    public void Dispose() => scratch.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ADriveIsPlannedCopiedAndCheckedByStandardTools(bool isInline)
    {
        Plan(isInline);
        var drives = Drives();
        Assert.All(drives, drive => SchemaCheck.Follows(drive, "drive"));
        Assert.Equal(["f01", "f01", "f02", "f02"], drives.Select(drive => drive.GetProperty("provider").GetString()));
        var copied = DataPrepProcess.Run("distribute", Out, "--copy", "f01/1", "--to", Drive, "--read-back", "--json").Expect(0).Event("copied");
        Assert.Equal((drives[0].GetProperty("pieces").GetArrayLength(), 0), (copied.GetProperty("pieces").GetInt32(), copied.GetProperty("wereThere").GetInt32()));
        string[] files = [.. Directory.GetFiles(Drive).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(files.Order(StringComparer.Ordinal), drives[0].GetProperty("pieces").EnumerateArray().Select(cid => cid.GetString() + ".car").Concat(["MANIFEST.jsonl", "README.txt", "SHA256SUMS", "drive.json"]).Order(StringComparer.Ordinal));
        _ = DataPrepProcess.Shell("cd \"$1\" && sha256sum -c --strict SHA256SUMS && grep -q 'sha256sum -c SHA256SUMS' README.txt", Drive).Expect(0);
        SchemaCheck.Follows(JsonDocument.Parse(File.ReadAllBytes(Path.Join(Drive, "drive.json"))).RootElement, "drive-label");
        foreach (var piece in RecordFile.ReadPieceLinesOf(Path.Join(Drive, "MANIFEST.jsonl")).Select(line => line.Record))
            Assert.Equal(piece.PieceCid, DataPrepProcess.Run("commp", Path.Join(Drive, piece.CarFile), "--json").Expect(0).Event("commp").GetProperty("pieceCid").GetString());
    }

    [Fact]
    public void ACopyGoesOnAndADriveThatIsAnotherIsRefused()
    {
        Plan(false);
        string first = Drives()[0].GetProperty("pieces")[0].GetString()!;
        _ = DataPrepProcess.Run("distribute", Out, "--copy", "f01/1", "--to", Drive).Expect(0);
        byte[] sums = File.ReadAllBytes(Path.Join(Drive, "SHA256SUMS"));
        foreach (string name in (string[])[first + ".car", "SHA256SUMS", "README.txt"])
            File.Delete(Path.Join(Drive, name));
        var again = DataPrepProcess.Run("distribute", Out, "--copy", "f01/1", "--to", Drive, "--json").Expect(0).Event("copied");
        Assert.Equal(again.GetProperty("pieces").GetInt32() - 1, again.GetProperty("wereThere").GetInt32());
        Assert.Equal(sums, File.ReadAllBytes(Path.Join(Drive, "SHA256SUMS")));
        _ = DataPrepProcess.Run("distribute", Out, "--copy", "f01/2", "--to", Drive).Expect(1, "is drive f01/1");
        _ = DataPrepProcess.Run("distribute", Out, "--copy", "f01/9", "--to", Drive).Expect(2, "f02/1");
        _ = DataPrepProcess.Run("distribute", Out, "--copy", "f01/1", "--to", scratch.At("nowhere")).Expect(1, "is the drive mounted?");
        _ = DataPrepProcess.Run("distribute", Out, "--copy", "f01/1").Expect(2, "--to DIR is missing");
        _ = DataPrepProcess.Run("distribute", Out, "--to", Drive).Expect(2, "--copy DRIVE");
    }

    [Fact]
    public void ADamagedPieceIsNotCopied()
    {
        Plan(false);
        string car = Path.Join(Out, Drives()[0].GetProperty("pieces")[0].GetString() + ".car");
        byte[] bytes = File.ReadAllBytes(car);
        bytes[^1] ^= 1;
        File.WriteAllBytes(car, bytes);
        _ = DataPrepProcess.Run("distribute", Out, "--copy", "f01/1", "--to", Drive).Expect(1, car);
        Assert.Equal(["drive.json"], Directory.GetFiles(Drive).Select(file => Path.GetFileName(file)));
    }

    [Fact]
    public void AProviderIsHandedItsPiecesInTheFormOfItsMethod()
    {
        Pack(false);
        string list = scratch.File("providers.csv", "id,organisation,method\nf01,a,boost-allocate\nf02,b,\nf03,c,drive\n"), policy = scratch.File("policy.json", "{\"replicas\":3}");
        string[] command = ["distribute", Out, "--providers", list, "--policy", policy, "--url", "https://a.example/{carFile}"];
        _ = DataPrepProcess.Run([.. command, "--handover", "aria2"]).Expect(0);
        Assert.StartsWith("baga", File.ReadAllText(At("f01/allocate.csv")), StringComparison.Ordinal);
        Assert.Contains(",f01,", File.ReadAllText(At("f01/allocate.csv")), StringComparison.Ordinal);
        Assert.Contains("https://a.example/baga", File.ReadAllText(At("f02/aria2.txt")), StringComparison.Ordinal);
        Assert.DoesNotContain("https", File.ReadAllText(At("f03/handover.csv")), StringComparison.Ordinal);

        // Another form takes the place of the one before.
        _ = DataPrepProcess.Run(command).Expect(0);
        Assert.Equal(["handover.csv", "pieces.jsonl"], Directory.GetFiles(At("f02")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        _ = DataPrepProcess.Run([.. command, "--handover", "curio-add-url"]).Expect(2, "--uuids");
        _ = DataPrepProcess.Run([.. command, "--handover", "slingshot"]).Expect(2, "use export");
    }

    private string At(string name) => Path.Join(Out, "distribution", name);

    private List<JsonElement> Drives() => [.. File.ReadAllLines(At("drives.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    private void Pack(bool isInline)
    {
        for (int i = 0; i < 6; i++)
            _ = scratch.Noise($"src/{i}", 900_000 + i, i);
        string[] how = isInline ? ["--inline"] : [];
        _ = DataPrepProcess.Run(["pack", scratch.At("src"), "-o", Out, "--piece-size", "1MiB", .. how]).Expect(0);
    }

    private void Plan(bool isInline)
    {
        Pack(isInline);
        _ = scratch.Folder("drive");
        string list = scratch.File("providers.csv", "id,organisation\nf01,a\nf02,b\n"), policy = scratch.File("policy.json", "{\"replicas\":2}");
        _ = DataPrepProcess.Run("distribute", Out, "--providers", list, "--policy", policy, "--media", "4MB").Expect(0);
    }
}
