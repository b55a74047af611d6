// Packs the files in a tar without unpacking it: by a source of one's own.
using DataPrep.Packing;
using DataPrep.Source;

if (args is not [var archive, var output])
{
    Console.Error.WriteLine("usage: OwnSource ARCHIVE.tar OUT");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true; // what is finished is kept, and the same command goes on with it
    stop.Cancel();
};

try
{
    var options = new PackOptions { Source = new TarSource(archive), Output = output, Name = Path.GetFileNameWithoutExtension(archive) };
    var result = await new Packer(options).PackAsync(new Progress<PackProgress>(Show), stop.Token);
    Console.Error.WriteLine();
    Console.WriteLine($"root {result.Dataset.RootCid}");
    foreach (var piece in result.Pieces)
        Console.WriteLine($"piece {piece.PieceCid} {piece.PieceSize}");
    foreach (var skipped in result.Skipped)
        Console.Error.WriteLine($"skipped {skipped.Path}: {skipped.Detail}");
    return result.Skipped.Count > 0 ? 3 : 0;
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
catch (PassingFaultException e)
{
    Console.Error.WriteLine(e.Message);
    return 75;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}

static void Show(PackProgress progress) => Console.Error.Write($"\r{progress.BytesDone >> 20} of {progress.BytesTotal >> 20} MiB");
