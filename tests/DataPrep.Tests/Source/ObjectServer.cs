using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DataPrep.Tests.Source;

/// <summary>An object of an <see cref="ObjectServer"/>.</summary>
internal sealed record ServedObject(byte[] Content, string? ETag, string? LastModified);

/// <param name="Number">How many requests came before, of all methods.</param>
internal sealed record ServedRequest(string Method, string Path, long? From, long? To, IReadOnlyDictionary<string, string> Headers, int Number)
{
    public string Header(string name) => Headers.GetValueOrDefault(name, "");
}

/// <summary>What a server does wrong with a request.</summary>
internal sealed record ServedFault
{
    /// <summary>Answers with this status, and nothing else.</summary>
    public int Status { get; init; }

    /// <summary>Further lines of the head, each with its line end.</summary>
    public string Lines { get; init; } = "";

    /// <summary>Sends so many bytes of the body, and then resets the connection.</summary>
    public int? ResetAfter { get; init; }

    /// <summary>Says and sends that many bytes less than asked for.</summary>
    public int Short { get; init; }

    /// <summary>Sends half of the body, and then nothing more.</summary>
    public bool Stalls { get; init; }

    /// <summary>Takes no notice of conditions.</summary>
    public bool IgnoresConditions { get; init; }

    /// <summary>Sends the whole for a range.</summary>
    public bool Whole { get; init; }

    /// <summary>Says and sends a range so many bytes behind.</summary>
    public int Shift { get; init; }

    /// <summary>Closes the connection instead of an answer.</summary>
    public bool Closes { get; init; }
}

/// <summary>A small HTTP server with faults to order. Conditions, ranges and keep-alive are those of RFC 9110 and 9112.</summary>
internal sealed class ObjectServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> sockets = [];
    private readonly CancellationTokenSource end = new();
    private int requests;

    public ObjectServer()
    {
        listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public string Url { get; }

    /// <summary>By the path of the URL, percent-encoded and with its slash.</summary>
    public ConcurrentDictionary<string, ServedObject> Objects { get; } = new();

    public ConcurrentQueue<ServedRequest> Requests { get; } = new();

    /// <summary>Asked for each request; null where all is to go well.</summary>
    public Func<ServedRequest, ServedFault?> Fault { get; set; } = _ => null;

    public static string Date(DateTimeOffset time) => time.ToString("r", CultureInfo.InvariantCulture);

    public void Put(string path, byte[] content, string? etag = "\"1\"", string? lastModified = "Mon, 06 Jan 2025 10:00:00 GMT") => Objects[path] = new ServedObject(content, etag, lastModified);

    /// <summary>Serves the files below a folder, with their times.</summary>
    public void PutAll(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            string path = "/" + string.Join('/', Path.GetRelativePath(folder, file).Split('/').Select(Uri.EscapeDataString));
            byte[] content = File.ReadAllBytes(file);
            Put(path, content, $"\"{content.Length}-{path.Length}\"", Date(File.GetLastWriteTimeUtc(file)));
        }
    }

    public void Dispose()
    {
        end.Cancel();
        listener.Stop();
        foreach (var socket in sockets)
            socket.Dispose();
        end.Dispose();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var socket = listener.AcceptSocket();
                socket.NoDelay = true;
                sockets.Add(socket);
                new Thread(() => Serve(socket)) { IsBackground = true }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The end.
        }
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true), 64 << 10);
            while (Read(stream) is { } request)
            {
                Requests.Enqueue(request);
                if (!Answer(stream, socket, request))
                    return;
                stream.Flush();
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The other side has had enough.
        }
    }

    private ServedRequest? Read(Stream stream)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        for (int value; (value = stream.ReadByte()) >= 0;)
        {
            if (value != '\n')
            {
                _ = value != '\r' ? line.Append((char)value) : line;
                continue;
            }

            if (line.Length == 0)
                break;
            lines.Add(line.ToString());
            _ = line.Clear();
        }

        if (lines.Count == 0)
            return null;
        string[] first = lines[0].Split(' ');
        var headers = lines.Skip(1).Select(text => text.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase);
        long[]? range = headers.TryGetValue("Range", out string? asked) ? [.. asked["bytes=".Length..].Split('-').Select(text => long.Parse(text, CultureInfo.InvariantCulture))] : null;
        return new ServedRequest(first[0], first[1], range?[0], range?[1], headers, Interlocked.Increment(ref requests) - 1);
    }

    /// <returns>Whether the connection stays.</returns>
    private bool Answer(Stream stream, Socket socket, ServedRequest request)
    {
        var fault = Fault(request) ?? new ServedFault();
        if (fault.Closes)
            return false;
        bool isThere = Objects.TryGetValue(request.Path.Split('?')[0], out var item);
        int status = fault.Status != 0 ? fault.Status : !isThere ? 404 : !fault.IgnoresConditions && !Holds(request, item!) ? 412 : 200;
        if (status != 200)
        {
            Write(stream, $"HTTP/1.1 {status} Some Reason\r\nContent-Length: 0\r\n{fault.Lines}\r\n");
            return true;
        }

        long begin = 0, end = item!.Content.Length;
        string head = "HTTP/1.1 200 OK\r\n";
        if (request.From is { } from && !fault.Whole)
        {
            if (from >= end)
            {
                Write(stream, $"HTTP/1.1 416 No\r\nContent-Length: 0\r\nContent-Range: bytes */{end}\r\n\r\n");
                return true;
            }

            (begin, end) = (Math.Min(from + fault.Shift, end - 1), Math.Min(end, request.To!.Value + 1 + fault.Shift));
            head = $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {begin}-{end - 1}/{item.Content.Length}\r\n";
        }

        int length = (int)Math.Max(0, end - begin - fault.Short);
        head += $"Content-Length: {length}\r\n{(item.ETag is null ? "" : $"ETag: {item.ETag}\r\n")}{(item.LastModified is null ? "" : $"Last-Modified: {item.LastModified}\r\n")}{fault.Lines}\r\n";
        Write(stream, head);
        if (request.Method == "HEAD")
            return true;
        var body = item.Content.AsSpan((int)begin, length);
        if (fault.Stalls || fault.ResetAfter < length)
        {
            stream.Write(body[..(fault.ResetAfter ?? length / 2)]);
            stream.Flush();
            if (fault.Stalls)
                _ = this.end.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(20));
            socket.LingerState = new LingerOption(true, 0);
            return false;
        }

        stream.Write(body);
        return true;
    }

    private static bool Holds(ServedRequest request, ServedObject item)
    {
        if (request.Header("If-Match") is { Length: > 0 } tag)
            return tag == item.ETag;
        return request.Header("If-Unmodified-Since") is not { Length: > 0 } time || item.LastModified is null
            || DateTimeOffset.Parse(item.LastModified, CultureInfo.InvariantCulture) <= DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
    }

    private static void Write(Stream stream, string text) => stream.Write(Encoding.Latin1.GetBytes(text));
}
