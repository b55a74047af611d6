using System.Diagnostics;
using System.Globalization;
using System.Text;
using DataPrep.Source;

namespace DataPrep.Cli.Bench;

/// <summary>Many files of about one size, in folders of a thousand.</summary>
/// <param name="name">As <c>small/1kB</c>.</param>
/// <param name="mean">Bytes of a file: half to one and a half of it.</param>
/// <param name="most">How many.</param>
internal sealed class SmallFiles(string name, int mean, int most, BenchFolder? folder, byte[] data, CancellationToken cancel)
{
    private const int InFolder = 1000;

    public string Name => name;

    /// <summary>How many there are on the disk.</summary>
    public int Written { get; private set; }

    /// <summary>Packs such files out of memory into nothing.</summary>
    public Probe InMemory(int threads)
    {
        var tree = Tree();
        return new Probe($"{name}/memory", threads, () => PipelineBench.Pack(tree, new MemoryReader(data), threads, cancel)) { Counts = Items.Files };
    }

    /// <summary>Writes the files, as many as two seconds suffice for; the first time only.</summary>
    /// <returns>The folder.</returns>
    public string Write()
    {
        const int Least = 100;
        string top = folder!.At(name.Replace('/', '-'));
        var clock = Stopwatch.StartNew();
        string at = top;
        bool isDone = Written > 0;
        for (int i = 0; !isDone && i < most && (i < Least || clock.Elapsed.TotalSeconds < 2); i++)
        {
            cancel.ThrowIfCancellationRequested();
            if (i % InFolder == 0)
                at = Directory.CreateDirectory(Path.Join(top, NameOf(i / InFolder))).FullName;
            int length = LengthOf(i);
            using var file = File.OpenHandle(Path.Join(at, NameOf(i)), FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(file, data.AsSpan((int)((long)i * mean % (data.Length - length)), length), 0);
            Written++;
        }

        return top;
    }

    private static string NameOf(int number) => number.ToString("000000", CultureInfo.InvariantCulture);

    private int LengthOf(int number) => (mean / 2) + (int)((uint)number * 2654435761 % (uint)mean);

    private SourceTree Tree()
    {
        var tree = new SourceTree();
        int root = tree.Add(EntryKind.Directory, [], [], new FileStamp { Mode = Posix.S_IFDIR }, -1, "/"u8.ToArray());
        for (int first = 0; first < most; first += InFolder)
        {
            int folderEntry = tree.Add(EntryKind.Directory, Encoding.UTF8.GetBytes(NameOf(first / InFolder)), [], new FileStamp { Mode = Posix.S_IFDIR }, root);
            for (int i = first; i < Math.Min(most, first + InFolder); i++)
                _ = tree.Add(EntryKind.File, Encoding.UTF8.GetBytes(NameOf(i)), [], new FileStamp { Mode = Posix.S_IFREG, Size = LengthOf(i) }, folderEntry);
            tree.Close(folderEntry);
        }

        tree.Close(root);
        return tree;
    }
}
