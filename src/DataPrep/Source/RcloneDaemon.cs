using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DataPrep.Source;

/// <summary>
/// One rclone that serves all its remotes to us alone: on a port of this machine that it chooses, behind a password that is in its environment. It ends with us, however
/// that comes to pass: a shell beside it waits on a pipe that we hold, and ends it when the pipe closes.
/// </summary>
internal sealed partial class RcloneDaemon : IDisposable
{
    private const string Script = "trap '' INT; command -v rclone >/dev/null || { echo 'rclone: not found' >&2; exit 127; }; exec 3<&0; rclone rcd --rc-serve --rc-addr 127.0.0.1:0 --rc-server-read-timeout 24h --rc-server-write-timeout 24h --ask-password=false --log-file= --use-json-log=false --log-level NOTICE </dev/null 3<&- & "
        + "child=$!; { read -r line <&3; kill $child; } >/dev/null 2>&1 & keeper=$!; wait $child; kill $keeper";
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly HttpClient http;
    private readonly TaskCompletionSource<string> address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpAccess access = new();
    private volatile string lastWords = "";

    /// <exception cref="SourceException">There is no rclone, or it does not start.</exception>
    public RcloneDaemon(RemoteLimits limits)
    {
        string user = Secret(), password = Secret();
        var info = new ProcessStartInfo("/bin/sh", ["-c", Script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["RCLONE_RC_USER"] = user;
        info.Environment["RCLONE_RC_PASS"] = password;
        try
        {
            process = Process.Start(info)!;
        }
        catch (Win32Exception e)
        {
            throw Failed(e.Message);
        }

        process.OutputDataReceived += (_, line) => Heard(line.Data ?? ""); // that standard error ends, where it says why, is the end
        process.ErrorDataReceived += (_, line) => Heard(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        string basic = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{user}:{password}"));
        access.AddHeader("Authorization", $"Basic {basic}");
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", basic);
        Objects = new HttpTransport(access, limits, useProxy: false);
        try
        {
            if (Task.WaitAny([address.Task], LongestStart) < 0)
                throw Failed($"it did not say within {LongestStart.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s that it serves; it said: {lastWords}");
            Address = address.Task.GetAwaiter().GetResult();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>URL that its paths begin with.</summary>
    public string Address { get; } = "";

    /// <summary>Reads what it serves.</summary>
    public HttpTransport Objects { get; }

    /// <exception cref="PassingFaultException">It has ended.</exception>
    public void RequireAlive()
    {
        if (process.HasExited)
            throw new PassingFaultException($"rclone has ended: {lastWords}. What is done is kept: run the same command again to go on");
    }

    /// <summary>Has it do something.</summary>
    /// <param name="write">Writes the arguments as properties of an object.</param>
    /// <exception cref="ObjectException">It says that it cannot.</exception>
    public async Task<JsonDocument> CallAsync(string command, Action<Utf8JsonWriter> write, CancellationToken cancel)
    {
        RequireAlive();
        using var body = new MemoryStream();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        using var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await http.PostAsync($"{Address}{command}", content, cancel).ConfigureAwait(false);
        using var stream = await answer.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        try
        {
            var said = await JsonDocument.ParseAsync(stream, default, cancel).ConfigureAwait(false);
            if (answer.IsSuccessStatusCode)
                return said;
            using (said)
            {
                string error = said.RootElement.TryGetProperty("error", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : $"{(int)answer.StatusCode}";
                throw new ObjectException((int)answer.StatusCode == 404 ? ObjectFault.Gone : ObjectFault.Passing, $"rclone says: {PathText.Quote(error)}");
            }
        }
        catch (JsonException)
        {
            throw new ObjectException(ObjectFault.Passing, $"rclone gives an answer that is no JSON ({(int)answer.StatusCode})");
        }
    }

    public void Dispose()
    {
        http?.Dispose();
        Objects?.Dispose();
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private void Heard(string? line)
    {
        if (line is null)
        {
            _ = address.TrySetException(Failed(lastWords));
            return;
        }

        if (line.Length > 0)
            lastWords = PathText.Quote(line);
        if (Serving().Match(line) is { Success: true } match)
            _ = address.TrySetResult(match.Value);
    }

    private static SourceException Failed(string why) =>
        new(why.Contains("not found", StringComparison.Ordinal) ? "it is not installed, or not on the PATH: apt install rclone, or https://rclone.org/install" : $"it cannot be started: {why}", "rclone"u8.ToArray());

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/")]
    private static partial Regex Serving();
}
