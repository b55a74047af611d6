using System.Text;
using DataPrep.Car;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Car;

public sealed class CarReaderTests
{
    [Fact]
    public void HelloWorld()
    {
        using CarReader reader = CarSamples.Open(CarSamples.Hello);
        Assert.Equal((1, 0L, 107L, 59L, 0L), (reader.Version, reader.DataOffset, reader.DataSize, reader.FirstSectionOffset, reader.IndexOffset));
        Assert.Equal("bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e", Assert.Single(reader.Roots).ToString());
        Assert.True(reader.TryReadSection(out CarSection section));
        Assert.Equal((59, 96, 11), (section.Offset, section.DataOffset, section.DataLength));
        Assert.Equal("hello world", Encoding.UTF8.GetString(section.Data.Span));
        Assert.Equal(BlockCheck.Match, BlockHash.Verify(section.Cid, section.Data.Span));
        Assert.False(reader.TryReadSection(out _));
        Assert.False(reader.TryReadSection(out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1 << 20)]
    public void StreamsWithoutSeekingReadTheSame(int step)
    {
        foreach (byte[] car in new[] { CarSamples.TwoBlocks(), CarSamples.Wrap(CarSamples.TwoBlocks()) })
        {
            foreach (bool skip in new[] { false, true })
            {
                CarReadOptions options = new() { SkipData = skip };
                using CarReader whole = CarSamples.Open(car, options);
                using CarReader trickle = CarReader.Open(new CarSamples.Trickle(car, step), options);
                Assert.Equal(CarSamples.ReadAll(whole), CarSamples.ReadAll(trickle));
            }
        }
    }

    [Fact]
    public void SkippingListsTheSameSections()
    {
        byte[] car = Large(out _);
        using CarReader full = CarSamples.Open(car);
        using CarSamples.Counting counting = new(car);
        using CarReader quick = CarReader.Open(counting, new CarReadOptions { SkipData = true });
        int sections = 0;
        while (full.TryReadSection(out CarSection expected))
        {
            Assert.True(quick.TryReadSection(out CarSection listed));
            Assert.Equal(expected with { Data = default }, listed);
            Assert.Equal(BlockCheck.Match, BlockHash.Verify(expected.Cid, expected.Data.Span));
            sections++;
        }

        Assert.Equal(6, sections);
        Assert.False(quick.TryReadSection(out _));
        Assert.InRange(counting.BytesRead, 1, 8 * 4096);
    }

    [Fact]
    public void OffsetsCountFromTheStreamsPosition()
    {
        byte[] car = CarSamples.Hello;
        using MemoryStream stream = new([1, 2, 3, .. car]) { Position = 3 };
        using CarReader reader = CarReader.Open(stream, new CarReadOptions { SkipData = true }, leaveOpen: true);
        Assert.Equal(car.Length, reader.DataSize);
        Assert.True(reader.TryReadSection(out CarSection section));
        Assert.Equal(59, section.Offset);
        Assert.False(reader.TryReadSection(out _));
    }

    [Fact]
    public void WrappedPayload()
    {
        byte[] payload = CarSamples.TwoBlocks();
        using CarReader reader = CarSamples.Open(CarSamples.Wrap(payload));
        Assert.Equal((2, 60L, (long?)payload.Length, 119L, 63L + payload.Length, true),
            (reader.Version, reader.DataOffset, reader.DataSize, reader.FirstSectionOffset, reader.IndexOffset, reader.IsFullyIndexed));
        Assert.Equal(3, CarSamples.ReadAll(reader).Count);
    }

    [Theory]
    [InlineData(27, 50L)]
    [InlineData(27, 100000L)]
    [InlineData(27, -1L)]
    [InlineData(35, 0L)]
    [InlineData(35, 100000L)]
    [InlineData(35, -1L)]
    [InlineData(43, 60L)]
    [InlineData(43, 100000L)]
    [InlineData(43, long.MinValue)]
    public void OffsetsOutOfBounds(int field, long value)
    {
        byte[] file = CarSamples.Wrap(CarSamples.TwoBlocks());
        BitConverter.TryWriteBytes(file.AsSpan(field), value);
        Assert.Equal(field, Assert.Throws<MalformedDataException>(() => CarSamples.Open(file)).Offset);
    }

    [Fact]
    public void PayloadWindowEndsSections()
    {
        byte[] payload = CarSamples.TwoBlocks();
        byte[] file = CarSamples.Wrap(payload);
        BitConverter.TryWriteBytes(file.AsSpan(35), payload.Length - 1L);
        using CarReader reader = CarSamples.Open(file);
        Assert.True(reader.TryReadSection(out _));
        Assert.Throws<MalformedDataException>(() => reader.TryReadSection(out _));

        byte[] nested = CarSamples.Wrap(CarSamples.Wrap(payload));
        Assert.Equal(60, Assert.Throws<MalformedDataException>(() => CarSamples.Open(nested)).Offset);
    }

    [Theory]
    [InlineData("80")] // ends inside the varint
    [InlineData("8000")] // long varint
    [InlineData("ffffffffffffffffff01")] // too large
    [InlineData("ffffffffffffffff7f")] // 2^63-1
    [InlineData("8180800401550000")] // above the limit
    [InlineData("05015500")] // cut off
    [InlineData("0301550000")] // shorter than its CID
    [InlineData("0102")] // no CID
    [InlineData("0402550000")] // reserved version
    [InlineData("00")] // no length
    public void MalformedSections(string hex)
    {
        byte[] car = [.. CarSamples.EmptyHeader, .. Convert.FromHexString(hex)];
        foreach (bool skip in new[] { false, true })
        {
            CarReadOptions options = new() { SkipData = skip };
            using CarReader reader = CarReader.Open(new MemoryStream(car), options, "some.car");
            MalformedDataException fault = Assert.Throws<MalformedDataException>(() => reader.TryReadSection(out _));
            Assert.Equal("some.car", fault.Path);
            Assert.InRange(fault.Offset, 18, 19);
            Assert.Contains("of some.car", fault.Message, StringComparison.Ordinal);
            Assert.Same(fault, Assert.Throws<MalformedDataException>(() => reader.TryReadSection(out _)));

            using CarReader trickle = CarReader.Open(new CarSamples.Trickle(car, 1), options);
            Assert.Throws<MalformedDataException>(() => trickle.TryReadSection(out _));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("80")]
    [InlineData("9100a265726f6f7473806776657273696f6e01")]
    [InlineData("12a265726f6f7473806776657273696f6e01")]
    [InlineData("81808010")]
    [InlineData("ffffffffffffffff7f")]
    [InlineData("0aa16776657273696f6e02")]
    [InlineData("0aa16776657273696f6e03")]
    public void MalformedHeaders(string hex)
    {
        byte[] car = Convert.FromHexString(hex);
        Assert.Throws<MalformedDataException>(() => CarSamples.Open(car));
        Assert.Throws<MalformedDataException>(() => CarReader.Open(new CarSamples.Trickle(car, 1)));
    }

    [Fact]
    public void ClaimedLengthsAllocateNothing()
    {
        // 30 MiB of header are allowed, but a stream that cannot tell its length has to deliver them first.
        byte[] car = [0x80, 0x80, 0x80, 0x0f, 0xa2];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MalformedDataException>(() => CarReader.Open(new CarSamples.Trickle(car, 1)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void PaddingOfAPiece()
    {
        byte[] padded = [.. CarSamples.Hello, .. new byte[300_000]];
        CarReadOptions options = new() { AllowZeroPadding = true };
        using (CarReader strict = CarSamples.Open(padded))
        {
            Assert.True(strict.TryReadSection(out _));
            Assert.Equal(107, Assert.Throws<MalformedDataException>(() => strict.TryReadSection(out _)).Offset);
        }

        using (CarReader reader = CarSamples.Open(padded, options))
        {
            Assert.Equal(2, CarSamples.ReadAll(reader).Count);
        }

        padded[^1] = 1;
        using CarReader dirty = CarSamples.Open(padded, options);
        Assert.True(dirty.TryReadSection(out _));
        Assert.Equal(padded.Length - 1, Assert.Throws<MalformedDataException>(() => dirty.TryReadSection(out _)).Offset);
    }

    [Fact]
    public void SectionLimitIsAnOption()
    {
        byte[] car = Large(out int largest);
        using CarReader reader = CarSamples.Open(car, new CarReadOptions { MaxSectionLength = largest + 35 });
        Assert.Throws<MalformedDataException>(() => CarSamples.ReadAll(reader));
        using CarReader wider = CarSamples.Open(car, new CarReadOptions { MaxSectionLength = largest + 36 });
        Assert.Equal(7, CarSamples.ReadAll(wider).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => CarSamples.Open(car, new CarReadOptions { MaxSectionLength = 0 }));
    }

    [Fact]
    public void EveryTruncationAndBitFlipIsNoticed()
    {
        foreach (byte[] car in new[] { CarSamples.TwoBlocks(), CarSamples.Wrap(CarSamples.TwoBlocks()) })
        {
            List<string> original = CarSamples.ReadAll(CarSamples.Open(car));
            for (int length = 0; length < car.Length; length++)
            {
                List<string>? read = TryReadAll(car[..length]);
                bool onlyIndexIsCut = car[10] == 2 && length > car.Length - 2;
                Assert.True(read is null || read.Count < original.Count || onlyIndexIsCut, $"Truncation to {length} bytes went unnoticed.");
            }

            for (int bit = 0; bit < car.Length * 8; bit++)
            {
                byte[] flipped = [.. car];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                List<string>? read = TryReadAll(flipped);
                bool seen = read is null || !read.SequenceEqual(original);
                Assert.True(seen || IsOutsideThePayload(car, bit / 8), $"Flipped bit {bit} went unnoticed.");
            }
        }
    }

    private static byte[] Large(out int largest)
    {
        largest = 3_000_000;
        using MemoryStream stream = new();
        using CarWriter writer = new(stream, []);
        foreach (int length in new[] { 0, 1, 200_000, largest, 131_072, 5 })
        {
            byte[] data = new byte[length];
            new Random(length).NextBytes(data);
            writer.Write(CarSamples.RawCid(data), data);
        }

        return stream.ToArray();
    }

    private static bool IsOutsideThePayload(byte[] car, int offset) =>
        car[10] == 2 && (offset is >= 11 and < 27 or >= 43 and < 60 || offset >= car.Length - 5);

    private static List<string>? TryReadAll(byte[] car)
    {
        List<string>? all = null;
        foreach (bool padding in new[] { true, false })
        {
            try
            {
                using CarReader reader = CarSamples.Open(car, new CarReadOptions { AllowZeroPadding = padding });
                all = CarSamples.ReadAll(reader);
            }
            catch (MalformedDataException)
            {
                all = null;
            }
        }

        return all;
    }
}
