"""Results as a table for people and as lines for programs, written after every run so that nothing is lost."""

import json
import statistics

MIB = 1 << 20


class Log:
    def __init__(self, prefix, facts):
        prefix.parent.mkdir(parents=True, exist_ok=True)
        self.markdown = prefix.with_name(prefix.name + ".md")
        self.lines = prefix.with_name(prefix.name + ".jsonl")
        self.lines.write_text(json.dumps({"machine": facts}) + "\n")
        self.markdown.write_text(_heading(facts))

    def add(self, scenario, number, row, run, openssl):
        line = {
            "scenario": scenario.name, "dataset": scenario.dataset.title, "files": scenario.dataset.files, "bytes": scenario.dataset.size,
            "round": number, "command": row.command, "reference": row.reference, "status": run.status, "wallSeconds": round(run.wall, 4),
            "userSeconds": run.user, "systemSeconds": run.system, "peakBytes": run.peak, "opensslBytesPerSecond": openssl,
            "pieces": run.pieces,
        }
        if run.samples:
            line["residentBytes"] = run.samples
        with open(self.lines, "a") as file:
            file.write(json.dumps(line) + "\n")

    def finish(self, scenario, runs, rates):
        with open(self.markdown, "a") as file:
            file.write(_section(scenario, runs, rates))


def _heading(facts):
    listed = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return f"# End-to-end results\n\n{listed}\n\nMedians of all rounds; benchmarks/README.md says what the columns mean.\n"


def _section(scenario, runs, rates):
    openssl = statistics.median(rates)
    good = {row: taken for row, taken in runs.items() if all(run.ok for run in taken)}
    references = {row: _median(good[row], "wall") for row in good if row.reference}
    reference = min(references, key=references.get) if references else None
    lines = [
        f"\n## {scenario.name}: {scenario.dataset.title}\n",
        f"R = {openssl / 1e9:.2f} GB/s ({min(rates) / 1e9:.2f} to {max(rates) / 1e9:.2f})."
        + (f" Reference: `{reference.command}`." if reference else "") + "\n",
        "| command | wall | user + sys | peak memory | GB/s | files/s | x R | x reference |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row, taken in runs.items():
        lines.append(_row(scenario.dataset, row, taken, openssl, references.get(reference)) if row in good else f"| {_code(row)} | failed | | | | | | |")
    notes = [note for row in good for note in _notes(row, good[row])]
    return "\n".join(lines + ([""] + notes if notes else [])) + "\n"


def _row(dataset, row, runs, openssl, reference):
    wall = _median(runs, "wall")
    walls = [run.wall for run in runs]
    rate = dataset.size / wall
    cells = [
        _code(row),
        f"{_seconds(wall)} s" + (f" ({_seconds(min(walls))} to {_seconds(max(walls))})" if len(runs) > 1 else ""),
        f"{_median(runs, 'user'):.2f} + {_median(runs, 'system'):.2f} s",
        f"{_median(runs, 'peak') / MIB:.0f} MiB",
        f"{rate / 1e9:.3g}",
        f"{dataset.files / wall:,.0f}" if dataset.files > 1 else "",
        f"{rate / openssl:.2f}",
        f"{reference / wall:.2f}" if reference else "",
    ]
    return f"| {' | '.join(cells)} |"


def _notes(row, runs):
    worst = max(run.peak for run in runs)
    if row.limit:
        yield f"- {_code(row)}: highest peak {worst / MIB:.0f} MiB, limit {row.limit / MIB:.0f} MiB: {'kept' if worst <= row.limit else 'EXCEEDED'}."
    samples = [resident for _, resident in runs[-1].samples]
    if samples:
        course = [max(samples[len(samples) * tenth // 10:max(len(samples) * (tenth + 1) // 10, len(samples) * tenth // 10 + 1)]) for tenth in range(10)]
        yield f"- {_code(row)}: highest resident memory in each tenth of the last run, MiB: {', '.join(f'{most / MIB:.0f}' for most in course)}."


def _median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def _seconds(value):
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _code(row):
    return f"`{row.command}`".replace("|", "\\|")
