namespace DataPrep.Planning;

/// <summary>Machines that make the pieces of a plan as tasks, and the storage that they share.</summary>
/// <param name="Nodes">How many machines.</param>
/// <param name="TasksPerNode">How many tasks run on each at once; they share its rate.</param>
/// <param name="NodeRate">Bytes that one machine packs in a second, with all its tasks.</param>
/// <param name="StorageRate">Bytes that the storage takes and gives in a second, of all machines together; null where it is no limit.</param>
/// <param name="TaskOverhead">Seconds of each task before and after the bytes: scheduling, start, reading the plan, the receipt.</param>
internal sealed record Fleet(int Nodes, int TasksPerNode, double NodeRate, double? StorageRate, double TaskOverhead)
{
    /// <summary>Tasks that can run at once.</summary>
    public long Slots => (long)Nodes * TasksPerNode;
}

/// <summary>What keeps a fleet from being faster.</summary>
internal enum FleetLimit
{
    /// <summary>The rate of the machines.</summary>
    Nodes,

    /// <summary>The storage that they read from and write to.</summary>
    Storage,

    /// <summary>Starts of tasks: the pieces are small.</summary>
    Starts,

    /// <summary>There are fewer pieces than tasks could run, and machines stand idle.</summary>
    Pieces,
}

/// <summary>
/// How long a fleet takes for the data pieces of a plan, by a model: all tasks that run at once share the rates evenly, every byte of a CAR is read once and written once, and
/// tasks begin in the order of the pieces, each when one before it has ended. No faults, no waiting for a share of the cluster; finishing is not in it.
/// </summary>
/// <param name="TaskRate">Bytes a second that each of the tasks has that run at once.</param>
/// <param name="LongestTask">Seconds of the largest piece.</param>
/// <param name="Waves">How many tasks have to run one after the other, at least: pieces by tasks at once, rounded up.</param>
/// <param name="Seconds">From the first task's start to the last one's end.</param>
/// <param name="NodeSeconds">How long it would take if the machines alone were the limit, all of them busy to the end.</param>
/// <param name="StorageSeconds">How long if the storage alone were; 0 where it is no limit.</param>
internal sealed record FleetEstimate(double TaskRate, double LongestTask, long Waves, double Seconds, double NodeSeconds, double StorageSeconds, FleetLimit Limit)
{
    /// <param name="carSizes">Bytes of the CAR of each data piece, at least one.</param>
    public static FleetEstimate Of(IReadOnlyList<long> carSizes, Fleet fleet)
    {
        ArgumentOutOfRangeException.ThrowIfZero(carSizes.Count);
        int running = (int)Math.Min(fleet.Slots, carSizes.Count);
        double ofNode = fleet.NodeRate / Math.Min(fleet.TasksPerNode, running);
        double ofStorage = (fleet.StorageRate ?? double.PositiveInfinity) / 2 / running;
        double rate = Math.Min(ofNode, ofStorage);

        var ends = new PriorityQueue<int, double>(Enumerable.Repeat((0, 0.0), running));
        double total = 0, last = 0, longest = 0;
        foreach (long size in carSizes)
        {
            double seconds = fleet.TaskOverhead + size / rate;
            _ = ends.TryPeek(out int slot, out double free);
            _ = ends.EnqueueDequeue(slot, free + seconds);
            last = Math.Max(last, free + seconds);
            longest = Math.Max(longest, seconds);
            total += size;
        }

        var limit = fleet.TaskOverhead * carSizes.Count > total / rate ? FleetLimit.Starts
            : ofStorage < ofNode ? FleetLimit.Storage
            : running < fleet.Slots ? FleetLimit.Pieces
            : FleetLimit.Nodes;
        return new FleetEstimate(rate, longest, (carSizes.Count + fleet.Slots - 1) / fleet.Slots, last, total / (fleet.NodeRate * fleet.Nodes), 2 * total / (fleet.StorageRate ?? double.PositiveInfinity), limit);
    }
}
