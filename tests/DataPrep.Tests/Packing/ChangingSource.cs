using DataPrep.Source;

namespace DataPrep.Tests.Packing;

/// <summary>When, seen from the reader of a file, something happens to it.</summary>
public enum ChangePoint
{
    BeforeOpen,
    AfterOpen,
    Middle,
    BeforeFinish,
}

/// <summary>Does something to a file while it is packed, and keeps every state that it ever had.</summary>
/// <param name="times">How often it changes at most.</param>
/// <param name="after">How often the point is passed before it changes for the first time.</param>
internal sealed class ChangingSource(string victim, Action<string, int> change, ChangePoint point, int times, int after = 0)
{
    private readonly Lock gate = new();
    private int rounds;
    private int passed;

    public List<byte[]> States { get; } = [File.ReadAllBytes(victim)];

    public bool Happened => rounds > 0;

    /// <summary>How often it changed.</summary>
    public int Rounds => rounds;

    public ISourceReader Wrap(SourceTree tree) => new Reader(this, tree, new LocalReader(tree));

    private void Reached(ChangePoint here)
    {
        // Parts of the file may be read at once.
        lock (gate)
        {
            if (here != point || rounds == times || passed++ < after)
                return;
            Thread.Sleep(12); // longer than the steps of the file system's clock
            change(victim, rounds++);
            if (Posix.StatPath(System.Text.Encoding.UTF8.GetBytes(victim), out var stamp) == 0 && stamp.Type == Posix.S_IFREG)
                States.Add(File.ReadAllBytes(victim));
        }
    }

    private sealed class Reader(ChangingSource owner, SourceTree tree, LocalReader inner) : ISourceReader
    {
        public ISourceFile Open(int entry)
        {
            if (System.Text.Encoding.UTF8.GetString(tree.Location(entry)) != owner.Victim)
                return inner.Open(entry);
            owner.Reached(ChangePoint.BeforeOpen);
            var file = inner.Open(entry);
            owner.Reached(ChangePoint.AfterOpen);
            return new OpenFile(owner, file);
        }

        public void Dispose() => inner.Dispose();
    }

    private string Victim => victim;

    private sealed class OpenFile(ChangingSource owner, ISourceFile inner) : ISourceFile
    {
        private int reads;

        public void Read(long offset, Span<byte> destination)
        {
            if (reads++ == 1)
                owner.Reached(ChangePoint.Middle);
            inner.Read(offset, destination);
        }

        public void Expect(long offset, long length) => inner.Expect(offset, length);

        public void Finish()
        {
            owner.Reached(ChangePoint.BeforeFinish);
            inner.Finish();
        }

        public void Dispose() => inner.Dispose();
    }
}
