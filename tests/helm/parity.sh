#!/usr/bin/env bash
# Renders every chart in DIR with helm and with plimsoll and reports how many come out byte for byte the same.
# Lines that hold random values (passwords, keys, certificates, checksums over them) are told apart: where a
# second render by helm itself differs from its first in the same lines, those lines do not count.
#
# usage: parity.sh DIR [--set key=value ...]
# HELM and PLIMSOLL name the programs; the default is what PATH finds.
set -u
dir=${1:?usage: parity.sh DIR [value flags]}
shift
helm=${HELM:-helm}
plimsoll=${PLIMSOLL:-plimsoll}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
same=0 random=0 differs=0 fails=0 skipped=0
for chart in "$dir"/*/; do
  name=$(basename "$chart")
  [ -f "$chart/Chart.yaml" ] || continue
  if ! "$helm" template "$chart" "$@" >"$work/helm" 2>"$work/helm.err"; then
    skipped=$((skipped + 1))
    continue
  fi
  if ! "$plimsoll" render "$chart" "$@" >"$work/ours" 2>"$work/ours.err"; then
    fails=$((fails + 1))
    echo "FAILS   $name: $(head -1 "$work/ours.err")"
    continue
  fi
  if cmp -s "$work/helm" "$work/ours"; then
    same=$((same + 1))
    continue
  fi
  "$helm" template "$chart" "$@" >"$work/again" 2>/dev/null
  # The numbers of the lines in which two renders by helm differ, and those in which ours does.
  lines() { diff --unchanged-line-format= --old-line-format='%dn
' --new-line-format= "$work/helm" "$1"; }
  if [ "$(wc -l <"$work/helm")" = "$(wc -l <"$work/ours")" ] &&
    [ -z "$(comm -13 <(lines "$work/again" | sort) <(lines "$work/ours" | sort))" ]; then
    random=$((random + 1))
  else
    differs=$((differs + 1))
    echo "DIFFERS $name: $(diff "$work/helm" "$work/ours" | sed -n 2p | cut -c1-120)"
  fi
done
total=$((same + random + differs + fails))
echo "$total charts: $same the same, $random the same but for random values, $differs differ, $fails fail; helm itself refuses $skipped"
[ $((differs + fails)) = 0 ]
