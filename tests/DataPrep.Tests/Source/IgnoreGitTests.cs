using System.Text;
using DataPrep.Source;
using Xunit;

namespace DataPrep.Tests.Source;

/// <summary>Patterns are those of git: held against git itself, for random trees and random patterns.</summary>
public sealed class IgnoreGitTests
{
    private const int Cases = 300;

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_000)]
    [InlineData(2_000_000)]
    public void TheSameLineDecidesAsInGit(int firstSeed)
    {
        using var temp = new TempFolder();
        GitTwin.Init(temp.Path);
        var asked = new List<(int Seed, IgnoreCase Case, string Path)>();
        for (int seed = firstSeed; seed < firstSeed + Cases; seed++)
        {
            var made = new IgnoreCase(seed);
            made.Make(temp.Of($"{seed}"));
            File.WriteAllBytes(temp.Of($"{seed}", ".gitignore"), made.File);
            asked.AddRange(made.Entries.Keys.Select(path => (seed, made, path)));
        }

        var lines = GitTwin.DecidingLines(temp.Path, asked.Select(a => Encoding.Latin1.GetBytes($"{a.Seed}/{a.Path}")));
        Assert.Equal(asked.Count, lines.Count);
        int decided = 0;
        foreach (var ((seed, made, path), line) in asked.Zip(lines))
        {
            int ours = DecidingLine(made, path);
            Assert.True(line == ours, $"seed {seed}: of '{path}' line {line} decides in git, here {ours}, in\n{string.Join('\n', made.Lines)}");
            decided += line > 0 ? 1 : 0;
        }

        // Else the cases would say little.
        Assert.InRange(decided, asked.Count / 5, asked.Count * 9 / 10);
        foreach (var group in asked.Zip(lines).GroupBy(a => a.First.Seed))
            AssertScan(temp.Of($"{group.Key}"), group.First().First.Case, [.. group.Where(a => IsTaken(a.First.Case, a.Second)).Select(a => a.First.Path)]);
    }

    private static bool IsTaken(IgnoreCase made, int line) => line == 0 || made.Lines[line - 1].StartsWith('!');

    /// <summary>The scan leaves out what git ignores, and nothing else.</summary>
    private static void AssertScan(string folder, IgnoreCase made, HashSet<string> expected)
    {
        File.Delete(Path.Join(folder, ".gitignore"));
        var selection = new Selection([], [.. IgnoreRules.Read(made.File).Select(p => p.Pattern)]);
        var tree = LocalScanner.Scan([folder], new ScanOptions(Selection: selection), TestContext.Current.CancellationToken, threads: 2);
        Assert.Empty(tree.Skipped);
        var found = Enumerable.Range(1, tree.Count - 1).Select(i => Encoding.Latin1.GetString(tree.DatasetPath(i)));
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    /// <summary>An ignored folder decides about all that is below it.</summary>
    private static int DecidingLine(IgnoreCase made, string path)
    {
        var patterns = IgnoreRules.Read(made.File);
        var rules = new IgnoreRules([.. patterns.Select(p => p.Pattern)]);
        byte[] bytes = Encoding.Latin1.GetBytes(path);
        int name = 0;
        while (true)
        {
            int slash = path.IndexOf('/', name);
            bool isLast = slash < 0;
            int match = rules.LastMatch(bytes.AsSpan(0, isLast ? bytes.Length : slash), name, !isLast || made.Entries[path]);
            if (isLast || (match >= 0 && !patterns[match].Pattern.IsNegated))
                return match < 0 ? 0 : patterns[match].Line;
            name = slash + 1;
        }
    }
}
