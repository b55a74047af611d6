using System.Text.Json;
using System.Threading.Channels;
using DataPrep.Packing;

/// <summary>Packs, and writes to the client how far it is.</summary>
internal static class PackAnswer
{
    public static async Task WriteAsync(PackOptions options, HttpResponse response, CancellationToken cancel)
    {
        response.ContentType = "application/jsonl";
        // Of a client that reads slowly nothing waits but its own news: only the last is kept.
        var news = Channel.CreateBounded<PackProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        var packing = PackAsync();
        await foreach (var progress in news.Reader.ReadAllAsync(cancel))
            await LineAsync(new { type = "progress", bytesDone = progress.BytesDone, bytesTotal = progress.BytesTotal });
        try
        {
            var result = await packing;
            await LineAsync(new { type = "summary", rootCid = result.Dataset.RootCid, files = result.Dataset.Files, pieces = result.Pieces.Select(piece => new { piece.PieceCid, piece.PieceSize }) });
        }
        catch (Exception e) when (e is IOException or UsageException or UnauthorizedAccessException)
        {
            await LineAsync(new { type = "error", message = e.Message });
        }

        async Task<PackResult> PackAsync()
        {
            try
            {
                return await new Packer(options).PackAsync(new Listener(news.Writer), cancel);
            }
            finally
            {
                news.Writer.Complete();
            }
        }

        async Task LineAsync<T>(T value)
        {
            await JsonSerializer.SerializeAsync(response.BodyWriter, value, JsonSerializerOptions.Web, cancel);
            response.BodyWriter.GetSpan(1)[0] = (byte)'\n';
            response.BodyWriter.Advance(1);
            await response.BodyWriter.FlushAsync(cancel);
        }
    }

    private sealed class Listener(ChannelWriter<PackProgress> news) : IProgress<PackProgress>
    {
        public void Report(PackProgress value) => news.TryWrite(value);
    }
}
