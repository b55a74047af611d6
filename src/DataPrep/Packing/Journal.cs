using System.Buffers.Binary;
using DataPrep.Ipld;
using DataPrep.Records;
using DataPrep.Source;
using Microsoft.Win32.SafeHandles;

namespace DataPrep.Packing;

/// <summary>
/// The file of what is finished, from which a run that was cut off goes on. Any thread appends; what is appended waits in
/// memory and reaches the file with the next flush, never earlier, so that no record can outlive what it speaks of.
/// A journal that failed stays failed. The file's layout is in docs/plan-and-journal.md.
/// </summary>
internal sealed class Journal : IDisposable
{
    /// <summary>Most bytes of a record's payload: the largest slab of nothing but empty files fits.</summary>
    public const int LargestPayload = 1 << 28;

    private readonly string path;
    private readonly SafeFileHandle file;
    private readonly Lock appending = new();
    private readonly Lock flushing = new();

    // Records as the file has them, behind the checksum that the first of them goes on from. The spare one is being written.
    private byte[] filling = new byte[1 << 16];
    private byte[] spare = new byte[1 << 16];
    private int used = JournalFormat.ChecksumLength;
    private long end;
    private volatile bool failed;
    private string reason = "";

    private Journal(string path, SafeFileHandle file) => (this.path, this.file) = (path, file);

    /// <summary>Bytes that <see cref="Open"/> cut off the end, since they were no whole record: 0 unless a run broke off or the file is damaged.</summary>
    public long CutOff { get; private init; }

    /// <summary>Bytes that wait for a flush.</summary>
    public int Waiting
    {
        get
        {
            lock (appending)
                return used - JournalFormat.ChecksumLength;
        }
    }

    /// <summary>
    /// Makes the journal of a plan, or goes on with it: hands out every whole record in order, and cuts off what follows the
    /// last of them. All that was handed out is on the device when this returns.
    /// </summary>
    /// <param name="planHash">32 bytes.</param>
    /// <param name="replay">Takes each record; the payload is there during the call alone.</param>
    /// <exception cref="MalformedDataException">The file is no journal, its beginning is damaged, or a payload is not what its kind has.</exception>
    /// <exception cref="IOException">The journal is of another plan, in use by another run, or cannot be read or written.</exception>
    public static Journal Open(string path, ReadOnlySpan<byte> planHash, Action<JournalKind, ReadOnlySpan<byte>> replay)
    {
        if (!File.Exists(path))
            Create(path, planHash);
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        try
        {
            return Resume(path, file, planHash, replay);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Hands out every whole record in order, and changes nothing: also while a run appends.</summary>
    /// <inheritdoc cref="Open"/>
    public static void Read(string path, ReadOnlySpan<byte> planHash, Action<JournalKind, ReadOnlySpan<byte>> replay)
    {
        // Not by File.OpenHandle, which asks for a lock that the run has.
        int fd = Posix.Open(PathText.FromArgument(path), Posix.O_RDONLY | Posix.O_CLOEXEC, out int error);
        if (fd < 0)
            OutputFolder.Check(error, "open", path);
        using var file = new SafeFileHandle(fd, ownsHandle: true);
        _ = Replay(path, file, planHash, replay);
    }

    private static JournalReader Replay(string path, SafeFileHandle file, ReadOnlySpan<byte> planHash, Action<JournalKind, ReadOnlySpan<byte>> replay)
    {
        var reader = new JournalReader(path, file);
        reader.RequirePlan(planHash);
        while (reader.Next(out var kind, out var payload, out long offset))
        {
            try
            {
                replay(kind, payload);
            }
            catch (MalformedDataException e) when (e.Path is null)
            {
                throw e.WithContext(path, offset);
            }
        }

        return reader;
    }

    private static Journal Resume(string path, SafeFileHandle file, ReadOnlySpan<byte> planHash, Action<JournalKind, ReadOnlySpan<byte>> replay)
    {
        var reader = Replay(path, file, planHash, replay);
        long cutOff = reader.Length - reader.End;
        if (cutOff > 0)
            OutputFolder.Check(Posix.Truncate(file, reader.End), "cut the end of", path);
        // What a killed run wrote may still be on its way to the device.
        OutputFolder.Sync(file, path);
        var journal = new Journal(path, file) { end = reader.End, CutOff = cutOff };
        reader.Checksum.CopyTo(journal.filling);
        return journal;
    }

    /// <summary>A journal has its name when its header is on the device, so that a broken header is never taken for an unfinished one.</summary>
    private static void Create(string path, ReadOnlySpan<byte> planHash)
    {
        string temporary = path + ".part";
        Span<byte> header = stackalloc byte[JournalFormat.HeaderLength];
        JournalFormat.WriteHeader(header, planHash);
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            OutputFolder.Check(Posix.WriteAt(file, 0, header), "write", temporary);
            OutputFolder.Sync(file, temporary);
        }

        OutputFolder.Check(Posix.Rename(temporary, path), "rename", temporary);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        OutputFolder.Check(Posix.FlushFolder(folder), "flush", folder);
    }

    /// <summary>Appends a record, which the next flush writes.</summary>
    /// <exception cref="ArgumentException">The payload is longer than <see cref="LargestPayload"/>.</exception>
    /// <exception cref="IOException">The journal has failed before.</exception>
    public void Append(JournalKind kind, ReadOnlySpan<byte> payload)
    {
        lock (appending)
        {
            payload.CopyTo(Begin(kind, payload.Length));
            End(payload.Length);
        }
    }

    /// <inheritdoc cref="Append(JournalKind, ReadOnlySpan{byte})"/>
    public void Append<T>(in T record)
        where T : struct, IJournalRecord, allows ref struct
    {
        int length = record.Length;
        lock (appending)
        {
            record.Write(Begin(T.Kind, length));
            End(length);
        }
    }

    /// <summary>
    /// Makes durable what has been appended so far; returns when it is. With several threads, each returns when what it
    /// appended before the call is durable.
    /// </summary>
    /// <param name="before">
    /// Makes durable what these records speak of; called when it is settled which they are, and before any of them is
    /// written. What is appended meanwhile waits for the next flush. When it throws, the journal has failed.
    /// </param>
    /// <exception cref="IOException">The journal cannot be written, or has failed before.</exception>
    public void Flush(Action? before = null)
    {
        lock (flushing)
        {
            int length = TakeWaiting();
            if (length == 0)
                return;
            bool done = false;
            try
            {
                before?.Invoke();
                OutputFolder.Check(Posix.WriteAt(file, end, spare.AsSpan(JournalFormat.ChecksumLength, length)), "write", path);
                OutputFolder.Sync(file, path);
                end += length;
                done = true;
            }
            catch (IOException e)
            {
                reason = e.Message;
                throw;
            }
            finally
            {
                failed |= !done;
            }
        }
    }

    /// <summary>Closes the file. What was not flushed is lost, as it is when the process dies.</summary>
    public void Dispose() => file.Dispose();

    /// <summary>Makes what waits the spare memory; its length.</summary>
    private int TakeWaiting()
    {
        lock (appending)
        {
            RequireSound();
            int length = used - JournalFormat.ChecksumLength;
            (filling, spare) = (spare, filling);
            spare.AsSpan(length, JournalFormat.ChecksumLength).CopyTo(filling);
            used = JournalFormat.ChecksumLength;
            return length;
        }
    }

    /// <summary>Room for a payload behind its frame.</summary>
    private Span<byte> Begin(JournalKind kind, int length)
    {
        RequireSound();
        if (length > LargestPayload)
            throw new ArgumentException($"A record of {length} bytes is too long.", nameof(length));
        long needed = (long)used + JournalFormat.FrameLength + length;
        if (needed > filling.Length)
            Array.Resize(ref filling, (int)Math.Max(needed, Math.Min(2L * filling.Length, Array.MaxLength)));
        BinaryPrimitives.WriteInt32LittleEndian(filling.AsSpan(used), length);
        filling[used + JournalFormat.KindAt] = (byte)kind;
        return filling.AsSpan(used + JournalFormat.PayloadAt, length);
    }

    private void End(int length)
    {
        int checksum = used + JournalFormat.PayloadAt + length;
        JournalFormat.Checksum(filling.AsSpan((used - JournalFormat.ChecksumLength)..checksum), filling.AsSpan(checksum));
        used = checksum + JournalFormat.ChecksumLength;
    }

    private void RequireSound()
    {
        if (failed)
            throw new IOException($"nothing more is written to {path}, since a write failed before: {reason}");
    }
}
