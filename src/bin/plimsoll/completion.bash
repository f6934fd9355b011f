# Bash splits words at `:` and `=`. plimsoll reads `git:main` as one word, so the words are put together again.
_plimsoll() {
    local rest=${COMP_LINE:0:COMP_POINT} count=0 index part blanks words=()
    for ((index = 0; index <= COMP_CWORD; index++)); do
        blanks=${rest%%[![:space:]]*}
        rest=${rest#"$blanks"}
        part=${COMP_WORDS[index]}
        # The last word ends at the cursor.
        if ((index == COMP_CWORD)); then part=$rest; fi
        rest=${rest#"$part"}
        if [[ -z $blanks ]] && ((count > 0)); then
            words[count - 1]+=$part
        else
            words[count++]=$part
        fi
    done

    local IFS=$'\v' current=${words[count - 1]} reply
    reply=$(_CLAP_IFS="$IFS" _CLAP_COMPLETE_INDEX=$((count - 1)) VARIABLE=bash PROGRAM -- "${words[@]}") || return
    # Bash replaces only what follows the last of its separators.
    local kept= separator
    for separator in : =; do
        if [[ $COMP_WORDBREAKS == *"$separator"* && ${current#"$kept"} == *"$separator"* ]]; then
            kept=${current%"${current##*"$separator"}"}
        fi
    done
    # Unlike a plain assignment this expands no globs.
    read -r -d '' -a COMPREPLY < <(printf '%s\0' "$reply")
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -F _plimsoll PROGRAM
