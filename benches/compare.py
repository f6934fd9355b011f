"""Times two programs in turns on pairs of charts: medians, peak memory, ratios."""

import re
import statistics
import subprocess
import sys
import time

plimsoll, helm, work, runs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


def once(command):
    """Seconds and peak memory in MiB of one process."""
    start = time.perf_counter()
    # GNU time asks the kernel for the child's own peak.
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return seconds, int(re.findall(r"^\d+$", done.stderr, re.M)[-1]) / 1024


print(f"{'':24}{'plimsoll':>10}{'helm':>10}{'faster':>9}{'plimsoll':>11}{'helm':>9}{'memory':>9}")
for name in ["small", "umbrella", "objects-100", "objects-1000"]:
    for engine in ["tera", "helm"]:
        pair = (
            [plimsoll, "render", "web", f"{work}/{name}-{engine}"],
            [helm, "template", "web", f"{work}/{name}-helm"],
        )
        results = ([], [])
        for _ in range(runs):
            for command, result in zip(pair, results):
                result.append(once(command))
        ours, theirs = (statistics.median(seconds for seconds, _ in result) for result in results)
        mine, other = (max(memory for _, memory in result) for result in results)
        label = f"{name} ({'Tera' if engine == 'tera' else 'Helm'} chart)"
        print(
            f"{label:24}{ours * 1000:8.1f}ms{theirs * 1000:8.1f}ms{theirs / ours:8.1f}x"
            f"{mine:8.1f}MiB{other:6.1f}MiB{mine / other:8.2f}"
        )
