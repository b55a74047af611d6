using System.Diagnostics;

namespace DataPrep.Tests;

/// <summary>A folder for one test, removed with all that is in it, whatever the names. In memory where the machine has such a place.</summary>
internal sealed class TempFolder : IDisposable
{
    private const string Memory = "/dev/shm";

    public TempFolder(bool onDisk = false)
    {
        string parent = !onDisk && Directory.Exists(Memory) ? Memory : System.IO.Path.GetTempPath();
        Path = System.IO.Path.Combine(parent, "dataprep-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public string Of(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    public void Dispose()
    {
        // .NET cannot delete names that are not UTF-8, nor paths beyond PATH_MAX
        using var remove = Process.Start("rm", ["-rf", Path]);
        remove.WaitForExit();
    }
}
