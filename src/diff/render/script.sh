usage() {
  printf 'usage: bash %s [--yes] [--prune] MANIFESTS\n' "$0" >&2
  exit 2
}

yes=false
prune=false
manifests=
for argument; do
  case $argument in
    --yes) yes=true ;;
    --prune) prune=true ;;
    -*) usage ;;
    *)
      [ -z "$manifests" ] || usage
      manifests=$argument
      ;;
  esac
done
[ -f "$manifests" ] || usage
# Seconds to wait for each pod and each volume.
timeout=${PLIMSOLL_TIMEOUT:-600}
# The steps that are done, one number a line.
progress=${PLIMSOLL_PROGRESS:-$plan.progress}
step=
failed=false

report() {
  local code=$?
  [ "$code" -eq 0 ] || [ -z "$step" ] || printf '\nStopped at: %s\nFix the cause and run the script again. It skips the steps listed in %s.\n' "$step" "$progress" >&2
}
trap report EXIT

section() { printf '\n== %s\n' "$1"; }
note() { printf '   %s\n' "$1"; }

confirm() {
  local answer=
  $yes && return
  printf '   %s [y/N] ' "$1"
  read -r answer || true
  case $answer in
    y | Y | yes) ;;
    *)
      printf '   not confirmed; --yes answers yes to every question\n' >&2
      exit 1
      ;;
  esac
}

is_done() { [ -f "$progress" ] && grep -qx -- "$1" "$progress"; }

# check EXPECTED COMMAND...: a command that must print EXPECTED
check() {
  local expected=$1 found
  shift
  step="check: $*"
  found=$("$@")
  if [ "$found" != "$expected" ]; then
    printf '   check failed: %s\n     must print `%s`, but printed `%s`\n' "$*" "$expected" "$found" >&2
    failed=true
  fi
}

# run NUMBER COMMAND...: a step that is done once
run() {
  local number=$1
  shift
  if is_done "$number"; then
    printf '   done before: %s\n' "$*"
    return
  fi
  step=$*
  printf '   $ %s\n' "$*"
  "$@"
  printf '%s\n' "$number" >>"$progress"
}

# destroy NUMBER COMMAND...: the same for a step that deletes something
destroy() {
  if ! is_done "$1"; then
    confirm "run \`${*:2}\`?"
  fi
  run "$@" --ignore-not-found
}

# manual NUMBER TEXT STEP...: something that a person does
manual() {
  local number=$1 text=$2 answer= index=0 line
  shift 2
  if is_done "$number"; then
    printf '   done before, by hand: %s\n' "$text"
    return
  fi
  step="by hand: $text"
  printf '   BY HAND: %s\n' "$text"
  for line; do
    index=$((index + 1))
    printf '     %s. %s\n' "$index" "$line"
  done
  printf '   Is it done, or not needed? [y/N] '
  read -r answer || true
  case $answer in
    y | Y | yes) printf '%s\n' "$number" >>"$progress" ;;
    *)
      printf '\n   not confirmed; this needs a person, also with --yes\n' >&2
      exit 1
      ;;
  esac
}

# apply COMMAND...: a command that may be repeated
apply() {
  step=$*
  printf '   $ %s\n' "$*"
  "$@"
}

# create COMMAND...: creates the objects that do not exist
create() {
  local errors
  step=$*
  printf '   $ %s\n' "$*"
  if ! errors=$("$@" 2>&1 >/dev/null) && grep -v AlreadyExists <<<"$errors" >&2; then
    exit 1
  fi
}

# await COMMAND...: a command that returns when something has taken effect
await() {
  step=$*
  printf '   $ %s\n' "$*"
  "$@" || confirm 'it has not taken effect in time; go on?'
}

# await_pod SET POD FLAGS...: until the pod has the newest revision of its set and is ready
await_pod() {
  local set=$1 pod=$2 deadline=$((SECONDS + timeout)) wanted found
  shift 2
  step="wait for the pod $pod"
  printf '   waiting for %s\n' "$pod"
  while :; do
    wanted=$(kubectl get statefulset "$set" "$@" -o 'jsonpath={.status.updateRevision}')
    found=$(kubectl get pod "$pod" "$@" --ignore-not-found -o 'jsonpath={.metadata.labels.controller-revision-hash} {.status.conditions[?(@.type=="Ready")].status}')
    if [ "$found" = "$wanted True" ]; then
      return
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      printf '   %s is not ready after %s seconds; see `kubectl describe pod %s %s`\n' "$pod" "$timeout" "$pod" "$*" >&2
      exit 1
    fi
    sleep "${PLIMSOLL_INTERVAL:-2}"
  done
}

# await_set SET FLAGS...: each pod of a StatefulSet that gets the new template, highest ordinal first
await_set() {
  local set=$1 strategy replicas start partition ordinal
  shift
  step="wait for the StatefulSet $set"
  IFS='|' read -r strategy replicas start partition < <(
    kubectl get statefulset "$set" "$@" -o 'jsonpath={.spec.updateStrategy.type}|{.spec.replicas}|{.spec.ordinals.start}|{.spec.updateStrategy.rollingUpdate.partition}'
    printf '\n'
  )
  if [ "$strategy" = OnDelete ]; then
    note "$set has the strategy OnDelete: its pods get the new template when you delete them"
    return
  fi
  start=${start:-0}
  partition=${partition:-0}
  # A partition counts pods, whatever their first ordinal is.
  for ((ordinal = start + replicas - 1; ordinal >= start + partition; ordinal--)); do
    await_pod "$set" "$set-$ordinal" "$@"
  done
}
