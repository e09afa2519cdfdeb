"""Completion in bash, from 3.2 on, with or without the package bash-completion."""

from __future__ import annotations

from authctl.cli.completion import scripts
from authctl.cli.completion.tree import Tree

WIDTH = 118

ENGINE = r"""
_authctl() {
    local LC_ALL=C  # so that a-z are these letters alone
    local path='' option='' dashes='' argument_before='' typed word i
    local place=0 count=0
    local -a line=() commands=() options=() arguments=() values=() about=()
    COMPREPLY=()
    _authctl_read_line
    typed=${line[count - 1]}
    _authctl_load '' || return 0
    for ((i = 1; i < count - 1; i++)); do
        _authctl_unquote "${line[i]}"
        if ((${#values[@]})); then
            _authctl_note "$option" "${values[0]}"
            values=("${values[@]:1}")
        elif [[ -z $dashes && $word == -- ]]; then
            dashes=1
        elif [[ -z $dashes && $word == --*=* ]]; then
            if _authctl_find "${word%%=*}"; then
                word=${word#*=}
                _authctl_note "$option" "${values[0]-}"
            fi
            values=()
        elif [[ -z $dashes && $word == -?* ]]; then
            _authctl_find "$word" || _authctl_find_attached
        elif ((${#commands[@]})); then
            path=${path:+$path }$word
            _authctl_load "$path" || return 0
        else
            _authctl_find_argument && _authctl_note '' "${option%%|*}"
            place=$((place + 1))
            argument_before=$word
        fi
    done
    # What is typed without an opening quote, which readline keeps.
    case $typed in [\'\"]*) typed=${typed:1} ;; esac
    if ((${#values[@]})); then
        _authctl_offer_value "${values[0]}" '' "$typed"
    elif [[ -z $dashes && $typed == --*=* ]]; then
        _authctl_find "${typed%%=*}" && ((${#values[@]})) &&
            _authctl_offer_value "${values[0]}" "${typed%%=*}=" "${typed#*=}"
    elif [[ -z $dashes && $typed == -* ]]; then
        _authctl_offer_options
    elif ((${#commands[@]})); then
        for word in "${commands[@]}"; do _authctl_offer '' "$word"; done
    elif _authctl_find_argument; then
        _authctl_offer_value "${option%%|*}" '' "$typed"
    else
        _authctl_offer_options
    fi
    _authctl_trim "$2"
}

# Fill `line` with the words up to the cursor as they were typed: bash cuts them at = : and @ as well.
_authctl_read_line() {
    local rest=${COMP_LINE:0:COMP_POINT} piece
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((count == 0)) || [[ $rest == [[:space:]]* ]]; then
            rest=${rest#"${rest%%[![:space:]]*}"}
            count=$((count + 1))
            line[count - 1]=''
        fi
        [[ $rest == "$piece"* ]] || piece=$rest  # the cursor stands in the word
        line[count - 1]+=$piece
        rest=${rest:${#piece}}
    done
}

# Set `word` to what the shell takes a word for. Nothing in it is expanded.
_authctl_unquote() {
    local text=$1 quote='' character
    word=$1
    [[ $text == *[\\\'\"]* ]] || return 0
    word=''
    while [[ -n $text ]]; do
        character=${text:0:1}
        text=${text:1}
        if [[ -n $quote && $character == "$quote" ]]; then
            quote=''
        elif [[ -z $quote && $character == [\'\"] ]]; then
            quote=$character
        elif [[ $character == \\ && $quote != \' ]]; then
            word+=${text:0:1}
            text=${text:1}
        else
            word+=$character
        fi
    done
}

# Set `option` and the specs of its `values`, of an option that this command has, or of an argument's flag.
_authctl_find() {
    local row
    option=$1
    for row in "${options[@]}"; do
        [[ ${row%%|*} == "$1" ]] || continue
        read -r -a values <<<"${row#*|}"
        return 0
    done
    for row in "${arguments[@]}"; do
        [[ ${row#*|} == "$1" ]] || continue
        values=("${row%%|*}")
        return 0
    done
    return 1
}

# The same of a short option with its value behind it: -ojson. Flags behind a short one say nothing of values.
_authctl_find_attached() {
    _authctl_find "${word:0:2}" && values=("${values[@]:1}")
}

# Set `option` to the row of the argument that stands at this place.
_authctl_find_argument() {
    local last=$((${#arguments[@]} - 1)) at=$place
    if ((at > last)) && ((last >= 0)) && [[ ${arguments[last]%%|*} == *... ]]; then at=$last; fi
    ((at <= last)) || return 1
    option=${arguments[at]}
}

# Remember of a value what says more about those to come: whose they are, and where they are read.
_authctl_note() {
    local row
    local -a others=()
    case $1 in
        --database | --config | --profile) about+=("$1" "$word") ;;
    esac
    case $2 in
        @users | @teams) about+=("--${2#@}" "$word") ;;
    esac
    # An argument that is given by its flag has no place any more.
    [[ $1 == --* ]] || return 0
    for row in "${arguments[@]}"; do [[ ${row#*|} == "$1" ]] || others+=("$row"); done
    arguments=("${others[@]}")
}

_authctl_offer() { [[ $2 == "$typed"* ]] && COMPREPLY+=("$1$2"); }

_authctl_offer_options() {
    local row
    for row in "${options[@]}"; do _authctl_offer '' "${row%%|*}"; done
    for row in "${arguments[@]:place}"; do [[ $row != *'|' ]] && _authctl_offer '' "${row#*|}"; done
}

# Offer the values of a spec: what stands before them in the word, and what is typed of them.
_authctl_offer_value() {
    local spec=${1%...} before=$2 typed=$3
    local -a words=()
    if [[ $spec == *, ]]; then
        spec=${spec%,}
        if [[ $typed == *,* ]]; then
            before+=${typed%,*},
            typed=${typed##*,}
        fi
        compopt -o nospace 2>/dev/null
    fi
    if [[ $spec == */ ]]; then
        spec=${spec%/}
        # Readline knows best how names of files are quoted; the bash of macOS cannot hand over to it.
        compopt -o default 2>/dev/null || while IFS= read -r word; do
            COMPREPLY+=("$before$word")
        done < <(compgen -f -- "$typed")
    fi
    case $spec in
        '' | -) return 0 ;;
        @*) _authctl_ask "${spec#@}" ;;
        *.\*) _authctl_list "${spec%\*}$argument_before" ;;
        *) _authctl_list "$spec" ;;
    esac
    for word in "${words[@]}"; do _authctl_offer "$before" "$word"; done
}

# Fill `words` with what authctl answers. What is not of these characters alone is dropped, whatever it is.
_authctl_ask() {
    while IFS= read -r word; do
        [[ -n $word && $word != *[!A-Za-z0-9@._+:-]* ]] && words+=("$word")
    done < <(command authctl __complete "$1=$typed" "${about[@]}" 2>/dev/null </dev/null)
}

# Cut from each answer what readline does not replace: it takes what is behind = : or @ for the word.
_authctl_trim() {
    local kept=${line[count - 1]} i
    case $kept in [\'\"]*) kept=${kept:1} ;; esac
    [[ $kept == *"$1" ]] || return 0
    kept=${kept:0:${#kept}-${#1}}
    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=${COMPREPLY[i]#"$kept"}; done
}
"""


def script(tree: Tree) -> str:
    """The script as it stands in completions/authctl.bash."""
    return scripts.head("bash", "bash") + ENGINE + _tables(tree) + "\ncomplete -F _authctl authctl\n"


def quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _tables(tree: Tree) -> str:
    pieces = [
        "\n# Fill `commands`, `options` (WORD|SPECS) and `arguments` (SPEC|FLAG) of a command.\n",
        "_authctl_load() {\n    commands=() options=() arguments=()\n    case $1 in\n",
    ]
    for node in tree.nodes:
        pieces.append(f"        {quote(node.path)})\n")
        for name, rows in scripts.rows(node, tree, help=False):
            pieces.append(_filled(name, rows, 12))
        pieces.append("            ;;\n")
    common = [scripts.option_row(option, help=False) for option in tree.common]
    pieces.append("        *) return 1 ;;\n    esac\n" + _filled("options", common, 4, "+=") + "}\n")
    pieces.append("\n# Fill `words` with a list.\n_authctl_list() {\n    case $1 in\n")
    for name, words in tree.lists.items():
        filled = _filled("words", [word for word, _ in words], 12)
        pieces.append(f"        {quote(name)})\n{filled}            ;;\n")
    return "".join(pieces) + "    esac\n}\n"


def _filled(name: str, texts: list[str], indent: int, equals: str = "=") -> str:
    """An assignment of an array, its words filled into lines."""
    lines, line = [], " " * indent + f"{name}{equals}("
    for text in texts:
        if len(line) + len(quote(text)) > WIDTH:
            lines.append(line.rstrip())
            line = " " * (indent + 4)
        line += quote(text) + " "
    return "\n".join([*lines, line.rstrip() + ")"]) + "\n"
