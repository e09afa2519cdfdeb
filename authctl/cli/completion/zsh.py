"""Completion in zsh: a function that autoloads from a folder of $fpath, and works at the first TAB."""

from __future__ import annotations

from authctl.cli.completion import scripts
from authctl.cli.completion.bash import quote
from authctl.cli.completion.tree import Tree

ENGINE = r"""
_authctl() {
    local where option dashes argument_before word i
    local place=1 offered=1
    local -a commands options arguments values about
    _authctl_load '' || return 1
    for ((i = 2; i < CURRENT; i++)); do
        word=${(Q)words[i]}  # without its quotes; nothing in it is expanded
        if (($#values)); then
            _authctl_note "$option" "$values[1]"
            shift values
        elif [[ -z $dashes && $word == -- ]]; then
            dashes=1
        elif [[ -z $dashes && $word == --*=* ]]; then
            if _authctl_find "${word%%=*}"; then
                word=${word#*=}
                _authctl_note "$option" "$values[1]"
            fi
            values=()
        elif [[ -z $dashes && $word == -?* ]]; then
            _authctl_find "$word" || { _authctl_find "${word[1,2]}" && shift values 2>/dev/null }
        elif (($#commands)); then
            where=${where:+$where }$word
            _authctl_load "$where" || return 1
        else
            _authctl_find_argument && _authctl_note '' "${option%%|*}"
            ((place++))
            argument_before=$word
        fi
    done
    if (($#values)); then
        _authctl_offer_value "$values[1]"
    elif [[ -z $dashes && $PREFIX == --*=* ]]; then
        _authctl_find "${PREFIX%%=*}" && (($#values)) && compset -P 1 '*=' && _authctl_offer_value "$values[1]"
    elif [[ -z $dashes && $PREFIX == -* ]]; then
        _authctl_offer_options
    elif (($#commands)); then
        _authctl_describe commands command "$commands[@]"
    elif _authctl_find_argument; then
        _authctl_offer_value "${option%%|*}" "${option##*|}"
    else
        _authctl_offer_options
    fi
    return offered
}

# Set `option` and the specs of its `values`, of an option that this command has, or of an argument's flag.
_authctl_find() {
    local row
    option=$1
    for row in "$options[@]"; do
        [[ ${row%%|*} == "$1" ]] || continue
        row=${row#*|}
        values=(${=row%%|*})
        return 0
    done
    for row in "$arguments[@]"; do
        [[ ${${row#*|}%%|*} == "$1" ]] || continue
        values=("${row%%|*}")
        return 0
    done
    return 1
}

# Set `option` to the row of the argument that stands at this place.
_authctl_find_argument() {
    local at=$place
    if ((at > $#arguments && $#arguments)) && [[ ${arguments[-1]%%|*} == *... ]]; then at=$#arguments; fi
    ((at <= $#arguments)) || return 1
    option=$arguments[at]
}

# Remember of a value what says more about those to come: whose they are, and where they are read.
_authctl_note() {
    case $1 in
        (--database|--config|--profile) about+=("$1" "$word") ;;
    esac
    case $2 in
        (@users|@teams) about+=("--${2#@}" "$word") ;;
    esac
    # An argument that is given by its flag has no place any more.
    if [[ $1 == --* ]]; then arguments=("${(@)arguments:#[^|]#\|$1\|*}"); fi
}

_authctl_offer_options() {
    local row
    local -aU rows=()
    for row in "$options[@]"; do rows+=("${row%%|*}|${row#*|*|}"); done
    for row in "${(@)arguments[place,-1]}"; do
        row=${row#*|}
        [[ $row == --* ]] && rows+=("$row")
    done
    _authctl_describe options option "$rows[@]"
}

# Offer words with what they mean: the tag, its name, and rows of WORD|HELP.
_authctl_describe() {
    local tag=$1 name=$2 row
    local -a described=()
    shift 2
    for row in "$@"; do
        word=${${row%%|*}//:/\\:}
        if [[ $row == *'|'?* ]]; then described+=("$word:${row#*|}"); else described+=("$word"); fi
    done
    if [[ $tag == options ]]; then
        _describe -o -t $tag "$name" described && offered=0
    else
        _describe -t $tag "$name" described && offered=0
    fi
}

# Offer the values of a spec; where there are none to offer, say what is wanted.
_authctl_offer_value() {
    local spec=${1%...}
    local -a list=()
    if [[ $spec == *, ]]; then
        spec=${spec%,}
        compset -P '*,'
        compset -S ',*'
    fi
    if [[ $spec == */ ]]; then
        spec=${spec%/}
        _files && offered=0
    fi
    case $spec in
        ('') ;;
        (-) [[ -n $2 ]] && _message -e values "$2" ;;
        (@*) _authctl_ask "${spec#@}" ;;
        (*.\*)
            _authctl_list "${spec%\*}$argument_before"
            (($#list)) && _authctl_describe values value "$list[@]"
            ;;
        (*)
            _authctl_list "$spec"
            _authctl_describe values value "$list[@]"
            ;;
    esac
}

# Offer what authctl answers. What is not of these characters alone is dropped, whatever it is.
_authctl_ask() {
    local LC_ALL=C  # so that a-z are these letters alone
    local -a answers
    answers=("${(@f)$(command authctl __complete "$1=${(Q)PREFIX}" "$about[@]" 2>/dev/null </dev/null)}")
    answers=("${(@M)answers:#[A-Za-z0-9@._+:-]##}")
    (($#answers)) && compadd -- "$answers[@]" && offered=0
}
"""

FOOT = """
# Autoloaded from a folder of $fpath, this file is the function's first call; sourced, it only defines it.
if [ "$funcstack[1]" = _authctl ]; then
    _authctl "$@"
else
    compdef _authctl authctl
fi
"""


def script(tree: Tree) -> str:
    """The script as it stands in completions/_authctl."""
    return "#compdef authctl\n" + scripts.head("zsh", "zsh") + ENGINE + _tables(tree) + FOOT


def _tables(tree: Tree) -> str:
    pieces = [
        "\n# Fill `commands` (WORD|HELP), `options` (WORD|SPECS|HELP) and `arguments` (SPEC|FLAG|HELP) of a command.\n",
        "_authctl_load() {\n    commands=() options=() arguments=()\n    case $1 in\n",
    ]
    for node in tree.nodes:
        pieces.append(f"        ({quote(node.path)})\n")
        for name, rows in scripts.rows(node, tree):
            pieces.append(f"            {name}=(\n{scripts.lines(rows, 16, quote)}\n            )\n")
        pieces.append("            ;;\n")
    common = scripts.lines((scripts.option_row(option) for option in tree.common), 8, quote)
    pieces.append(f"        (*) return 1 ;;\n    esac\n    options+=(\n{common}\n    )\n}}\n")
    pieces.append("\n# Fill `list` with the rows of a list (WORD|HELP).\n_authctl_list() {\n    case $1 in\n")
    for name, words in tree.lists.items():
        listed = scripts.lines((scripts.word_row(word, help) for word, help in words), 16, quote)
        pieces.append(f"        ({quote(name)})\n            list=(\n{listed}\n            )\n            ;;\n")
    return "".join(pieces) + "    esac\n}\n"
