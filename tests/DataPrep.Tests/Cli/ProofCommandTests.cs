using System.Text.Json;
using Xunit;

namespace DataPrep.Tests.Cli;

/// <summary>Proofs made by <c>commp --proof</c> and checked by <c>verify --proof</c>.</summary>
public sealed class ProofCommandTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Proof => scratch.At("range.proof");

    [Fact]
    public void AProofOfAPackedPieceHoldsForWhatAProviderServes()
    {
        _ = scratch.Noise("src/a", 3_000_000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("out"), "-q").Expect(0);
        string car = Assert.Single(Directory.GetFiles(scratch.At("out"), "*.car"));
        var made = DataPrepProcess.Run("commp", car, "--proof", "1000000-1100000", "-o", Proof, "--json").Expect(0).Event("proof");
        long from = made.GetProperty("dataOffset").GetInt64(), length = made.GetProperty("dataLength").GetInt64();
        Assert.Equal(Path.GetFileNameWithoutExtension(car), made.GetProperty("pieceCid").GetString());
        using (var file = JsonDocument.Parse(File.ReadAllBytes(Proof)))
            Assert.Equal(made.GetRawText(), JsonSerializer.Serialize(file.RootElement));

        byte[] bytes = File.ReadAllBytes(car)[(int)from..(int)(from + length)];
        string range = scratch.File("range", bytes);
        DataPrepProcess.Run("verify", "--proof", Proof).Expect(0);
        var verified = DataPrepProcess.Run("verify", "--proof", Proof, range, "--json").Expect(0);
        Assert.Equal(made.GetRawText(), verified.Event("proof").GetRawText());
        Assert.True(verified.Event("summary").GetProperty("dataChecked").GetBoolean());
        DataPrepProcess.Run("verify", "--proof", Proof, car).Expect(0);

        bytes[5] ^= 1;
        File.WriteAllBytes(range, bytes);
        var refused = DataPrepProcess.Run("verify", "--proof", Proof, range, "--json").Expect(4);
        Assert.Equal("proof-data", refused.Event("finding").GetProperty("code").GetString());
        File.WriteAllText(Proof, File.ReadAllText(Proof).Replace("\"version\": 1", "\"version\": 9", StringComparison.Ordinal));
        Assert.Contains("malformed-proof", DataPrepProcess.Run("verify", "--proof", Proof).Expect(4).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutASidecarTheFileIsReadAndTheProofIsTheSame()
    {
        _ = scratch.Noise("src/a", 2_000_000);
        DataPrepProcess.Run("pack", scratch.At("src"), "-o", scratch.At("out"), "-q").Expect(0);
        string car = Assert.Single(Directory.GetFiles(scratch.At("out"), "*.car"));
        string printed = DataPrepProcess.Run("commp", car, "--proof", "5-5").Expect(0).Output;
        string lone = scratch.File("lone.car", File.ReadAllBytes(car));
        Assert.Equal(printed, DataPrepProcess.Run("commp", lone, "--proof", "5-5").Expect(0).Output);
        DataPrepProcess.Run("verify", "--proof", scratch.File("printed", printed), lone).Expect(0);

        byte[] bytes = File.ReadAllBytes(car);
        bytes[100] ^= 1;
        File.WriteAllBytes(car, bytes);
        DataPrepProcess.Run("commp", car, "--proof", "5-5").Expect(1, car, "offset 0");
        File.WriteAllBytes(car, bytes[..^1]);
        DataPrepProcess.Run("commp", car, "--proof", "5-5").Expect(1, ".tree");
        File.WriteAllText(Path.ChangeExtension(car, ".tree"), "no tree");
        DataPrepProcess.Run("commp", car, "--proof", "5-5").Expect(1, ".tree", "offset");
    }

    [Fact]
    public void WhatMakesNoSenseIsRefused()
    {
        string file = scratch.Noise("data", 1000);
        foreach (string range in (string[])["", "5", "5-", "-5", "5-4", "a-b", "1-2-3", "+1-2", "0-9223372036854775807", "0-99999999999999999999", "0-1016"])
            DataPrepProcess.Run("commp", file, $"--proof={range}").Expect(2, "--proof");
        DataPrepProcess.Run("commp", file, "--proof", "0-1015").Expect(0);
        DataPrepProcess.Run("commp", file, file, "--proof", "0-1").Expect(2);
        DataPrepProcess.Run("commp", "-", "--proof", "0-1").Expect(2);
        DataPrepProcess.Run("commp", file, "--proof", "0-1", "--piece-size", "1MiB").Expect(2);
        DataPrepProcess.Run("commp", file, "-o", "x").Expect(2);
        DataPrepProcess.Run("commp", scratch.At("none"), "--proof", "0-1").Expect(1, "none");
        DataPrepProcess.Run("commp", scratch.Root, "--proof", "0-1").Expect(1, "folder");
        DataPrepProcess.Run("commp", scratch.File("empty", ""), "--proof", "0-126").Expect(0);
        DataPrepProcess.Run("verify").Expect(2);
        DataPrepProcess.Run("verify", "--proof", scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("verify", "--proof", file, scratch.At("none")).Expect(1, "none");
        DataPrepProcess.Run("verify", "--proof", file, file, file).Expect(2);
        DataPrepProcess.Run("verify", "--proof", file).Expect(4);
    }
}
