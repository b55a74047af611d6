// Takes uploads and packs them. A tar is unpacked as it comes, and its files are packed as a folder; anything else is packed while it comes, as one
// file. The answer is a JSON object a line: how far packing is, and at last what was made. Memory stays the same however much is uploaded.
using System.Text.RegularExpressions;
using DataPrep.Packing;
using DataPrep.Records;

var builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = null);
string root = Path.GetFullPath(builder.Configuration["Folder"] ?? "datasets");
var app = builder.Build();

app.MapPut("/datasets/{name}", async (string name, HttpContext http) =>
{
    if (!Names.Allowed().IsMatch(name))
        return Results.BadRequest("A name consists of up to 64 letters, digits, '-' and '_'.");
    string folder = Path.Join(root, name), files = Path.Join(folder, "files");
    var options = new PackOptions { Output = Path.Join(folder, "out"), Name = name, Memory = 128 << 20 };
    try
    {
        if (http.Request.ContentType == "application/octet-stream")
        {
            var body = http.Request.BodyReader.AsStream();
            options = options with { Input = () => body };
        }
        else
        {
            await TarUpload.UnpackAsync(http.Request.BodyReader, files, http.RequestAborted);
            options = options with { Sources = [files] };
        }
    }
    catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
    {
        return Results.BadRequest($"This is no tar, or one that cannot be unpacked: {e.Message}");
    }

    await PackAnswer.WriteAsync(options, http.Response, http.RequestAborted);
    if (Directory.Exists(files))
        Directory.Delete(files, recursive: true);
    return Results.Empty;
});

app.MapGet("/datasets/{name}", (string name) => Names.Allowed().IsMatch(name) && Directory.Exists(Path.Join(root, name, "out"))
    ? Results.Json(DatasetManifest.Read(Path.Join(root, name, "out")).Dataset)
    : Results.NotFound());

app.Run();

internal static partial class Names
{
    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    public static partial Regex Allowed();
}
