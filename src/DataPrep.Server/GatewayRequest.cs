using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DataPrep.Ipld;
using DataPrep.Unixfs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace DataPrep.Server;

/// <summary>A request to the trustless gateway, read by the rules of its specification (specs.ipfs.tech, trustless-gateway, of 2026-03-05).</summary>
internal sealed class GatewayRequest
{
    public const string Route = "/ipfs/";
    private const string Raw = "application/vnd.ipld.raw", Car = "application/vnd.ipld.car";

    private GatewayRequest(string path, Cid root, IReadOnlyList<byte[]> names) => (Path, Root, Names) = (path, root, names);

    /// <summary>The path as it was asked for, percent-encoded.</summary>
    public string Path { get; }

    public Cid Root { get; }

    /// <summary>Names behind the root, bytes.</summary>
    public IReadOnlyList<byte[]> Names { get; }

    /// <summary>Whether a CAR is wanted, and not one block.</summary>
    public bool IsCar { get; private init; }

    public DagRequest Dag { get; private init; }

    /// <summary>Whether the same URL without an Accept header asks for the same.</summary>
    public bool IsInUrl { get; private init; }

    /// <summary>Name for saving the answer, as the client wants it.</summary>
    public string? FileName { get; private init; }

    public string ContentType => IsCar ? $"{Car}; version=1; order=dfs; dups={Dups}" : Raw;

    /// <summary>URL that asks for the same without an Accept header.</summary>
    public string Location => IsCar
        ? $"{Path}?format=car&dag-scope={Scope}{(Bytes is { } bytes ? "&entity-bytes=" + bytes : "")}&car-version=1&car-order=dfs&car-dups={Dups}"
        : $"{Path}?format=raw";

    /// <summary>Of a block a strong tag; of a CAR a weak one: another version of the server may order it otherwise.</summary>
    public EntityTagHeaderValue Tag
    {
        get
        {
            if (!IsCar)
                return new EntityTagHeaderValue($"\"{Root}.raw\"");
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (byte[] name in Names)
            {
                hash.AppendData(BitConverter.GetBytes(name.Length));
                hash.AppendData(name);
            }

            hash.AppendData(Encoding.ASCII.GetBytes($"?{Scope} {Bytes} {Dups}"));
            return new EntityTagHeaderValue($"\"{Scope}.{Root}.car.{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8))}\"", isWeak: true);
        }
    }

    private string Scope => Dag.Scope switch { DagScope.All => "all", DagScope.Entity => "entity", _ => "block" };

    private string Dups => Dag.HasDuplicates ? "y" : "n";

    private string? Bytes => Dag.Bytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{bytes.From}:{(bytes.To is { } to ? to : "*")}") : null;

    /// <exception cref="BadHttpRequestException">It asks for nothing that there is, and says with which status that is answered.</exception>
    public static GatewayRequest Read(HttpRequest request)
    {
        string path = PathOf(request);
        string[] segments = path[Route.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        byte[][] names = [.. segments.Select(Decode)];
        if (names.Length == 0 || !Cid.TryParse(Encoding.UTF8.GetString(names[0]), out var root))
            throw new BadHttpRequestException("what follows /ipfs/ is no CID");
        names = names[1..];

        string format = request.Query["format"].ToString();
        bool isCar = IsCarOf(format, request, out var accepted);
        if (!isCar && names.Length > 0)
            throw new BadHttpRequestException("a block is asked for by its CID alone, without a path; format=car gives the blocks of a path");
        bool hasDuplicates = isCar && Parameter(request, accepted, "dups", "n", "y") == "y";
        return new GatewayRequest(path, root, names)
        {
            IsCar = isCar,
            Dag = isCar ? new DagRequest(ScopeOf(request, out var bytes), bytes, hasDuplicates) : default,
            IsInUrl = format.Length > 0 && (!isCar || hasDuplicates == (Parameter(request, null, "dups", "n", "y") == "y")),
            FileName = request.Query["filename"].ToString() is { Length: > 0 } name ? name : null,
        };
    }

    /// <summary>Path of the target as it came: names are bytes, which the decoded path does not keep.</summary>
    private static string PathOf(HttpRequest request)
    {
        string target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        int scheme = target.StartsWith('/') ? -1 : target.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0 && target.IndexOf('/', scheme + 3) is > 0 and var start)
            target = target[start..];
        string path = target.Split('?', 2)[0];
        return path.StartsWith(Route, StringComparison.Ordinal) ? path : throw new BadHttpRequestException("the path has to begin with /ipfs/ and a CID");
    }

    private static byte[] Decode(string segment)
    {
        byte[] bytes = new byte[segment.Length];
        int length = 0;
        for (int i = 0; i < segment.Length; i++)
        {
            bool isEscape = segment[i] == '%';
            if (isEscape ? i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2]) : !char.IsAscii(segment[i]))
                throw new BadHttpRequestException("the path is not percent-encoded as it should be");
            bytes[length++] = isEscape ? byte.Parse(segment.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : (byte)segment[i];
            i += isEscape ? 2 : 0;
        }

        return bytes[..length];
    }

    /// <summary>Whether a CAR is asked for: by the format in the URL, and else by what the client likes best of what there is.</summary>
    /// <param name="accepted">Whose parameters count where the URL has none.</param>
    private static bool IsCarOf(string format, HttpRequest request, out MediaTypeHeaderValue? accepted)
    {
        if (format is not ("" or "raw" or "car"))
            throw new BadHttpRequestException($"format={format} is not known here: format=raw gives a block, format=car a CAR");
        accepted = null;
        if (format == "raw")
            return false;
        _ = MediaTypeHeaderValue.TryParseList([.. request.Headers.Accept.OfType<string>()], out var types);
        BadHttpRequestException? refusal = null;
        foreach (var type in (types ?? []).Where(type => type.Quality is not 0).OrderByDescending(type => type.Quality ?? 1))
        {
            if (format.Length == 0 && type.MediaType.Equals(Raw, StringComparison.OrdinalIgnoreCase))
                return false;
            if (!type.MediaType.Equals(Car, StringComparison.OrdinalIgnoreCase))
                continue;
            try
            {
                CheckCar(request, type);
                accepted = type;
                return true;
            }
            catch (BadHttpRequestException e)
            {
                refusal ??= e;
            }
        }

        if (refusal is not null)
            throw refusal;
        if (format.Length == 0)
        {
            throw new BadHttpRequestException(
                $"ask for one of two forms: format=raw (Accept: {Raw}), a block, or format=car (Accept: {Car}), a CAR with the blocks below; nothing is unpacked here",
                StatusCodes.Status406NotAcceptable);
        }

        CheckCar(request, null);
        return true;
    }

    private static void CheckCar(HttpRequest request, MediaTypeHeaderValue? accepted)
    {
        _ = Parameter(request, accepted, "version", "1");
        _ = Parameter(request, accepted, "order", "dfs", "unk");
        _ = Parameter(request, accepted, "dups", "n", "y");
    }

    /// <summary>A parameter of the CAR: in the URL, or else of the media type, or else the first of its values.</summary>
    private static string Parameter(HttpRequest request, MediaTypeHeaderValue? accepted, string name, params string[] values)
    {
        string asked = request.Query["car-" + name].ToString();
        bool isInUrl = asked.Length > 0;
        if (!isInUrl)
            asked = accepted?.Parameters.FirstOrDefault(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.GetUnescapedValue().ToString() ?? "";
        if (asked.Length == 0)
            return values[0];
        return values.Contains(asked, StringComparer.Ordinal) ? asked : throw new BadHttpRequestException(
            $"{(isInUrl ? "car-" : "")}{name}={asked} is not to be had: CARs have {name}={string.Join(" or ", values)}",
            isInUrl ? StatusCodes.Status400BadRequest : StatusCodes.Status406NotAcceptable);
    }

    private static DagScope ScopeOf(HttpRequest request, out EntityBytes? bytes)
    {
        bytes = null;
        var scope = request.Query["dag-scope"].ToString() switch
        {
            "" or "all" => DagScope.All,
            "entity" => DagScope.Entity,
            "block" => DagScope.Block,
            var other => throw new BadHttpRequestException($"dag-scope={other} is none: it is block, entity or all"),
        };
        if (request.Query["entity-bytes"].ToString() is not { Length: > 0 } text)
            return scope;
        bytes = EntityBytes.TryParse(text, out var part) ? part : throw new BadHttpRequestException($"entity-bytes={text} is no range: it is from:to, bytes of a file, such as 0:1023, 1024:* or -1024:*");
        return DagScope.Entity;
    }
}
