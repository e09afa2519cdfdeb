"""Completion in PowerShell, from 5.1 on."""

from __future__ import annotations

from authctl.cli.completion import scripts
from authctl.cli.completion.tree import Tree

ENGINE = r"""
Register-ArgumentCompleter -Native -CommandName authctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words before the cursor as they were typed, without their quotes; nothing in them is expanded.
    $words = @()
    foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.EndOffset -ge $cursorPosition) {
            break
        }
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $words += $element.Value
        }
        else {
            $words += $element.Extent.Text
        }
    }
    $typed = "$wordToComplete".TrimStart([char]39, [char]34)

    $state = @{ path = ''; about = @(); place = 0; before = '' }
    $rows = Get-AuthctlRows ''
    $values = @()
    $option = ''
    $dashes = $false
    foreach ($word in @($words | Select-Object -Skip 1)) {
        if ($values.Count) {
            $rows = Add-AuthctlValue $state $rows $option $values[0] $word
            $values = @($values | Select-Object -Skip 1)
        }
        elseif (-not $dashes -and $word -ceq '--') {
            $dashes = $true
        }
        elseif (-not $dashes -and $word.StartsWith('--') -and $word.Contains('=')) {
            $option, $value = $word.Split([char[]]'=', 2)
            $specs = @(Find-AuthctlOption $rows $option)
            if ($specs.Count) {
                $rows = Add-AuthctlValue $state $rows $option $specs[0] $value
            }
        }
        elseif (-not $dashes -and $word.Length -gt 1 -and $word.StartsWith('-')) {
            $option = $word
            $values = @(Find-AuthctlOption $rows $word)
        }
        elseif ($rows.commands.Count) {
            $state.path = "$($state.path) $word".Trim()
            $rows = Get-AuthctlRows $state.path
            if ($null -eq $rows) {
                return
            }
        }
        else {
            $argument = Find-AuthctlArgument $state $rows
            if ($argument) {
                $rows = Add-AuthctlValue $state $rows '' $argument[0] $word
            }
            $state.place += 1
            $state.before = $word
        }
    }

    $found = @()
    if ($values.Count) {
        $found = Get-AuthctlValues $state $values[0] '' $typed
    }
    elseif (-not $dashes -and $typed.StartsWith('--') -and $typed.Contains('=')) {
        $option, $value = $typed.Split([char[]]'=', 2)
        $specs = @(Find-AuthctlOption $rows $option)
        if ($specs.Count) {
            $found = Get-AuthctlValues $state $specs[0] "$option=" $value
        }
    }
    elseif (-not $dashes -and $typed.StartsWith('-')) {
        $found = Get-AuthctlOptions $state $rows
    }
    elseif ($rows.commands.Count) {
        $found = $rows.commands
    }
    else {
        $argument = Find-AuthctlArgument $state $rows
        if ($argument) {
            $found = Get-AuthctlValues $state $argument[0] '' $typed
        }
        else {
            $found = Get-AuthctlOptions $state $rows
        }
    }
    foreach ($row in @($found)) {
        $word, $help = "$row".Split([char[]]'|', 2)
        if ($word -and $word.StartsWith($typed, [System.StringComparison]::Ordinal)) {
            if (-not $help) {
                $help = $word
            }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
        }
    }
}

# The specs of the values of an option that this command has, or of an argument's flag; none for a flag.
function Find-AuthctlOption($rows, $word) {
    foreach ($row in $rows.options) {
        $name, $specs, $help = $row.Split([char[]]'|', 3)
        if ($name -ceq $word) {
            return $specs.Split([char[]]' ', [System.StringSplitOptions]::RemoveEmptyEntries)
        }
    }
    foreach ($row in $rows.arguments) {
        $spec, $flag, $help = $row.Split([char[]]'|', 3)
        if ($flag -ceq $word) {
            return $spec
        }
    }
}

# The spec of the argument that stands at this place.
function Find-AuthctlArgument($state, $rows) {
    $count = $rows.arguments.Count
    if (-not $count) {
        return
    }
    $at = $state.place
    if ($at -ge $count -and $rows.arguments[$count - 1].Split([char[]]'|')[0].EndsWith('...')) {
        $at = $count - 1
    }
    if ($at -lt $count) {
        return , @($rows.arguments[$at].Split([char[]]'|', 3))
    }
}

# Remember of a value what says more about those to come; the rows, without an argument that its flag gave.
function Add-AuthctlValue($state, $rows, $option, $spec, $word) {
    if (@('--database', '--config', '--profile') -ccontains $option) {
        $state.about += @($option, $word)
    }
    if (@('@users', '@teams') -ccontains $spec) {
        $state.about += @("--$($spec.Substring(1))", $word)
    }
    if ($option) {
        $rows.arguments = @($rows.arguments | Where-Object { $_.Split([char[]]'|')[1] -cne $option })
    }
    return $rows
}

# The options as WORD|HELP.
function Get-AuthctlOptions($state, $rows) {
    foreach ($row in $rows.options) {
        $word, $specs, $help = $row.Split([char[]]'|', 3)
        "$word|$help"
    }
    foreach ($row in @($rows.arguments | Select-Object -Skip $state.place)) {
        $spec, $flag, $help = $row.Split([char[]]'|', 3)
        if ($flag) {
            "$flag|$help"
        }
    }
}

# The values of a spec as WORD|HELP, with what stands before them in the word.
function Get-AuthctlValues($state, $spec, $before, $typed) {
    if ($spec.EndsWith('...')) {
        $spec = $spec.Substring(0, $spec.Length - 3)
    }
    if ($spec.EndsWith(',')) {
        $spec = $spec.TrimEnd([char]44)
        $last = $typed.LastIndexOf(',') + 1
        $before += $typed.Substring(0, $last)
        $typed = $typed.Substring($last)
    }
    $rows = @()
    if ($spec.EndsWith('/')) {
        $spec = $spec.TrimEnd([char]47)
        $rows += @([System.Management.Automation.CompletionCompleters]::CompleteFilename($typed).CompletionText)
    }
    if ($spec.StartsWith('@')) {
        $rows += @(Get-AuthctlAnswers $state $spec.Substring(1) $typed)
    }
    elseif ($spec.EndsWith('.*')) {
        $rows += @(Get-AuthctlList ($spec.TrimEnd([char]42) + $state.before))
    }
    elseif ($spec -and $spec -cne '-') {
        $rows += @(Get-AuthctlList $spec)
    }
    foreach ($row in $rows) {
        "$before$row"
    }
}

# What authctl answers. What is not of these characters alone is dropped, whatever it is.
function Get-AuthctlAnswers($state, $kind, $typed) {
    $authctl = Get-Command authctl -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($authctl) {
        $about = $state.about
        & $authctl __complete "$kind=$typed" @about 2>$null | Where-Object { $_ -cmatch '^[A-Za-z0-9@._+:-]+$' }
    }
}
"""


def script(tree: Tree) -> str:
    """The script as it stands in completions/authctl.ps1."""
    return scripts.head("PowerShell", "powershell") + ENGINE + _tables(tree)


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _tables(tree: Tree) -> str:
    pieces = [
        "\n# The commands (WORD|HELP), options (WORD|SPECS|HELP) and arguments (SPEC|FLAG|HELP) of a command.\n",
        "function Get-AuthctlRows($path) {\n",
        "    $rows = @{ commands = @(); options = @(); arguments = @() }\n    switch -Exact -CaseSensitive ($path) {\n",
    ]
    for node in tree.nodes:
        pieces.append(f"        {quote(node.path)} {{\n")
        for name, rows in scripts.rows(node, tree):
            pieces.append(f"            $rows.{name} = @(\n{scripts.lines(rows, 16, quote)}\n            )\n")
        pieces.append("        }\n")
    pieces.append("        default {\n            return $null\n        }\n    }\n    $rows.options += @(\n")
    pieces.append(scripts.lines((scripts.option_row(option) for option in tree.common), 8, quote))
    pieces.append("\n    )\n    return $rows\n}\n")
    pieces.append("\n# The rows of a list (WORD|HELP).\nfunction Get-AuthctlList($name) {\n")
    pieces.append("    switch -Exact -CaseSensitive ($name) {\n")
    for name, words in tree.lists.items():
        listed = scripts.lines((scripts.word_row(word, help) for word, help in words), 12, quote)
        pieces.append(f"        {quote(name)} {{\n{listed}\n        }}\n")
    return "".join(pieces) + "    }\n}\n"
