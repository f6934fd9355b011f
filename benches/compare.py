"""Times two programs in turns on pairs of charts: medians, peak memory, ratios."""

import os
import re
import statistics
import subprocess
import sys
import time

plimsoll, helm, work, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def once(command, codes=(0,)):
    """Seconds of one process, which ends with one of these codes, and peak memory in MiB of another like it.

    The clock runs around the bare process. Memory is what GNU time is told by the kernel: a child of this
    interpreter would be given the interpreter's own peak.
    """
    null = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=null)
    _, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - start
    measured = ["/usr/bin/time", "-f", "%M", *command]
    done = subprocess.run(measured, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if os.waitstatus_to_exitcode(status) not in codes or done.returncode not in codes:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return seconds, int(re.findall(r"^\d+$", done.stderr, re.M)[-1]) / 1024


def compare(label, ours, theirs, codes=(0,)):
    """One line: both commands in turns."""
    results = ([], [])
    for _ in range(runs):
        results[0].append(once(ours, codes))
        results[1].append(once(theirs))
    ours, theirs = (statistics.median(seconds for seconds, _ in result) for result in results)
    mine, other = (statistics.median(memory for _, memory in result) for result in results)
    print(
        f"{label:34}{ours * 1000:8.1f}ms{theirs * 1000:8.1f}ms{theirs / ours:8.1f}x"
        f"{mine:8.1f}MiB{other:6.1f}MiB{mine / other:8.2f}"
    )


print(f"{'':34}{'plimsoll':>10}{'helm':>10}{'faster':>9}{'plimsoll':>11}{'helm':>9}{'memory':>9}")
for name in ["small", "umbrella", "objects-100", "objects-1000"]:
    for engine in ["tera", "helm"]:
        compare(
            f"render {name} ({'Tera' if engine == 'tera' else 'Helm'} chart)",
            [plimsoll, "render", "web", f"{work}/{name}-{engine}"],
            [helm, "template", "web", f"{work}/{name}-helm"],
        )

# Two renders of one release, in which every object has changed, compared; against the time that helm needs for one of them.
for count in [100, 1000, 10000]:
    chart = f"{work}/databases-{count}"
    renders = []
    for version in ["1.0.0", "1.1.0"]:
        template = [helm, "template", "web", chart, "--set", f"version={version}"]
        file = f"{chart}-{version}.yaml"
        with open(file, "w") as out:
            subprocess.run(template, stdout=out, check=True)
        renders.append(file)
        record = [plimsoll, "render", "web", chart, "--set", f"version={version}", "--record", "--history", f"{chart}-history"]
        subprocess.run(record, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    before, after = renders
    template = [helm, "template", "web", chart]
    compare(f"diff {count} objects, files", [plimsoll, "diff", after, "--against", before], template, codes=(1,))
    recorded = [plimsoll, "diff", "web", f"{chart}-history/default/web/000002.yaml", "--against", "1", "--history", f"{chart}-history"]
    compare(f"diff {count} objects, recorded", recorded, template, codes=(1,))
