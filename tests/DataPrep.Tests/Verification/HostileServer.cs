using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace DataPrep.Tests.Verification;

/// <summary>What a client asked for.</summary>
/// <param name="Number">Of the request, from 1.</param>
/// <param name="From">First byte of its range.</param>
/// <param name="To">Last one.</param>
internal sealed record RawRequest(int Number, string Head, long From, long To);

/// <summary>A server that sends whatever it is told to, on bare sockets; each connection has one request.</summary>
internal sealed partial class HostileServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<RawRequest, NetworkStream, CancellationToken, Task> answer;
    private readonly Task accepting;
    private int requests;

    public HostileServer(Func<RawRequest, NetworkStream, CancellationToken, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        accepting = Accept();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    public int Requests => requests;

    public static ValueTask Send(NetworkStream stream, string text) => stream.WriteAsync(Encoding.Latin1.GetBytes(text.Replace("\n", "\r\n", StringComparison.Ordinal)));

    /// <summary>The head of an answer with that part of a content, which is sent after it.</summary>
    public static string Partial(long from, long to, long total) => $"HTTP/1.1 206 Partial Content\nContent-Range: bytes {from}-{to}/{total}\nContent-Length: {to - from + 1}\nConnection: close\n\n";

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        stop.Dispose();
    }

    private async Task Accept()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
                serving.Add(Serve(await listener.AcceptTcpClientAsync(stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // It was stopped, at a call or between two.
            await Task.WhenAll(serving);
        }
    }

    private async Task Serve(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                var head = new StringBuilder();
                byte[] buffer = new byte[4096];
                while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(buffer, stop.Token);
                    if (read == 0)
                        return;
                    _ = head.Append(Encoding.Latin1.GetString(buffer, 0, read));
                    // No HTTP, as of a client that wants TLS: answered as what it is.
                    if (!head.ToString().StartsWith("GET ", StringComparison.Ordinal))
                        break;
                }

                var range = Range().Match(head.ToString());
                long from = range.Success ? long.Parse(range.Groups[1].Value, CultureInfo.InvariantCulture) : 0, to = range.Success ? long.Parse(range.Groups[2].Value, CultureInfo.InvariantCulture) : 0;
                await answer(new RawRequest(Interlocked.Increment(ref requests), head.ToString(), from, to), stream, stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client has had enough.
            }
        }
    }

    [GeneratedRegex(@"Range: bytes=(\d+)-(\d+)\r\n")]
    private static partial Regex Range();
}
