using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace DataPrep.Hashing;

/// <summary>
/// Messages of any lengths, one in each lane: a lane that ends gives its digest and takes the next message. When no
/// message is left to take, what still runs is finished by the platform's SHA-256 if that is sooner.
/// </summary>
internal unsafe ref struct LaneMessages<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : ILanes<TVector>
{
    private const int MaxLanes = 16;
    private const int BlockLength = 64;

    // A lane's last blocks: at most two.
    private const int TailLength = 2 * BlockLength;

    private readonly ReadOnlySpan<Message> _messages;
    private readonly Span<byte> _digests;
    private readonly int _longest;
    private readonly byte* _buffer;
    private readonly uint* _state;
    private readonly byte* _tails;
    private readonly byte** _blocks;
    private fixed int _blocksLeft[MaxLanes];
    private fixed int _message[MaxLanes];
    private fixed bool _inTail[MaxLanes];
    private int _next;

    private LaneMessages(
        byte* buffer, ReadOnlySpan<Message> messages, Span<byte> digests, int longest, uint* state, byte* tails, byte** blocks)
    {
        _buffer = buffer;
        _messages = messages;
        _digests = digests;
        _longest = longest;
        _state = state;
        _tails = tails;
        _blocks = blocks;
    }

    /// <summary>SHA-256 of each message.</summary>
    /// <param name="buffer">What the messages' offsets count from.</param>
    /// <param name="messages">Ranges of the buffer.</param>
    /// <param name="digests">32 bytes for each message.</param>
    /// <param name="longest">Messages of more bytes than this go to the platform's SHA-256 at once.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hash(byte* buffer, ReadOnlySpan<Message> messages, Span<byte> digests, int longest)
    {
        byte* scratch = stackalloc byte[LaneScratch<TVector, TLanes>.Length];
        var split = new LaneScratch<TVector, TLanes>(scratch);
        byte* tails = stackalloc byte[MaxLanes * TailLength];
        byte** blocks = stackalloc byte*[MaxLanes];
        LaneCompression<TVector, TLanes>.Initialize(split.State);
        new LaneMessages<TVector, TLanes>(buffer, messages, digests, longest, split.State, tails, blocks).Run(split.Schedule);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run(uint* scratch)
    {
        int active = 0;
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            if (Start(lane))
                active++;
        }

        // An idle lane goes over the same block of its tail again and again; nothing reads its state.
        while (active > 0)
        {
            int run = int.MaxValue;
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                if (_message[lane] >= 0)
                    run = Math.Min(run, _blocksLeft[lane]);
            }

            for (int block = 0; block < run; block++)
            {
                LaneCompression<TVector, TLanes>.Compress(_state, _blocks, scratch);
                for (int lane = 0; lane < TLanes.Count; lane++)
                    _blocks[lane] += _message[lane] >= 0 ? BlockLength : 0;
            }

            bool ended = false;
            for (int lane = 0; lane < TLanes.Count; lane++)
            {
                if (_message[lane] < 0 || (_blocksLeft[lane] -= run) > 0)
                    continue;
                if (!_inTail[lane])
                {
                    StartTail(lane);
                }
                else
                {
                    Finish(lane);
                    if (!Start(lane))
                    {
                        active--;
                        ended = true;
                    }
                }
            }

            if (ended && active > 0 && PlatformIsSooner(active))
            {
                HashRestOneByOne();
                return;
            }
        }
    }

    /// <summary>Gives the lane its next message; false and an idle lane if there is none.</summary>
    private bool Start(int lane)
    {
        while (_next < _messages.Length)
        {
            int index = _next++;
            Message message = _messages[index];
            if (message.Length > _longest)
            {
                HashAlone(index);
                continue;
            }

            for (int word = 0; word < 8; word++)
                _state[(word * TLanes.Count) + lane] = Sha256Constants.InitialState[word];
            _message[lane] = index;
            _inTail[lane] = false;
            _blocks[lane] = _buffer + message.Offset;
            _blocksLeft[lane] = message.Length / BlockLength;
            if (_blocksLeft[lane] == 0)
                StartTail(lane);
            return true;
        }

        _message[lane] = -1;
        _blocks[lane] = _tails + (lane * TailLength);
        return false;
    }

    private void StartTail(int lane)
    {
        Message message = _messages[_message[lane]];
        int body = message.Length & ~(BlockLength - 1);
        byte* tail = _tails + (lane * TailLength);
        int length = Sha256Padding.Write(
            new ReadOnlySpan<byte>(_buffer + message.Offset + body, message.Length - body), message.Length, new Span<byte>(tail, TailLength));
        _inTail[lane] = true;
        _blocks[lane] = tail;
        _blocksLeft[lane] = length / BlockLength;
    }

    private readonly void Finish(int lane)
    {
        Span<byte> digest = _digests.Slice(_message[lane] * Sha256Kernel.DigestLength, Sha256Kernel.DigestLength);
        for (int word = 0; word < 8; word++)
            BinaryPrimitives.WriteUInt32BigEndian(digest[(4 * word)..], _state[(word * TLanes.Count) + lane]);
    }

    /// <summary>
    /// All lanes together go about as fast as one stream of the platform's, or several times as fast where it has no
    /// SHA instructions; a lane alone a small part of that. So weigh what is left of the longest message, times their number,
    /// against the full lengths of all that would have to be begun anew.
    /// </summary>
    private readonly bool PlatformIsSooner(int active)
    {
        long anew = 0, left = 0;
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            if (_message[lane] < 0)
                continue;
            anew += _messages[_message[lane]].Length;
            if (!_inTail[lane])
                left = Math.Max(left, (long)_blocksLeft[lane] * BlockLength);
        }

        return anew + (active * LaneSha256<TVector, TLanes>.PlatformCallCost) < left * TLanes.Count / (_longest == int.MaxValue ? 4 : 1);
    }

    private readonly void HashRestOneByOne()
    {
        for (int lane = 0; lane < TLanes.Count; lane++)
        {
            if (_message[lane] >= 0)
                HashAlone(_message[lane]);
        }
    }

    private readonly void HashAlone(int index) => SHA256.HashData(
        new ReadOnlySpan<byte>(_buffer + _messages[index].Offset, _messages[index].Length),
        _digests.Slice(index * Sha256Kernel.DigestLength, Sha256Kernel.DigestLength));
}
