#!/usr/bin/env bash
# Times whole processes of plimsoll and of the real helm, in turns in one run, on charts that render equal objects, and
# comparisons of two renders against one render of helm's; prints medians, peak memory and ratios. Machines are noisy: only the ratios of one run mean anything.
#
#   PLIMSOLL_HELM=/path/to/helm benches/compare.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PLIMSOLL_HELM:?name the helm binary to compare with}"
cargo build --release --locked --quiet
plimsoll=target/release/plimsoll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 benches/charts.py "$work"
python3 benches/compare.py "$plimsoll" "$PLIMSOLL_HELM" "$work" "${1:-15}"
