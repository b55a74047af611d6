using System.Text.RegularExpressions;
using Xunit;

namespace DataPrep.Tests.Architecture;

/// <summary>Rooms are folders and namespaces; a room may use only the rooms above it in this list.</summary>
public sealed partial class ImportDirectionTests
{
    private static readonly string[] Rooms =
        ["Ipld", "Hashing", "Piece", "Source", "Unixfs", "Car", "Records", "Planning", "Packing", "Manifest", "Verification", "Extraction", "Comparison", "Aggregation", "Distribution", "Serving"];

    [Fact]
    public void RoomsUseOnlyRoomsAboveThem()
    {
        string library = Path.Join(Checkout.Root, "src", "DataPrep");
        var wrong = new List<string>();
        foreach (string room in Directory.EnumerateDirectories(library).Select(d => Path.GetFileName(d)!).Except(["bin", "obj"]))
        {
            int place = Array.IndexOf(Rooms, room);
            Assert.True(place >= 0, $"{room} is no room of the architecture");
            foreach (string file in Directory.EnumerateFiles(Path.Join(library, room), "*.cs", SearchOption.AllDirectories))
            {
                string text = File.ReadAllText(file);
                if (!text.Contains($"namespace DataPrep.{room};", StringComparison.Ordinal))
                    wrong.Add($"{room}/{Path.GetFileName(file)}: its namespace is not its folder");
                foreach (string used in UsedRooms(text))
                {
                    if (Array.IndexOf(Rooms, used) > place)
                        wrong.Add($"{room}/{Path.GetFileName(file)}: uses {used}, which is below it");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void OnlyPackingTheScanAndVerificationKnowThreads()
    {
        string library = Path.Join(Checkout.Root, "src", "DataPrep");
        var wrong = from room in Rooms.Except(["Packing", "Serving"])
                    let folder = Path.Join(library, room)
                    where Directory.Exists(folder)
                    from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                    where Path.GetFileName(file) is not ("ScanAhead.cs" or "SideBySide.cs")
                    where ThreadUse().IsMatch(Comment().Replace(File.ReadAllText(file), ""))
                    select $"{room}/{Path.GetFileName(file)}";
        Assert.Empty(wrong);
    }

    /// <summary>Rooms named in using directives, and in names qualified from the root or from the library's namespace.</summary>
    private static IEnumerable<string> UsedRooms(string text) =>
        from match in QualifiedName().Matches(Comment().Replace(text, ""))
        let room = match.Groups[1].Value
        where Array.IndexOf(Rooms, room) >= 0
        select room;

    [GeneratedRegex(@"(?:DataPrep\.|(?<![\w.>)\]]))(Ipld|Hashing|Piece|Source|Unixfs|Car|Records|Planning|Packing|Manifest|Verification|Extraction|Comparison|Aggregation|Distribution|Serving)(?=\.[A-Z]|;)")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"//[^\n]*|^namespace [^\n]*", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bnew Thread\b|\bParallel\.|\bTask\.Run\b|\bTask\.Factory\b|\bThreadPool\.")]
    private static partial Regex ThreadUse();
}
