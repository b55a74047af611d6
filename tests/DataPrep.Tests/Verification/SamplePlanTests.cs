using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using DataPrep.Verification;
using Xunit;

namespace DataPrep.Tests.Verification;

/// <summary>Numbers of samples, what they can find, and which units a seed draws.</summary>
public sealed class SamplePlanTests
{
    /// <summary>Published numbers for 32,768 segments, a piece of 32 GiB, without replacement.</summary>
    [Theory]
    [InlineData(1, 31_130, 32_441)]
    [InlineData(3, 20_696, 25_708)]
    [InlineData(10, 8_482, 12_092)]
    [InlineData(33, 2_843, 4_266)]
    [InlineData(328, 297, 455)]
    public void One_stratum_needs_as_many_as_the_formula_says(int damaged, long at95, long at99)
    {
        decimal fraction = damaged / 32_768m;
        Assert.Equal(at95, SamplePlan.ToDetect([32_768], fraction, 0.95m).Count);
        Assert.Equal(at99, SamplePlan.ToDetect([32_768], fraction, 0.99m).Count);
        Assert.Equal(damaged, new SamplePlan([32_768], at99).Detectable(0.99m));
    }

    [Fact]
    public void The_worst_case_is_that_of_trying_every_distribution()
    {
        var random = new Random(5);
        for (int round = 0; round < 60; round++)
        {
            long[] sizes = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.NextInt64(1, 9))];
            var plan = new SamplePlan(sizes, random.NextInt64(1, sizes.Sum() + 1));
            for (int damaged = 1; damaged <= sizes.Sum(); damaged++)
            {
                double worst = Distributions(sizes, damaged).Max(d => d.Select((bad, i) => Misses(sizes[i], bad, plan.Samples[i])).Aggregate(1.0, (a, b) => a * b));
                Assert.Equal(worst, plan.MissProbability(damaged), 1e-9);
            }

            foreach (decimal confidence in (decimal[])[0.5m, 0.9m, 0.99m])
            {
                long detectable = plan.Detectable(confidence);
                Assert.True(detectable > sizes.Sum() || plan.MissProbability(detectable) <= 1 - (double)confidence);
                Assert.True(detectable == 1 || plan.MissProbability(detectable - 1) > 1 - (double)confidence);
            }
        }

        static double Misses(long size, long bad, long samples)
        {
            double miss = 1;
            for (long i = 0; i < samples; i++)
                miss *= Math.Max(0, size - bad - i) / (double)(size - i);
            return miss;
        }

        static IEnumerable<long[]> Distributions(long[] sizes, long damaged)
        {
            if (sizes.Length == 1)
                return damaged <= sizes[0] ? [[damaged]] : [];
            return Enumerable.Range(0, (int)Math.Min(sizes[0], damaged) + 1).SelectMany(first => Distributions(sizes[1..], damaged - first).Select(rest => (long[])[first, .. rest]));
        }
    }

    [Fact]
    public void Samples_are_shared_out_in_proportion_with_one_of_each_at_least()
    {
        var random = new Random(6);
        for (int round = 0; round < 500; round++)
        {
            long[] sizes = [.. Enumerable.Range(0, random.Next(1, 20)).Select(_ => random.NextInt64(1, round % 2 == 0 ? 10 : 1_000_000_000_000))];
            long wanted = random.NextInt64(1, sizes.Sum() + 10);
            var plan = new SamplePlan(sizes, wanted);
            Assert.Equal(Math.Clamp(wanted, sizes.Length, sizes.Sum()), plan.Count);
            for (int i = 0; i < sizes.Length; i++)
            {
                Assert.InRange(plan.Samples[i], 1, sizes[i]);
                double share = (double)(plan.Count - sizes.Length) * (sizes[i] - 1) / Math.Max(1, sizes.Sum() - sizes.Length);
                Assert.InRange(plan.Samples[i] - 1, share - 1.001, share + 1.001);
            }
        }
    }

    [Fact]
    public void A_plan_that_has_to_detect_does()
    {
        foreach (long[] sizes in (long[][])[[1], [2], [40], [7, 1, 30], [.. Enumerable.Repeat(10L, 50)], [100_000, 3, 500]])
        {
            foreach (decimal fraction in (decimal[])[0.001m, 0.01m, 0.1m, 0.5m, 1m])
            {
                var plan = SamplePlan.ToDetect(sizes, fraction, 0.99m);
                Assert.True(plan.MissProbability(Math.Max(1, (long)Math.Ceiling(fraction * plan.Population))) <= 0.01 + 1e-12);
            }
        }
    }

    [Fact]
    public void A_seed_draws_the_same_as_the_description_says()
    {
        byte[] stream = [.. Enumerable.Range(0, 100).SelectMany(counter =>
        {
            byte[] message = [.. Encoding.UTF8.GetBytes("dataprep sample 1\nse\u00e9d\nlabel\n"), .. new byte[8]];
            BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(message.Length - 8), counter);
            return SHA256.HashData(message);
        })];
        var numbers = new SampleNumbers("se\u00e9d", "label");
        for (int at = 0; at < stream.Length; at += 8)
            Assert.Equal((long)(BinaryPrimitives.ReadUInt64LittleEndian(stream.AsSpan(at)) % 1000), numbers.Below(1000));

        var left = Enumerable.Range(0, 50).Select(i => (long)i).ToList();
        var twin = new SampleNumbers("x", "y");
        var shuffled = new List<long>();
        for (int i = 0; i < 50; i++)
        {
            int at = i + (int)twin.Below(50 - i);
            (left[i], left[at]) = (left[at], left[i]);
            shuffled.Add(left[i]);
        }

        Assert.Equal(shuffled, new SampleNumbers("x", "y").Distinct(50, 50));
        Assert.Equal(shuffled.Take(7), new SampleNumbers("x", "y").Distinct(7, 50));
        Assert.NotEqual(shuffled, new SampleNumbers("x", "z").Distinct(50, 50));
        Assert.Throws<ArgumentOutOfRangeException>(() => twin.Distinct(51, 50));
        Assert.Throws<ArgumentOutOfRangeException>(() => twin.Below(0));
    }

    [Fact]
    public void Every_number_is_drawn_equally_often()
    {
        int[] drawn = new int[10];
        var numbers = new SampleNumbers("even", "");
        for (int i = 0; i < 20_000; i++)
        {
            foreach (long number in numbers.Distinct(3, 10))
                drawn[number]++;
        }

        Assert.All(drawn, times => Assert.InRange(times, 5700, 6300));
        var wide = new SampleNumbers("wide", "");
        Assert.InRange(Enumerable.Range(0, 4000).Count(_ => wide.Below(long.MaxValue) > long.MaxValue / 2), 1800, 2200);
    }

    /// <summary>1 % of units damaged, at random places: found with a probability of 99 %, so in nearly all of 100 seeds.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Damage_is_found_as_often_as_was_asked_for(int strata)
    {
        long[] sizes = [.. Enumerable.Range(1, strata).Select(i => 2000L * i / strata)];
        var plan = SamplePlan.ToDetect(sizes, 0.01m, 0.99m);
        int found = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            var damaged = new SampleNumbers($"damage {seed}", "").Distinct((long)Math.Ceiling(0.01m * plan.Population), plan.Population).ToHashSet();
            long before = 0;
            bool isFound = false;
            for (int i = 0; i < strata; i++, before += sizes[i - 1])
                isFound |= new SampleNumbers($"{seed}", $"{i}").Distinct(plan.Samples[i], sizes[i]).Any(unit => damaged.Contains(before + unit));
            found += isFound ? 1 : 0;
        }

        Assert.InRange(found, 97, 100);
    }
}
