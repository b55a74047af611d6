// The piece CID of a file, or of what comes on standard input. Memory does not grow with its length, but for 32 bytes a megabyte.
using DataPrep.Piece;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};

try
{
    await using var input = args is [] or ["-"] ? Console.OpenStandardInput() : File.OpenRead(args[0]);
    var commitment = await CommPHasher.HashDataAsync(input, stop.Token);
    Console.WriteLine($"piece CID v1  {commitment.CidV1}");
    Console.WriteLine($"piece CID v2  {commitment.CidV2}");
    Console.WriteLine($"payload       {commitment.PayloadSize} bytes");
    Console.WriteLine($"piece size    {commitment.PieceSize} bytes, padded");
    return 0;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
