using DataPrep.Car;
using DataPrep.Ipld;
using Xunit;

namespace DataPrep.Tests.Car;

public sealed class PieceSetTests : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public void Dispose() => scratch.Dispose();

    private string CarOf(int number, params byte[][] blocks)
    {
        using var stream = new MemoryStream();
        using (var writer = new CarWriter(stream, [CarSamples.RawCid(blocks[0])]))
        {
            foreach (byte[] block in blocks)
                _ = writer.Write(CarSamples.RawCid(block), block);
        }

        return scratch.File($"{number}.car", stream.ToArray());
    }

    [Fact]
    public void CarsAreOpenedWhenTheyAreNeeded()
    {
        using var set = new PieceSet();
        int opened = 0;
        for (byte i = 0; i < 5; i++)
        {
            string path = CarOf(i, [i], [i, i], [99]);
            set.AddLater(files =>
            {
                opened++;
                return new CarBlocks(path, null, files);
            });
        }

        Assert.Equal(0, opened);
        Assert.Equal([99], set.Read(CarSamples.RawCid([99])));
        Assert.Equal(1, opened);
        Assert.Equal(2, set.Length(CarSamples.RawCid([2, 2])));
        Assert.Equal(3, opened);
        Assert.Equal([1], set.Read(CarSamples.RawCid([1])));
        Assert.Equal(3, opened);
        Assert.Null(set.Read(CarSamples.RawCid([77])));
        Assert.Equal(-1, set.Length(CarSamples.RawCid([77])));
        Assert.False(set.Contains(CarSamples.RawCid([77])));
        Assert.Equal(5, opened);
    }

    /// <summary>Thousands of pieces do not take thousands of descriptors, and are all read nevertheless.</summary>
    [Fact]
    public void FewFilesAreOpenAtOnce()
    {
        const int Cars = 200;
        using var set = new PieceSet();
        for (int i = 0; i < Cars; i++)
            set.Add(new CarBlocks(CarOf(i, BitConverter.GetBytes(i)), null, set.Files));
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < Cars; i++)
                Assert.Equal(BitConverter.GetBytes(i), set.Read(CarSamples.RawCid(BitConverter.GetBytes(i))));
            int open = new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Count(fd => fd.LinkTarget?.StartsWith(scratch.Root, StringComparison.Ordinal) == true);
            Assert.InRange(open, 1, 64);
        }
    }

    [Fact]
    public void ADamagedBlockNamesItsFile()
    {
        string path = CarOf(0, [1, 2, 3]);
        byte[] car = File.ReadAllBytes(path);
        car[^1] ^= 1;
        File.WriteAllBytes(path, car);
        using var set = new PieceSet();
        set.AddLater(files => new CarBlocks(path, null, files));
        var fault = Assert.Throws<MalformedDataException>(() => set.Read(CarSamples.RawCid([1, 2, 3])));
        Assert.Equal((path, car.Length - 3L), (fault.Path, fault.Offset));
    }
}
