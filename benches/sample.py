#!/usr/bin/env python3
"""Lints many charts and counts what is found, to measure how often rules fire in public charts.

Usage: sample.py BINARY DIRECTORY OUT [EVERY]

DIRECTORY is searched for charts; charts in charts are left out. Every chart is linted by itself, with its default values
and its ci/*-values.yaml. EVERY=20 takes each twentieth chart. OUT gets all findings as JSON, by chart; the counts are printed.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

binary, root, out = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
every = int(sys.argv[4]) if len(sys.argv) > 4 else 1


def charts():
    """The charts below the directory, the outermost ones only."""
    for directory, inner, files in os.walk(root):
        if "Chart.yaml" in files:
            inner.clear()
            yield directory
        inner.sort()


def lint(chart):
    """The exit code and the findings of one chart; 2 where there is no result."""
    command = [binary, "lint", chart, "--format", "json", "--timeout", "5m"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        findings = json.loads(run.stdout)["findings"]
    except (ValueError, KeyError):
        findings = []
    return chart, {"code": run.returncode, "findings": findings}


with ThreadPoolExecutor(os.cpu_count()) as pool:
    results = dict(pool.map(lint, list(charts())[::every]))
with open(out, "w", encoding="utf-8") as file:
    json.dump(results, file)

counts, holders = Counter(), Counter()
for result in results.values():
    found = [(finding["severity"], finding["rule"] or "(no rule)") for finding in result["findings"]]
    counts.update(found)
    holders.update(set(found))
print("findings charts severity rule")
for (severity, rule), count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1])):
    print(f"{count:8} {holders[severity, rule]:6} {severity:8} {rule}")


def per_chart(severity):
    """How many findings of a severity each chart that was linted has."""
    linted = [result["findings"] for result in results.values() if result["code"] in (0, 1)]
    return [sum(finding["severity"] == severity for finding in findings) for findings in linted]


codes = Counter(result["code"] for result in results.values())
print(f"{len(results)} charts; exit codes: {dict(sorted(codes.items()))}")
warnings, errors = per_chart("warning"), per_chart("error")
if warnings:
    print(f"warnings per chart: median {statistics.median(warnings):g}, mean {statistics.mean(warnings):.1f}")
    print(f"charts with errors: {sum(count > 0 for count in errors)}")
