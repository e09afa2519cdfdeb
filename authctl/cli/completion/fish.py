"""Completion in fish, from 3.0 on."""

from __future__ import annotations

from authctl.cli.completion import scripts
from authctl.cli.completion.tree import Tree

ENGINE = r"""
function __authctl_complete
    set -g __authctl_place 1
    set -g __authctl_option
    set -g __authctl_values
    set -g __authctl_about
    set -l path
    set -l dashes
    set -l before
    __authctl_load ''
    set -l line (commandline -opc)
    for word in $line[2..-1]
        if set -q __authctl_values[1]
            __authctl_note $__authctl_option $__authctl_values[1] "$word"
            set -e __authctl_values[1]
        else if test -z "$dashes" -a "$word" = --
            set dashes yes
        else if test -z "$dashes"; and string match -q -- '--*=*' "$word"
            set -l parts (string split -m 1 = -- "$word")
            if __authctl_find $parts[1]; and set -q __authctl_values[1]
                __authctl_note $__authctl_option $__authctl_values[1] "$parts[2]"
            end
            set __authctl_values
        else if test -z "$dashes"; and string match -q -- '-?*' "$word"
            if not __authctl_find "$word"
                # A short option with its value behind it: -ojson.
                __authctl_find (string sub -l 2 -- "$word"); and set -e __authctl_values[1]
            end
        else if set -q __authctl_commands[1]
            set path (string trim -- "$path $word")
            __authctl_load "$path"; or return
        else
            set -l row (__authctl_argument)
            and __authctl_note '' (string split '|' -- $row)[1] "$word"
            set __authctl_place (math $__authctl_place + 1)
            set before "$word"
        end
    end
    set -l row (__authctl_argument)
    # What is typed, without its quotes; of an open one, the word begins behind it.
    set -l typed (string unescape -- (commandline -ct))
    or set typed (string trim -l -c '"\'' -- (commandline -ct))
    if set -q __authctl_values[1]
        __authctl_offer $__authctl_values[1] '' "$typed" "$before"
    else if test -z "$dashes"; and string match -q -- '--*=*' "$typed"
        set -l parts (string split -m 1 = -- "$typed")
        if __authctl_find $parts[1]; and set -q __authctl_values[1]
            __authctl_offer $__authctl_values[1] "$parts[1]=" "$parts[2]" "$before"
        end
    else if test -z "$dashes"; and string match -q -- '-*' "$typed"
        __authctl_offer_options
    else if set -q __authctl_commands[1]
        string replace '|' \t -- $__authctl_commands
    else if set -q row[1]
        __authctl_offer (string split '|' -- $row)[1] '' "$typed" "$before"
    else
        __authctl_offer_options
    end
end

# Set the option and the specs of its values, of an option that this command has, or of an argument's flag.
function __authctl_find
    set __authctl_option $argv[1]
    for row in $__authctl_options
        set -l parts (string split -m 2 '|' -- $row)
        test "$parts[1]" = "$argv[1]"; or continue
        set __authctl_values (string split -n ' ' -- $parts[2])
        return 0
    end
    for row in $__authctl_arguments
        set -l parts (string split -m 2 '|' -- $row)
        test "$parts[2]" = "$argv[1]"; or continue
        set __authctl_values $parts[1]
        return 0
    end
    return 1
end

# The row of the argument that stands at this place.
function __authctl_argument
    if set -q __authctl_arguments[$__authctl_place]
        echo -- $__authctl_arguments[$__authctl_place]
    else if string match -q -- '*...|*' "$__authctl_arguments[-1]"
        echo -- $__authctl_arguments[-1]
    else
        return 1
    end
end

# Remember of a value what says more about those to come: whose they are, and where they are read.
function __authctl_note -a option spec word
    if contains -- "$option" --database --config --profile
        set -a __authctl_about $option $word
    end
    if contains -- "$spec" @users @teams
        set -a __authctl_about --(string sub -s 2 -- $spec) $word
    end
    # An argument that is given by its flag has no place any more.
    if string match -q -- '--*' "$option"
        set __authctl_arguments (string match -v -- "*|$option|*" $__authctl_arguments)
    end
end

function __authctl_offer_options
    for row in $__authctl_options
        set -l parts (string split -m 2 '|' -- $row)
        printf '%s\t%s\n' $parts[1] "$parts[3]"
    end
    for row in $__authctl_arguments
        set -l parts (string split -m 2 '|' -- $row)
        test -n "$parts[2]"; and printf '%s\t%s\n' $parts[2] "$parts[3]"
    end
end

# Print the values of a spec, with what stands before them in the word.
function __authctl_offer -a spec before typed argument_before
    set spec (string replace -r '\.\.\.$' '' -- $spec)
    if string match -q -- '*,' $spec
        set spec (string sub -e -1 -- $spec)
        if string match -q -- '*,*' "$typed"
            set before "$before"(string replace -r '[^,]*$' '' -- "$typed")
            set typed (string replace -r '.*,' '' -- "$typed")
        end
    end
    if string match -q -- '*/' $spec
        set spec (string sub -e -1 -- $spec)
        for file in (__fish_complete_path "$typed")
            echo -- "$before$file"
        end
    end
    set -l words
    switch "$spec"
        case '' -
            return
        case '@*'
            set words (__authctl_ask (string sub -s 2 -- $spec) "$typed")
        case '*.\*'
            set words (__authctl_list (string replace '*' '' -- $spec)"$argument_before")
        case '*'
            set words (__authctl_list $spec)
    end
    for word in $words
        echo -- "$before"(string replace '|' \t -- $word)
    end
end

# Print what authctl answers. What is not of these characters alone is dropped, whatever it is.
function __authctl_ask -a kind typed
    command authctl __complete "$kind=$typed" $__authctl_about 2>/dev/null </dev/null |
        string match -r '^[A-Za-z0-9@._+:-]+$'
end
"""


def script(tree: Tree) -> str:
    """The script as it stands in completions/authctl.fish."""
    complete = "\ncomplete -c authctl -f -a '(__authctl_complete)'\n"
    return scripts.head("fish", "fish") + ENGINE + _tables(tree) + complete


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _tables(tree: Tree) -> str:
    pieces = [
        "\n# Set the commands (WORD|HELP), options (WORD|SPECS|HELP) and arguments (SPEC|FLAG|HELP) of a command.\n",
        "function __authctl_load\n    set -g __authctl_commands\n    set -g __authctl_options\n",
        "    set -g __authctl_arguments\n    switch $argv[1]\n",
    ]
    for node in tree.nodes:
        pieces.append(f"        case {quote(node.path)}\n")
        for name, rows in scripts.rows(node, tree):
            pieces.append(f"            set __authctl_{name} {_listed(rows, 16)}\n")
    pieces.append("        case '*'\n            return 1\n    end\n")
    common = [scripts.option_row(option) for option in tree.common]
    pieces.append(f"    set -a __authctl_options {_listed(common, 8)}\n    return 0\nend\n")
    pieces.append("\n# Print the rows of a list (WORD|HELP).\nfunction __authctl_list\n    switch $argv[1]\n")
    for name, words in tree.lists.items():
        rows = [scripts.word_row(word, help) for word, help in words]
        pieces.append(f"        case {quote(name)}\n            printf '%s\\n' {_listed(rows, 16)}\n")
    return "".join(pieces) + "    end\nend\n"


def _listed(rows: list[str], indent: int) -> str:
    return "\\\n" + scripts.lines(rows, indent, quote).replace("\n", " \\\n")
