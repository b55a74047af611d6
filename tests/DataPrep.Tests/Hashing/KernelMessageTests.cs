using System.Text;
using DataPrep.Hashing;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace DataPrep.Tests.Hashing;

public sealed class KernelMessageTests
{
    public static TheoryData<string> Kernels => KernelData.Kernels;

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Gives_the_answers_that_nist_published(string name)
    {
        // FIPS 180-4 examples and the example of a million letters.
        (string Text, string Digest)[] known =
        [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
            (new string('a', 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ];
        byte[] buffer = Encoding.ASCII.GetBytes(string.Concat(known.Select(item => item.Text)));
        var messages = new Message[known.Length];
        int offset = 0;
        for (int i = 0; i < known.Length; i++)
        {
            messages[i] = new Message(offset, known[i].Text.Length);
            offset += known[i].Text.Length;
        }

        byte[] digests = new byte[32 * known.Length];
        KernelData.Kernel(name).HashMessages(buffer, messages, digests);

        for (int i = 0; i < known.Length; i++)
            Assert.Equal(known[i].Digest, Convert.ToHexStringLower(digests.AsSpan(32 * i, 32)));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_short_length_at_every_alignment(string name)
    {
        const int MaxLength = 300;
        byte[] buffer = KernelData.Random(1, 2 * MaxLength);
        for (int shift = 0; shift < 5; shift++)
        {
            var messages = new Message[MaxLength + 1];
            for (int length = 0; length <= MaxLength; length++)
                messages[length] = new Message(((length * 7) + shift) % (buffer.Length - length), length);
            Check(name, buffer, messages);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_number_of_messages_around_the_lanes(string name)
    {
        byte[] buffer = KernelData.Random(2, 4096);
        for (int count = 0; count <= 35; count++)
            Check(name, buffer, [.. Enumerable.Range(0, count).Select(i => new Message(i, 64 + (i * 61)))]);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void One_long_message_among_short_ones(string name)
    {
        byte[] buffer = KernelData.Random(3, 300_000);
        foreach (int place in (int[])[0, 7, 19])
        {
            Message[] messages = [.. Enumerable.Range(0, 20).Select(i => i == place ? new Message(1, 262_144 + i) : new Message(i * 100, 90 + i))];
            Check(name, buffer, messages);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Random_sets_of_messages_of_unequal_length(string name)
    {
        byte[] buffer = KernelData.Random(4, 1 << 16);
        Gen<Message> message =
            from size in Gen.Elements(0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 4095, 4096, 4097, 20_000)
            from extra in Gen.Choose(0, 70)
            from offset in Gen.Choose(0, buffer.Length - 20_070)
            select new Message(offset, size + extra);
        Prop.ForAll(Arb.From(Gen.ArrayOf(message)), messages => Check(name, buffer, messages))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Refuses_messages_outside_the_buffer_and_too_little_room(string name)
    {
        Sha256Kernel kernel = KernelData.Kernel(name);
        foreach (Message message in (Message[])[new(0, 11), new(11, 0), new(-1, 1), new(1, -1), new(5, int.MaxValue), new(int.MinValue, int.MinValue)])
            Assert.Throws<ArgumentOutOfRangeException>(() => kernel.HashMessages(new byte[10], [message], new byte[32]));
        Assert.Throws<ArgumentException>(() => kernel.HashMessages(new byte[10], [new(0, 1), new(1, 1)], new byte[63]));
        kernel.HashMessages(new byte[10], [new(10, 0)], new byte[32]);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Allocates_nothing_once_warm(string name)
    {
        Sha256Kernel kernel = KernelData.Kernel(name);
        byte[] buffer = KernelData.Random(7, 1 << 14), digests = new byte[32 * 64];
        Message[] messages = [.. Enumerable.Range(0, 64).Select(i => new Message(i, i * 200))];
        Allocation.AssertNone(() =>
        {
            kernel.HashMessages(buffer, messages, digests);
            kernel.HashPairs(buffer.AsSpan(0, 2048), digests);
        });
    }

    private static bool Check(string name, byte[] buffer, Message[] messages)
    {
        byte[] digests = new byte[(32 * messages.Length) + 5];
        digests.AsSpan().Fill(0xa5);
        KernelData.Kernel(name).HashMessages(buffer, messages, digests);
        KernelData.AssertDigests(buffer, messages, digests);
        Assert.True(digests.AsSpan(32 * messages.Length).IndexOfAnyExcept((byte)0xa5) < 0, "written past the digests");
        return true;
    }
}
