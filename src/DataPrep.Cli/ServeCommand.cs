using System.CommandLine;
using System.Net;
using DataPrep.Packing;
using DataPrep.Server;

namespace DataPrep.Cli;

/// <summary><c>dataprep serve</c></summary>
internal static class ServeCommand
{
    private const string TokenVariable = "DATAPREP_TOKEN";

    // Readers wait for disks, and the pool makes new threads slowly.
    private const int LeastThreads = 64;

    public static Command Create()
    {
        var common = new CommonOptions();
        var outputs = new Argument<string[]>("OUT") { Description = "Folders that were packed into", Arity = ArgumentArity.OneOrMore };
        var listen = new Option<string>("--listen")
        {
            Description = "Address and port to listen at; port 0 takes a free one",
            HelpName = "ADDRESS:PORT",
            DefaultValueFactory = _ => $"127.0.0.1:{ServerOptions.DefaultPort}",
        };
        var token = new Option<string?>("--token-file") { Description = $"File with the bearer token that requests must bring (default: the variable {TokenVariable}, or none)", HelpName = "FILE" };
        var connections = new Option<int>("--max-connections") { Description = "Most connections at once", HelpName = "N", DefaultValueFactory = _ => 1024 };
        var command = new Command("serve", "Serves pieces by their piece CIDs over HTTP, with ranges, and their blocks and DAGs as an IPFS trustless gateway, until it is stopped") { outputs, listen, token, connections };
        var source = new SourceOption(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            var terminal = common.Terminal(parsed);
            return CommandRunner.Guard(terminal, () => Serve(
                new ServerOptions
                {
                    Outputs = parsed.GetValue(outputs)!,
                    Endpoint = EndpointOf(parsed.GetValue(listen)!, "--listen"),
                    Source = source.Of(parsed),
                    Warn = terminal.Warn,
                    Token = TokenOf(parsed.GetValue(token)),
                    MaxConnections = parsed.GetValue(connections) is > 0 and var most ? most : throw new UsageException("--max-connections must be at least 1"),
                },
                terminal));
        });
        return command;
    }

    private static int Serve(ServerOptions options, Terminal terminal)
    {
        _ = ThreadPool.SetMinThreads(Math.Max(LeastThreads, Environment.ProcessorCount), 1);
        Run(options, terminal).GetAwaiter().GetResult();
        return ExitCode.Done;
    }

    private static async Task Run(ServerOptions options, Terminal terminal)
    {
        await using var server = new PieceServer(options);
        string address = await server.Start().ConfigureAwait(false);
        terminal.Event("serving", writer =>
        {
            writer.WriteString("address", address);
            writer.WriteNumber("pieces", server.Pieces.Count);
            writer.WriteNumber("bytes", server.Pieces.Bytes);
        });
        terminal.Result($"Serving {server.Pieces.Count} pieces at {address}/piece/{{cid}}, and their blocks and DAGs at {address}/ipfs/{{cid}}");
        if (!IPAddress.IsLoopback(options.Endpoint.Address) && options.Token is null)
            terminal.Warn("anybody who reaches this address can read the pieces; --token-file asks for a token");
        try
        {
            await Task.Delay(Timeout.Infinite, CommandRunner.Cancel).ConfigureAwait(false);
        }
        finally
        {
            await server.Stop().ConfigureAwait(false);
        }
    }

    /// <param name="option">What it was given to.</param>
    public static IPEndPoint EndpointOf(string text, string option) =>
        IPEndPoint.TryParse(text, out var endpoint) && text.Contains(':', StringComparison.Ordinal)
            ? endpoint
            : throw new UsageException($"{option}: '{text}' is no address and port, such as 127.0.0.1:8787 or [::]:8787");

    private static string? TokenOf(string? file)
    {
        string? token = file is null ? Environment.GetEnvironmentVariable(TokenVariable) : File.ReadAllText(file).Trim();
        return token is null ? null
            : token.Length > 0 ? token
            : throw new UsageException(file is null ? $"{TokenVariable} is empty" : $"--token-file: {file} is empty");
    }
}
