# Completion of authctl in PowerShell. Generated from its commands by `authctl completion powershell`: do not edit.
#
# Words and options are all here. Ids and names are asked of authctl, which reads them from the database; what it
# answers is compared as text and never evaluated. AUTHCTL_COMPLETE_DATA=0 keeps it from being asked.

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

# The commands (WORD|HELP), options (WORD|SPECS|HELP) and arguments (SPEC|FLAG|HELP) of a command.
function Get-AuthctlRows($path) {
    $rows = @{ commands = @(); options = @(); arguments = @() }
    switch -Exact -CaseSensitive ($path) {
        '' {
            $rows.commands = @(
                'users|Create, find, change and delete users'
                'teams|Create teams, invite and remove members, assign roles'
                'sessions|Sign in, see who is signed in, sign out'
                'tokens|Send and redeem codes and links: sign in, verify, change'
                'mfa|Manage authenticators, recovery codes and challenges'
                'security|Policies, the audit log, security checks'
                'init|Create a directory in an empty database, and its key'
                'upgrade|Update the database schema to this version of authctl'
                'status|Show the database, its health and your settings'
                'apply|Apply TOML files: teams, users, policies'
                'pull|Write the directory to a TOML file'
                'backup|Save the whole directory to a new file'
                'restore|Restore a backup into an empty database'
                'completion|Set up completion in bash, zsh, fish and PowerShell'
                'help|Explain a topic or a command'
            )
            $rows.options = @(
                '--version||Show the version and exit'
            )
        }
        'users' {
            $rows.commands = @(
                'create|Create a user'
                'list|List users, newest first, 25 a page'
                'get|Show one user'
                'delete|Delete a user and all their data'
                'list-logs|Show what was done to a user, newest first'
                'update-name|Change the name of a user'
                'update-username|Change the username of a user'
                'update-locale|Change the language of messages to a user'
                'update-labels|Replace the labels, or add and remove some'
                'get-prefs|Show the preferences of a user'
                'update-prefs|Replace the preferences of a user'
                'update-metadata|Replace your notes about a user'
                'update-email|Change the email of a user'
                'update-email-verification|Mark the email as verified or unverified'
                'update-phone|Change the phone of a user'
                'update-phone-verification|Mark the phone as verified or unverified'
                'update-password|Set a new password'
                'verify-password|Check a password'
                'require-password-change|Ask for a new password at the next sign-in'
                'wrap-password|Wrap an easily guessed imported hash in argon2id'
                'update-status|Block a user, for good or for a time, or unblock'
                'unlock|Let a locked-out user sign in at once'
                'secure|Recover a stolen account'
                'merge|Merge two accounts of one person'
                'list-sessions|List a user''s sessions, newest first'
                'create-session|Sign a user in without a password, as the server'
                'delete-session|End one session of a user'
                'delete-sessions|End all sessions of a user, or of everybody'
                'list-identities|List external accounts, oldest first'
                'create-identity|Link an external account for signing in'
                'delete-identity|Unlink an external account'
                'list-memberships|List a user''s teams, newest first'
                'list-roles|List a user''s roles, as permissions name them'
                'import|Import users, passwords included'
                'list-imports|List imports, newest first'
                'import-status|Count the imported hashes still in use'
                'undo-import|Take an import back'
                'export|Export users in the format of another system'
            )
        }
        'users create' {
            $rows.options = @(
                '--id|-|Id of the user (default, or with unique(): a new one)'
                '--user-id|-|Id of the user (default, or with unique(): a new one)'
                '--username|-|Name to sign in with; case does not matter'
                '--email|-|Unique; kept in lower case'
                '--phone|-|With + and the country code'
                '--name|-|At most 128 characters'
                '--labels|-|Repeatable, or separated by commas'
                '--prefs|-|The user''s own preferences, a JSON object'
                '--metadata|-|Your notes about the user, a JSON object'
                '--locale|-|Language of messages to them: de, pt-BR, zh-Hant'
                '--email-verified||Mark the email as verified'
                '--phone-verified||Mark the phone as verified'
                '--blocked||Create the account blocked'
                '--if-absent||If the id, username, email or phone exists, return that user unchanged'
                '--force||With --if-absent: even if a person typed in the address or username and nobody has verified it'
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password'
                '--ask-password||Ask for the password, twice and hidden'
                '--generate-password||Generate a password, show it once, and require a change at the next sign-in'
                '--keep||With --generate-password, for service accounts: the password never expires and need not be changed'
                '--must-change||Require a password change at the next sign-in'
                '--password-hash|-|Hash from another system instead of a password'
                '--password-hash-stdin||Read the hash from stdin: one line'
                '--hash|hashes|Algorithm of the hash, if it does not name it: bcrypt, md5, django, ..'
                '--hash-option|-|Parameters of the hash: salt=..., rounds=.'
                '--weak-hash|weak-hash|Easily guessed hashes: keep them, wrap them in argon2id, or leave them out'
                '--self-service||Treat this as a sign-up: the user limit and sign-up rules apply'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
        }
        'users list' {
            $rows.options = @(
                '--search|-|Search the beginnings of words in id, username, name, email and phone'
                '--filter|-|''FIELD OP VALUE'''
                '--sort|-|Field to sort by; - is descending'
                '--limit|-|Show at most this many; 25 by default'
                '--all||Show all, streamed'
                '--after|-|Continue after the record with this id'
                '--before|-|Show the page before the record with this id'
                '--count||Only count them'
                '--fields|fields.user,|Only these fields, in this order'
            )
        }
        'users get' {
            $rows.options = @(
                '--fields|fields.one-user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users delete' {
            $rows.options = @(
                '--force||Allow deleting the last owner of a team'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users list-logs' {
            $rows.options = @(
                '--limit|-|Show at most this many'
                '--after|-|Continue after the record with this id'
                '--fields|fields.event,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users update-name' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--name|At most 128 characters; '''' clears it'
            )
        }
        'users update-username' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--username|No spaces, no @; unique, case does not matter; '''' clears it'
            )
        }
        'users update-locale' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--locale|A language tag such as de or pt-BR; '''' clears it'
            )
        }
        'users update-labels' {
            $rows.options = @(
                '--add|-|Add these'
                '--remove|-|Remove these'
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-...|--labels|The new labels; none clears them'
            )
        }
        'users get-prefs' {
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users update-prefs' {
            $rows.options = @(
                '--merge||Change the given keys only; null removes one'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--prefs|A JSON object of at most 65,535 bytes'
            )
        }
        'users update-metadata' {
            $rows.options = @(
                '--merge||Change the given keys only; null removes one'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--metadata|A JSON object of at most 65,535 bytes'
            )
        }
        'users update-email' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--email|The new address; '''' clears it'
            )
        }
        'users update-email-verification' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                'verified|--verified|Whether it is verified'
            )
        }
        'users update-phone' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--number|With + and the country code; '''' clears it'
            )
        }
        'users update-phone-verification' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                'verified|--verified|Whether it is verified'
            )
        }
        'users update-password' {
            $rows.options = @(
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password'
                '--generate-password||Generate a password, show it once, and require a change at the next sign-in'
                '--keep||With --generate-password, for service accounts: the password never expires and need not be changed'
                '--must-change||Require a password change at the next sign-in'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--remove||Leave the user without a password'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users verify-password' {
            $rows.options = @(
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password'
                '--fields|fields.verification,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users require-password-change' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users wrap-password' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users update-status' {
            $rows.options = @(
                '--until|-|When the block ends: 2h, 7d, 2027-01-31T09:00Z'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                'status|--status|The new status'
            )
        }
        'users unlock' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users secure' {
            $rows.options = @(
                '--keep|-|An email or phone to keep, of those the user entered'
                '--email|-|A new email for the account'
                '--url|-|Where the link in the recovery mail leads'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.secured-account,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users merge' {
            $rows.options = @(
                '--prefer|prefer|Whose value stays where both have one'
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.merged-account,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|The account that becomes a part of the other'
                '@users|--into-id|The account that stays'
            )
        }
        'users list-sessions' {
            $rows.options = @(
                '--all||Include ended sessions, until they are purged'
                '--fields|fields.session,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users create-session' {
            $rows.options = @(
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.session2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users delete-session' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '@sessions|--session-id|As shown by `authctl users list-sessions`'
            )
        }
        'users delete-sessions' {
            $rows.options = @(
                '--all||Everybody''s'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|The user whose sessions to end'
            )
        }
        'users list-identities' {
            $rows.options = @(
                '--limit|-|Show at most this many'
                '--after|-|Continue after the record with this id'
                '--fields|fields.identity,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Only this user''s'
            )
        }
        'users create-identity' {
            $rows.options = @(
                '--email|-|The user''s email at the provider'
                '--email-verified||The provider has verified that email: it counts as verified here'
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.identity,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--provider|The provider: google, github, .'
                '-|--provider-uid|The user''s id at the provider'
            )
        }
        'users delete-identity' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@identities|--identity-id|As shown by `authctl users list-identities`'
            )
        }
        'users list-memberships' {
            $rows.options = @(
                '--search|-|Search the beginnings of words in the team''s id and name'
                '--filter|-|''FIELD OP VALUE'', as in ''roles ~ maths'' or ''status = pending'''
                '--sort|-|Field to sort by; - is descending'
                '--limit|-|Show at most this many; 25 by default'
                '--all||Show all, streamed'
                '--after|-|Continue after the record with this id'
                '--before|-|Show the page before the record with this id'
                '--count||Only count them'
                '--fields|fields.membership,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users list-roles' {
            $rows.options = @(
                '--can|-|Exit with status 6 if the user does not have this permission'
                '--fields|fields.role,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'users import' {
            $rows.options = @(
                '--from|sources|Source of the file: authctl, csv, json, appwrite, supabase, firebase, auth0, keycloak, cognito,...'
                '--map|-|CSV columns or JSON paths of fields: email=E-Mail,name=''Full Name'',id=_id.$oid'
                '--hash-format|hashes|Content of the password column: the name of a hash, or plain; none ignores it'
                '--delimiter|-|The character between the cells of a CSV'
                '--encoding|-|The encoding of the files: latin-1, .'
                '--hash-config|/|Firebase''s password hash parameters, as its console shows them'
                '--source-option|-|An option of the source; `authctl help formats` lists them'
                '--on-conflict|on-conflict|If the user already exists with different data: refuse the record (the default), skip it, or...'
                '--match|match|Find existing users by this field (default: the first in the record, then its username)'
                '--weak-hashes|weak-hashes|Easily guessed hashes: keep them, wrap them in argon2id, or leave them out (reset)'
                '--weak-passwords|weak-passwords|Plain passwords your policy does not accept: keep them, have users change them at the next...'
                '--check-policy||Short for --weak-passwords refuse'
                '--mark-unverified||Import every address as unverified, whatever the file says'
                '--addresses|addresses|Who entered the unverified emails, phones and usernames: you (given) or each user (claimed)'
                '--phone-region|-|Read phones without + as numbers of this country: DE, US, ..'
                '--force||Also skip or update users who typed in the matching address themselves and never verified it'
                '--teams||Import memberships too, and create missing teams'
                '--check-password|@users|First test the hash settings with this user''s password, which is asked for'
                '--password-stdin||Read the password of --check-password from stdin: one line'
                '--resume|@imports|Resume this import (default: an interrupted import of the same files)'
                '--max-errors|-|Stop when more than N records are refused; 0 or more'
                '--max-lost|-|Stop when more than N values are left out; 0 or more'
                '--strict||Refuse a record rather than leave out an invalid value'
                '--report|/|Write a JSON line about each record with a problem to this new file'
                '--rejects|/|Write refused records unchanged to this new file, to correct and import again'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.import,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/...||The file of the users, then files that belong to it: Auth0''s passwords; Supabase''s identities...'
            )
        }
        'users list-imports' {
            $rows.options = @(
                '--limit|-|Show at most this many'
                '--after|-|Continue after the record with this id'
                '--fields|fields.import2,|Only these fields, in this order'
            )
        }
        'users import-status' {
            $rows.options = @(
                '--fields|fields.imported-hashes,|Only these fields, in this order'
            )
        }
        'users undo-import' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.undone-import,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@imports|--import-id|As shown by `authctl users list-imports`'
            )
        }
        'users export' {
            $rows.options = @(
                '--format|format|authctl, csv, appwrite, supabase, firebase, auth0, keycloak, django, htpasswd, ldif'
                '--with-hashes||Include password hashes, and the keys some of them need'
                '--with-secrets||Include the secrets of authenticator apps, unencrypted'
                '--target-option|-|Option of the format; `authctl help formats` lists them'
                '--file|/|'
                '--search|-|Search the beginnings of words in id, username, name, email and phone'
                '--filter|-|''FIELD OP VALUE'''
                '--sort|-|Field to sort by; - is descending'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.export,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/||A new file that only you can read, compressed if it ends in .gz (default: standard output)'
            )
        }
        'teams' {
            $rows.commands = @(
                'create|Create a team'
                'list|List teams, newest first, 25 a page'
                'get|Show one team'
                'delete|Delete a team and its memberships'
                'update-name|Change the name of a team'
                'get-prefs|Show the preferences of a team'
                'update-prefs|Replace the preferences of a team'
                'create-membership|Add a user to a team at once, or invite one'
                'list-memberships|List members and invitations, newest first'
                'get-membership|Show one membership of a team'
                'update-membership|Replace a member''s roles, or add and remove some'
                'update-membership-status|Accept an invitation with its secret'
                'delete-membership|Remove a member, or withdraw an invitation'
            )
        }
        'teams create' {
            $rows.options = @(
                '--id|-|Id of the team (default, or with unique(): a new one)'
                '--team-id|-|Id of the team (default, or with unique(): a new one)'
                '--roles|-|The owner''s roles besides owner'
                '--owner|@users|A user who becomes a confirmed member and owner'
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.team,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '-|--name|1 to 128 characters; need not be unique'
            )
        }
        'teams list' {
            $rows.options = @(
                '--search|-|Search the beginnings of words in id and name'
                '--filter|-|''FIELD OP VALUE'''
                '--sort|-|Field to sort by; - is descending'
                '--limit|-|Show at most this many; 25 by default'
                '--all||Show all, streamed'
                '--after|-|Continue after the record with this id'
                '--before|-|Show the page before the record with this id'
                '--count||Only count them'
                '--fields|fields.team,|Only these fields, in this order'
            )
        }
        'teams get' {
            $rows.options = @(
                '--fields|fields.team,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
            )
        }
        'teams delete' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
            )
        }
        'teams update-name' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.team,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
                '-|--name|1 to 128 characters'
            )
        }
        'teams get-prefs' {
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
            )
        }
        'teams update-prefs' {
            $rows.options = @(
                '--merge||Change the given keys only; null removes one'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
                '-|--prefs|A JSON object of at most 65,535 bytes'
            )
        }
        'teams create-membership' {
            $rows.options = @(
                '--user-id|@users|The user''s id'
                '--email|@emails|The user with this email'
                '--phone|@phones|The user with this phone'
                '--roles|-|Repeatable, or separated by commas'
                '--name|-|Name of a user to create'
                '--invite||Send an invitation for the user to accept'
                '--url|-|Where the link in the message leads'
                '--print-secret||Invite, and show the secret instead of sending it: you deliver it'
                '--users-from|/|Many at once: ids, emails or phones, one per line, from a file or stdin'
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
            )
        }
        'teams list-memberships' {
            $rows.options = @(
                '--search|-|Search the beginnings of words in the user''s id, name, email and phone'
                '--filter|-|''FIELD OP VALUE'', as in ''roles ~ maths'' or ''status = pending'''
                '--sort|-|Field to sort by; - is descending'
                '--limit|-|Show at most this many; 25 by default'
                '--all||Show all, streamed'
                '--after|-|Continue after the record with this id'
                '--before|-|Show the page before the record with this id'
                '--count||Only count them'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
            )
        }
        'teams get-membership' {
            $rows.options = @(
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
                '@memberships|--membership-id|The membership''s id, or the user''s id, email, phone or username'
            )
        }
        'teams update-membership' {
            $rows.options = @(
                '--add|-|Add these'
                '--remove|-|Remove these'
                '--force||Allow this to leave the team without an owner'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
                '@memberships|--membership-id|The membership''s id, or the user''s id, email, phone or username'
                '-...|--roles|The new roles; --roles '''' removes all'
            )
        }
        'teams update-membership-status' {
            $rows.options = @(
                '--secret-stdin||Read the invitation''s secret from stdin: one line'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
                '@memberships|--membership-id|The membership''s id, or the user''s id, email, phone or username'
                '@users|--user-id|Who accepts: id, email, phone or username'
            )
        }
        'teams delete-membership' {
            $rows.options = @(
                '--force||Allow this to leave the team without an owner'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or a name that only one team has'
                '@memberships|--membership-id|The membership''s id, or the user''s id, email, phone or username'
            )
        }
        'sessions' {
            $rows.commands = @(
                'create|Sign in with a password, an external identity, or anonymously'
                'get|Show who is signed in'
                'update|Extend the session by the policy''s duration, from now'
                'delete|Sign out'
                'create-jwt|Create a JWT for the session'
                'verify-jwt|Check a JWT'
            )
        }
        'sessions create' {
            $rows.options = @(
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password'
                '--identity|- -|An identity that your application has verified'
                '--email|-|With --identity: its email'
                '--email-verified||With --identity: the provider has verified that email'
                '--anonymous||Create an account without credentials'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.session2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users||Id, email, phone or username'
            )
        }
        'sessions get' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin (default: AUTHCTL_SESSION)'
                '--fields|fields.person,|Only these fields, in this order'
            )
        }
        'sessions update' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin (default: AUTHCTL_SESSION)'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.session,|Only these fields, in this order'
            )
        }
        'sessions delete' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin (default: AUTHCTL_SESSION)'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
        }
        'sessions create-jwt' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin (default: AUTHCTL_SESSION)'
                '--duration|-|At most an hour: 900, 15m, 1h'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.jwt,|Only these fields, in this order'
            )
        }
        'sessions verify-jwt' {
            $rows.options = @(
                '--secret-stdin||Read the JWT from stdin'
                '--audience|-|The expected audience (default: the policy''s)'
                '--fields|fields.claims,|Only these fields, in this order'
            )
        }
        'tokens' {
            $rows.commands = @(
                'create|Create a sign-in token for you to deliver'
                'create-email|Send a sign-in code to an email'
                'create-phone|Send a sign-in code to a phone'
                'create-magic-url|Send a sign-in link to an email'
                'create-email-verification|Send a code or link that verifies a user''s email'
                'create-phone-verification|Send a code that verifies a user''s phone'
                'create-recovery|Send a code or link for setting a new password'
                'create-email-change|Send a code or link to a new email'
                'create-phone-change|Send a code to a new phone'
                'redeem|Redeem a code or secret'
                'list|List a user''s active tokens, newest first'
                'delete|End a token early'
                'purge|Delete tokens that expired more than a day ago'
            )
        }
        'tokens create' {
            $rows.options = @(
                '--length|-|Number of hexadecimal digits, 5 to 128'
                '--expire|-|How long it stays valid: 900, 15m, 1d'
                '--force||Even if a person typed in the address or username and nobody has verified it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'tokens create-email' {
            $rows.options = @(
                '--phrase||Show two words here and in the message for the person to compare'
                '--id|-|Id of the account, if one is created'
                '--user-id|-|Id of the account, if one is created'
                '--locale|-|Language of the account, if one is created'
                '--no-create||Do not create an account'
                '--print-secret||Show the secret instead of sending it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@emails|--email|Email to send it to'
            )
        }
        'tokens create-phone' {
            $rows.options = @(
                '--channel|channel|How to send it'
                '--id|-|Id of the account, if one is created'
                '--user-id|-|Id of the account, if one is created'
                '--locale|-|Language of the account, if one is created'
                '--no-create||Do not create an account'
                '--print-secret||Show the secret instead of sending it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@phones|--phone|Phone to send it to, with + and the country code'
            )
        }
        'tokens create-magic-url' {
            $rows.options = @(
                '--url|-|Where the link leads'
                '--phrase||Show two words here and in the message for the person to compare'
                '--id|-|Id of the account, if one is created'
                '--user-id|-|Id of the account, if one is created'
                '--locale|-|Language of the account, if one is created'
                '--no-create||Do not create an account'
                '--print-secret||Show the secret instead of sending it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@emails|--email|Email to send it to'
            )
        }
        'tokens create-email-verification' {
            $rows.options = @(
                '--url|-|Where the link leads'
                '--print-secret||Show the secret instead of sending it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'tokens create-phone-verification' {
            $rows.options = @(
                '--channel|channel|How to send it'
                '--print-secret||Show the secret instead of sending it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'tokens create-recovery' {
            $rows.options = @(
                '--url|-|Where the link leads'
                '--print-secret||Show the secret instead of sending it'
                '--quiet-unknown||Give the same answer whether or not the user exists'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'tokens create-email-change' {
            $rows.options = @(
                '--url|-|Where the link leads'
                '--print-secret||Show the secret instead of sending it'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--email|The new one'
            )
        }
        'tokens create-phone-change' {
            $rows.options = @(
                '--channel|channel|How to send it'
                '--print-secret||Show the secret instead of sending it'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--phone|The new one'
            )
        }
        'tokens redeem' {
            $rows.options = @(
                '--kind|kind|Kind of the token, if the user has several: token, email, phone, magic-url, email-verification,...'
                '--id|@tokens|Id of the token'
                '--token-id|@tokens|Id of the token'
                '--secret-stdin||Read the code or secret from stdin: one line'
                '--new-password-stdin||Read a recovery''s new password from stdin: the next line'
                '--new-account||If an unverified address is on somebody else''s account: remove it there and create one'
                '--code|-|For a recovery with two factors: a code from the authenticator, or a recovery code'
                '--challenge|@tokens|The token from `authctl tokens create-phone` that --code belongs to'
                '--keep||For a recovery: keep unconfirmed identities and authenticators'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
            )
            $rows.arguments = @(
                '@users|--user-id|Whose'
            )
        }
        'tokens list' {
            $rows.options = @(
                '--all||Include expired and used tokens, and why they ended, until they are purged'
                '--fields|fields.listed-token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'tokens delete' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '@tokens|--token-id|As shown by `authctl tokens list`'
            )
        }
        'tokens purge' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.tokens-purge,|Only these fields, in this order'
            )
        }
        'mfa' {
            $rows.commands = @(
                'status|Show which second factors a user signs in with'
                'list-factors|List the second factors a user has'
                'enable|Ask a user for two factors at sign-in'
                'disable|Ask a user for only one factor at sign-in'
                'reset|Remove all second factors of a user'
                'create-authenticator|Create the secret for an authenticator app'
                'verify-authenticator|Activate a new authenticator with a code from it'
                'delete-authenticator|Delete an authenticator'
                'create-recovery-codes|Create six recovery codes'
                'regenerate-recovery-codes|Replace the recovery codes by six new ones'
                'create-challenge|Begin the second step of a sign-in'
                'complete-challenge|Complete a sign-in with a code'
            )
        }
        'mfa status' {
            $rows.options = @(
                '--fields|fields.mfa-status,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa list-factors' {
            $rows.options = @(
                '--fields|fields.factor,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa enable' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa disable' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa reset' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa create-authenticator' {
            $rows.options = @(
                '--name|-|Name of the authenticator, if a user has several'
                '--qr-file|/|Write the QR code to a new .svg or .png file instead of drawing it'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.authenticator,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa verify-authenticator' {
            $rows.options = @(
                '--name|@authenticators|Which authenticator, if a user has several'
                '--secret-stdin||Read the code from stdin: one line, after the session''s secret if that comes first'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.factor,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
                '-|--otp|The code from the app or message'
            )
        }
        'mfa delete-authenticator' {
            $rows.options = @(
                '--name|@authenticators|Which authenticator, if a user has several'
                '--force||Delete it even if it is the only second factor'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa create-recovery-codes' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.recovery-codes,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa regenerate-recovery-codes' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code from the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge from `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.recovery-codes,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username'
            )
        }
        'mfa create-challenge' {
            $rows.options = @(
                '--factor|factor|The factor that completes the sign-in, other than the first: totp, email, phone or...'
                '--secret-stdin||Read the session''s secret from stdin (default: AUTHCTL_SESSION)'
                '--print-secret||Show the secret instead of sending it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.challenge,|Only these fields, in this order'
            )
        }
        'mfa complete-challenge' {
            $rows.options = @(
                '--secret-stdin||Read the code from stdin: one line, after the session''s secret if that comes first'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.session2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@challenges|--challenge-id|The id from `authctl mfa create-challenge`'
                '-|--otp|The code from the app or message'
            )
        }
        'security' {
            $rows.commands = @(
                'show|Show the policies'
                'set|Set a policy'
                'reset|Reset policies to their defaults'
                'apply|Set policies from a file or a preset'
                'check-password|Test a password'
                'check|List weaknesses, the worst first, and what fixes them'
                'purge|Delete expired tokens, ended sessions and old events'
                'unlock-source|Let a locked address sign in again at once'
                'list-logs|Show the audit log, newest first'
                'verify-logs|Check that nobody changed the audit log, then seal it'
                'test-delivery|Send a test message, show what the provider answered'
                'create-mock-phone|Make a number a mock phone'
                'list-mock-phones|List the mock phone numbers with their codes'
                'delete-mock-phone|Make a mock phone an ordinary number again'
                'show-jwks|Show the public keys that verify JWTs'
                'rotate-key|Replace the secret key, or with --jwt the JWT key'
            )
        }
        'security show' {
            $rows.options = @(
                '-o|formats2|table, wide, json, jsonl, csv, tsv'
                '--output|formats2|table, wide, json, jsonl, csv, tsv'
                '--fields|fields.policies,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'policies...||Only these policies'
            )
        }
        'security set' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.policy,|Only these fields, in this order'
                '--profile|policies|Configuration profile to use'
            )
            $rows.arguments = @(
                'policies||As `authctl help policies` lists them'
                'policy.*||Its new value; the same page has its range'
            )
        }
        'security reset' {
            $rows.options = @(
                '--all||All of them'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.policy,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'policies...||The policies'
            )
        }
        'security apply' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.difference,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'presets/||A TOML file, - for stdin, or a preset: recommended, appwrite, supabase'
            )
        }
        'security check-password' {
            $rows.options = @(
                '--user|@users|A user whose personal data the password must not contain'
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--fields|fields.password-report,|Only these fields, in this order'
            )
        }
        'security check' {
            $rows.options = @(
                '--deep||Also read every row and the whole audit log'
                '--fail-on|fail-on|Exit with status 3 if there are findings this severe or worse'
                '--sarif|/|Write SARIF 2.1.0 to a new file; - writes only that to stdout'
                '--fields|fields.finding,|Only these fields, in this order'
            )
        }
        'security purge' {
            $rows.options = @(
                '--force||Even if the last event before today is over 90 days old'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.purge,|Only these fields, in this order'
            )
        }
        'security unlock-source' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.source,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '-|--address|An IP address, as `authctl security list-logs` shows it'
            )
        }
        'security list-logs' {
            $rows.options = @(
                '--user|@users|Events about this user; a deleted user by id'
                '--event|events,|Events with these names; * matches any part, as in ''users.*'''
                '--actor|-|Events by exactly this actor'
                '--since|-|Events since then: 2h (ago), today, 2026-01-31, .'
                '--until|-|Events before then'
                '--limit|-|Show at most this many'
                '--after|-|Continue after the record with this id'
                '--all||Show all, streamed'
                '--follow||Oldest first, then new events as they happen, until Ctrl-C'
                '--state|/|With --follow: remember the last event in FILE and go on from it'
                '--fields|fields.event,|Only these fields, in this order'
            )
        }
        'security verify-logs' {
            $rows.options = @(
                '--expect|-|A seal you saved elsewhere earlier: the log must still contain it'
                '--all||Read the whole log, not only what is new'
                '--accept||Accept the log as it is, errors included, as the new baseline'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.verification-of-the-log,|Only these fields, in this order'
            )
        }
        'security test-delivery' {
            $rows.options = @(
                '--locale|-|Language of the message: de, pt-BR'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.receipt,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'channel2||How to send it'
                '-||An email or a phone'
            )
        }
        'security create-mock-phone' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.mock-phone,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '-|--phone|The number, with + and the calling code'
                '-|--code|Six digits'
            )
        }
        'security list-mock-phones' {
            $rows.options = @(
                '--fields|fields.mock-phone,|Only these fields, in this order'
            )
        }
        'security delete-mock-phone' {
            $rows.options = @(
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.mock-phone-deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@mock-phones|--phone|The number'
            )
        }
        'security show-jwks' {
        }
        'security rotate-key' {
            $rows.options = @(
                '--jwt||Replace the key that signs JWTs, not the secret key'
                '--forget||With --jwt: reject JWTs signed with older keys, as after a leak'
                '--algorithm|algorithm|With --jwt: signature algorithm of the new key'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.rotation,|Only these fields, in this order'
            )
        }
        'init' {
            $rows.options = @(
                '--application-name|-|What mails call your application'
                '--fields|fields.directory,|Only these fields, in this order'
            )
        }
        'upgrade' {
            $rows.options = @(
                '--repair||Also set sequences that are behind, and fix indexes and counts of other rows'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.upgrade,|Only these fields, in this order'
            )
        }
        'status' {
            $rows.options = @(
                '--picture||Include charts of the directory (default: up to 100,000 users)'
                '--fields|fields.status,|Only these fields, in this order'
            )
        }
        'apply' {
            $rows.options = @(
                '--plan||Show what would be done, and do nothing'
                '--check||Do nothing, and end with status 3 if the directory differs'
                '--prune|prune|Take away what this manifest brought and no longer names'
                '--name|-|The manifest''s name; by default the file''s or the folder''s'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.plan,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/...||TOML files, folders of them, or - for stdin'
            )
        }
        'pull' {
            $rows.options = @(
                '--teams||The teams and their members'
                '--users|-|The users of a filter, as `authctl users list --filter` takes it'
                '--policy||The policies that are set, and the mock phones'
                '-o|formats3|table, wide, json, jsonl, csv, tsv'
                '--output|formats3|table, wide, json, jsonl, csv, tsv'
            )
            $rows.arguments = @(
                '/||A new file; stdout if left out'
            )
        }
        'backup' {
            $rows.options = @(
                '--keep|-|Name the backup by time in the folder FILE, verify it, then delete all but the last N there'
                '--with-key||Include the secret key'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.backup,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/||A new file, or with --keep a folder'
            )
        }
        'restore' {
            $rows.options = @(
                '--unsigned||Accept a backup that may have been changed: nothing proves who wrote it'
                '--dry-run||Show what would happen without doing it'
                '--reason|-|Reason for the audit log'
                '--ip|-|IP address the person''s request came from'
                '--user-agent|-|User agent of the person''s client'
                '--fields|fields.restored-backup,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/||A file from `authctl backup`'
            )
        }
        'completion' {
            $rows.options = @(
                '--install||Say where the script would be put; with --yes, put it there'
                '--fields|fields.completion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'shell||Which shell''s; without it, how to'
            )
        }
        'help' {
            $rows.options = @(
                '--schema||With apply: print the JSON Schema of its files, for editors'
            )
            $rows.arguments = @(
                'help.*...||A topic, or the words of a command'
            )
        }
        default {
            return $null
        }
    }
    $rows.options += @(
        '-o|formats|table, wide, json, jsonl, csv, tsv'
        '--output|formats|table, wide, json, jsonl, csv, tsv'
        '--json||Short for -o json'
        '--fields|-|Only these fields, in this order'
        '--csv-raw||CSV without the guard against formulas, for re-importing'
        '-q||Print only the result, warnings and errors'
        '--quiet||Print only the result, warnings and errors'
        '-y||Do not ask for confirmation'
        '--yes||Do not ask for confirmation'
        '--as-session||Act as a signed-in person'
        '--database|-|sqlite:///PATH or postgresql://USER@HOST/NAME'
        '--config|/|Configuration file to use instead of yours'
        '--profile|@profiles|Configuration profile to use'
        '--no-color||No colours'
        '-h||Show this message and exit'
        '--help||Show this message and exit'
    )
    return $rows
}

# The rows of a list (WORD|HELP).
function Get-AuthctlList($name) {
    switch -Exact -CaseSensitive ($name) {
        'presets' {
            'recommended'
            'appwrite'
            'supabase'
        }
        'sources' {
            'authctl|authctl''s own export, JSON Lines or CSV'
            'csv|any CSV whose first row names its columns'
            'json|any JSON or JSON Lines, such as mongoexport''s; name its fields with --map'
            'appwrite|Appwrite users, with identities, teams and memberships'
            'supabase|auth.users as CSV or JSON, with identities and mfa_factors; or users from the Admin API'
            'firebase|firebase auth:export as JSON or CSV; or users from the Admin SDK or Identity Toolkit'
            'auth0|a user export or users from the Management API, with the password file; or a bulk import file'
            'keycloak|a realm or users file from kc.sh export; or users from the REST API'
            'cognito|list-users or admin-get-user as JSON; or the import job''s CSV'
            'okta|users from Okta''s API; or its CSV template'
            'clerk|the dashboard''s CSV; or users from Clerk''s API or JavaScript SDK'
            'django|dumpdata as JSON or XML; or the auth_user table as CSV'
            'kratos|identities from Ory Kratos'' admin API or CLI; or a batch that creates them'
            'wordpress|wp-cli''s user list or user get as CSV or JSON; or wp_users as CSV'
            'htpasswd|an Apache or nginx password file'
            'ldif|slapcat, ldapsearch -LLL, or Active Directory''s ldifde'
        }
        'hashes' {
            'argon2|argon2i, argon2d, argon2id in PHC form'
            'bcrypt|bcrypt: $2a$, $2b$, $2y$'
            'bcrypt-2x|bcrypt of crypt_blowfish before 1.1: $2x$, ASCII passwords only'
            'md5|MD5 in hex or base64, with or without salt'
            'sha|SHA-1, SHA-2, SHA-3 in hex or base64, with or without salt'
            'symfony|Symfony''s message digest: SHA-512 of password{salt} in 5,000 rounds, base64'
            'devise|devise-encryptable''s SHA-512 or SHA-1, with stretches and pepper'
            'mysql|MySQL''s own: * and 40 digits'
            'aspnet|what ASP.NET Identity stores, version 2 or 3: one text in base64'
            'phpass|phpass: $P$, $H$, and Drupal''s: $S$'
            'scrypt|scrypt in PHC form, or bare with its options'
            'scrypt-modified|Firebase''s scrypt, as Firebase, Appwrite, Supabase, Kratos or Clerk write it'
            'pbkdf2|PBKDF2 as passlib and Auth0 write it, or bare with its options'
            'hmac|HMAC in hex or base64, with its key'
            'md5-crypt|md5-crypt: $1$'
            'apr1|Apache''s md5-crypt: $apr1$'
            'sha-crypt|sha256-crypt and sha512-crypt: $5$, $6$'
            'ldap|{SSHA}, {SHA512}, {CRYPT}, {PBKDF2-SHA256} and the other schemes of LDAP directories'
            'django|what Django stores: pbkdf2_sha256$..., argon2$..., bcrypt_sha256$..., scrypt$..., md5$..'
            'wordpress|what WordPress stores since 6.8: $wp$2y$..'
            'bcrypt-sha256|passlib''s bcrypt over SHA-256: $bcrypt-sha256$..'
            'werkzeug|what Werkzeug and Flask store: scrypt:..., pbkdf2:..'
            'kratos|what Ory Kratos stores; its ln is N, its PBKDF2 sha384 is SHA-3'
            'keycloak|the value of a Keycloak credential, with its options'
        }
        'events' {
            'directory.create'
            'directory.update.schema'
            'directory.repair'
            'directory.backup'
            'directory.restore'
            'users.create'
            'users.delete'
            'users.update.name'
            'users.update.username'
            'users.update.email'
            'users.update.phone'
            'users.update.password'
            'users.update.labels'
            'users.update.prefs'
            'users.update.metadata'
            'users.update.locale'
            'users.update.status'
            'users.update.email_verification'
            'users.update.phone_verification'
            'users.sessions.create'
            'users.sessions.update'
            'users.sessions.delete'
            'users.identities.create'
            'users.identities.delete'
            'users.imports.create'
            'users.imports.update'
            'users.imports.delete'
            'users.unlock'
            'users.secure'
            'users.merge'
            'users.lock'
            'users.export'
            'users.tokens.create'
            'users.tokens.update'
            'users.tokens.delete'
            'users.verification.create'
            'users.verification.update'
            'users.recovery.create'
            'users.recovery.update'
            'users.update.mfa'
            'users.mfa.factors.create'
            'users.mfa.factors.update'
            'users.mfa.factors.delete'
            'users.mfa.recovery_codes.create'
            'users.mfa.recovery_codes.update'
            'users.mfa.challenges.create'
            'users.mfa.challenges.update'
            'users.mfa.reset'
            'users.notify'
            'teams.create'
            'teams.update.name'
            'teams.update.prefs'
            'teams.delete'
            'teams.memberships.create'
            'teams.memberships.update'
            'teams.memberships.update.status'
            'teams.memberships.delete'
            'security.update.policy'
            'security.mock_phones.create'
            'security.mock_phones.delete'
            'security.sources.unlock'
            'security.purge'
            'security.logs.verify'
            'security.keys.create'
            'security.keys.rotate'
            'users.verify.password'
        }
        'policies' {
            'user-limit|The most accounts before sign-ups are refused'
            'sign-in-methods|How people can sign in and sign up'
            'require-verified|Which address people must verify before they can do anything else'
            'email-domains|Domains of the emails people can sign up with or change to'
            'session-limit|The most sessions a user can have at once'
            'session-duration|How long a session lasts'
            'session-idle-timeout|How long a session lasts without being used'
            'session-max-age|How long a session lasts in total, however often it is extended'
            'recent-sign-in|How recent a sign-in must be to change factors, password and addresses without proving oneself again'
            'session-invalidation|Whether a new password ends the person''s other sessions'
            'session-alerts|Whether users get a mail about a sign-in from a new source, unless they signed in by mail or a...'
            'password-min-length|The shortest new password, in characters'
            'password-history|How many of the last passwords cannot be used again'
            'password-dictionary|Whether to refuse the 10,000 most common passwords'
            'password-personal-data|Whether to refuse passwords with the user''s id, email, name, username or phone'
            'password-strength|Kinds of characters every new password needs'
            'password-context-words|Words no new password may contain, such as the product''s name'
            'password-breached-file|Sorted file of SHA-1 hashes from Have I Been Pwned'
            'generated-password-expiry|How long a generated password works before it must be changed'
            'memberships-privacy|What members of a team cannot see of each other'
            'sign-in-attempts|How many wrong attempts lock an account'
            'source-attempts|How many wrong attempts lock a source, whatever the accounts'
            'sign-in-window|The period in which wrong attempts are counted'
            'sign-in-lockout|How long a lock lasts'
            'trusted-sources|Addresses and networks of proxies, which are never locked or limited as one source'
            'known-source-expiry|How long a source stays known to an account after a sign-in'
            'otp-length|How many digits a one-time code has'
            'otp-expiry|How long a one-time code stays valid'
            'otp-interval|How long to wait before sending another code'
            'otp-attempts|How many wrong attempts void a code'
            'otp-hourly-limit|The most messages to one address in an hour'
            'person-hourly-limit|The most mails, and the most SMS, one signed-in person can send in an hour'
            'source-hourly-limit|The most mails, and the most SMS, one source can cause in an hour'
            'email-hourly-limit|The most mails in an hour, in all'
            'sms-hourly-limit|The most SMS in an hour, in all'
            'creation-hourly-limit|The most accounts, and the most teams, one person or source can create in an hour'
            'sms-countries|The countries and areas SMS may be sent to'
            'magic-url-expiry|How long a magic URL stays valid'
            'verification-expiry|How long an address can be verified after the message is sent'
            'verification-needs-session|Whether people must be signed in to confirm an address they entered themselves'
            'recovery-expiry|How long a recovery link stays valid'
            'token-expiry|How long a token from an operator stays valid'
            'invite-expiry|How long a team invitation stays valid'
            'change-needs-old|What the old email or phone can do about a change: nothing, cancel it, or confirm it first'
            'mfa-factors|The second factors users can choose'
            'mfa-required|Who must use a second factor'
            'challenge-expiry|How long a second-factor challenge stays valid'
            'jwt-issuer|The issuer (iss) in JWTs'
            'jwt-audience|The audience (aud) in JWTs'
            'reason-required|Whether operators must give a --reason to block, delete, label or change a rule'
            'log-retention|How long audit events are kept; off keeps them forever'
        }
        'policy.sign-in-methods' {
            'none'
            'all'
            'password'
            'email'
            'magic-url'
            'phone'
            'identity'
            'anonymous'
            'token'
        }
        'policy.require-verified' {
            'off'
            'email'
            'phone'
            'any'
        }
        'policy.email-domains' {
            'any'
            'deny:disposable'
        }
        'policy.session-idle-timeout' {
            'off'
        }
        'policy.session-max-age' {
            'off'
        }
        'policy.recent-sign-in' {
            'off'
        }
        'policy.session-invalidation' {
            'on'
            'off'
        }
        'policy.session-alerts' {
            'on'
            'off'
        }
        'policy.password-dictionary' {
            'on'
            'off'
        }
        'policy.password-personal-data' {
            'on'
            'off'
        }
        'policy.password-strength' {
            'off'
            'all'
            'upper'
            'lower'
            'digit'
            'symbol'
        }
        'policy.password-context-words' {
            'none'
        }
        'policy.password-breached-file' {
            'none'
        }
        'policy.generated-password-expiry' {
            'off'
        }
        'policy.memberships-privacy' {
            'none'
            'all'
            'user_id'
            'user_name'
            'user_email'
            'mfa'
        }
        'policy.trusted-sources' {
            'none'
        }
        'policy.sms-countries' {
            'any'
        }
        'policy.verification-needs-session' {
            'on'
            'off'
        }
        'policy.change-needs-old' {
            'off'
            'cancel'
            'confirm'
        }
        'policy.mfa-factors' {
            'off'
            'all'
            'totp'
            'email'
            'phone'
        }
        'policy.mfa-required' {
            'off'
            'all'
        }
        'policy.jwt-audience' {
            'none'
        }
        'policy.reason-required' {
            'on'
            'off'
        }
        'policy.log-retention' {
            'off'
        }
        'formats' {
            'table'
            'wide'
            'json'
            'jsonl'
            'csv'
            'tsv'
        }
        'weak-hash' {
            'keep'
            'wrap'
            'reset'
        }
        'fields.user' {
            'id'
            'username'
            'name'
            'email'
            'email_verified'
            'phone'
            'phone_verified'
            'status'
            'labels'
            'prefs'
            'mfa'
            'factors.totp'
            'factors.email'
            'factors.phone'
            'factors.recovery_code'
            'password.set'
            'password.algorithm'
            'password.updated_at'
            'password.must_change'
            'password.expires_at'
            'locked_until'
            'blocked_until'
            'codes_locked_until'
            'metadata'
            'locale'
            'pending.email'
            'pending.phone'
            'created_at'
            'updated_at'
            'last_sign_in_at'
            'generated_password'
        }
        'fields.one-user' {
            'id'
            'username'
            'name'
            'email'
            'email_verified'
            'phone'
            'phone_verified'
            'status'
            'labels'
            'prefs'
            'mfa'
            'factors.totp'
            'factors.email'
            'factors.phone'
            'factors.recovery_code'
            'password.set'
            'password.algorithm'
            'password.updated_at'
            'password.must_change'
            'password.expires_at'
            'locked_until'
            'blocked_until'
            'codes_locked_until'
            'metadata'
            'locale'
            'pending.email'
            'pending.phone'
            'created_at'
            'updated_at'
            'last_sign_in_at'
            'former_ids'
            'generated_password'
        }
        'fields.deletion' {
            'id'
            'deleted'
        }
        'fields.event' {
            'id'
            'time'
            'actor'
            'os_user'
            'name'
            'resource'
            'details'
            'ip'
            'reason'
        }
        'verified' {
            'true'
            'false'
        }
        'fields.verification' {
            'id'
            'valid'
        }
        'status' {
            'active'
            'blocked'
        }
        'fields.secured-account' {
            'id'
            'kept'
            'removed'
            'sessions_ended'
            'tokens_ended'
            'invitations_ended'
            'identities_removed'
            'authenticators_removed'
            'recovery_codes_removed'
            'recovery'
        }
        'prefer' {
            'FROM'
            'INTO'
        }
        'fields.merged-account' {
            'id'
            'merged'
            'conflicts'
            'released'
            'sessions_ended'
            'tokens_ended'
            'identities_moved'
            'memberships_moved'
            'memberships_united'
            'authenticators_removed'
            'recovery_codes_removed'
        }
        'fields.session' {
            'id'
            'user_id'
            'provider'
            'factors'
            'ip'
            'user_agent'
            'created_at'
            'expires_at'
            'mfa_at'
            'ended_at'
            'ended_reason'
            'current'
        }
        'fields.session2' {
            'id'
            'user_id'
            'provider'
            'factors'
            'ip'
            'user_agent'
            'created_at'
            'expires_at'
            'mfa_at'
            'ended_at'
            'ended_reason'
            'current'
            'secret'
            'more_factors_required'
            'ended'
        }
        'fields.deletion2' {
            'id'
            'deleted'
            'sessions'
        }
        'fields.identity' {
            'id'
            'user_id'
            'provider'
            'provider_uid'
            'email'
            'created_at'
            'email_verified'
        }
        'fields.membership' {
            'id'
            'team_id'
            'team_name'
            'user_id'
            'user_name'
            'user_email'
            'roles'
            'status'
            'invited_at'
            'joined_at'
            'mfa'
            'invited_as'
        }
        'fields.role' {
            'role'
        }
        'on-conflict' {
            'fail'
            'skip'
            'update'
            'merge'
        }
        'match' {
            'id'
            'email'
            'phone'
        }
        'weak-hashes' {
            'keep'
            'wrap'
            'reset'
        }
        'weak-passwords' {
            'keep'
            'change'
            'refuse'
        }
        'addresses' {
            'given'
            'claimed'
        }
        'fields.import' {
            'id'
            'source'
            'status'
            'created'
            'updated'
            'skipped'
            'without_password'
            'refused'
            'reasons'
            'hashes'
        }
        'fields.import2' {
            'id'
            'source'
            'files'
            'options'
            'status'
            'created'
            'updated'
            'skipped'
            'without_password'
            'refused'
            'reasons'
            'hashes'
            'actor'
            'created_at'
            'updated_at'
            'ended_at'
        }
        'fields.imported-hashes' {
            'algorithm'
            'users'
            'imported_at'
            'import_id'
        }
        'fields.undone-import' {
            'id'
            'removed'
            'restored'
            'kept'
        }
        'format' {
            'authctl'
            'csv'
            'appwrite'
            'supabase'
            'firebase'
            'auth0'
            'keycloak'
            'django'
            'htpasswd'
            'ldif'
        }
        'fields.export' {
            'format'
            'file'
            'users'
            'with_hashes'
            'with_secrets'
            'left_out'
        }
        'fields.team' {
            'id'
            'name'
            'prefs'
            'members'
            'created_at'
            'updated_at'
        }
        'fields.membership2' {
            'id'
            'team_id'
            'team_name'
            'user_id'
            'user_name'
            'user_email'
            'roles'
            'status'
            'invited_at'
            'joined_at'
            'mfa'
            'invited_as'
            'secret'
        }
        'fields.person' {
            'id'
            'username'
            'name'
            'email'
            'email_verified'
            'phone'
            'phone_verified'
            'status'
            'labels'
            'prefs'
            'mfa'
            'factors.totp'
            'factors.email'
            'factors.phone'
            'factors.recovery_code'
            'password.set'
            'password.algorithm'
            'password.updated_at'
            'password.must_change'
            'password.expires_at'
            'locked_until'
            'blocked_until'
            'codes_locked_until'
            'metadata'
            'locale'
            'pending.email'
            'pending.phone'
            'created_at'
            'updated_at'
            'last_sign_in_at'
            'session.id'
            'session.user_id'
            'session.provider'
            'session.factors'
            'session.ip'
            'session.user_agent'
            'session.created_at'
            'session.expires_at'
            'session.mfa_at'
            'session.ended_at'
            'session.ended_reason'
            'session.current'
        }
        'fields.jwt' {
            'jwt'
            'expires_at'
        }
        'fields.claims' {
            'id'
            'user_id'
            'session_id'
            'issuer'
            'audience'
            'issued_at'
            'expires_at'
            'key_id'
        }
        'fields.token' {
            'id'
            'user_id'
            'kind'
            'created_at'
            'expires_at'
            'attempts_left'
            'secret'
            'phrase'
        }
        'channel' {
            'sms'
            'whatsapp'
        }
        'kind' {
            'token'
            'email'
            'phone'
            'magic-url'
            'email-verification'
            'phone-verification'
            'recovery'
            'email-change'
            'phone-change'
            'change-cancel'
            'change-confirm'
        }
        'fields.listed-token' {
            'id'
            'user_id'
            'kind'
            'created_at'
            'expires_at'
            'attempts_left'
            'locked_until'
            'ended_at'
            'ended_reason'
        }
        'fields.tokens-purge' {
            'tokens'
        }
        'fields.mfa-status' {
            'user_id'
            'mfa'
            'required'
            'factors.totp'
            'factors.email'
            'factors.phone'
            'factors.recovery_code'
            'recovery_codes_left'
            'authenticators'
        }
        'fields.factor' {
            'id'
            'user_id'
            'type'
            'name'
            'verified'
            'created_at'
            'last_used_at'
        }
        'fields.authenticator' {
            'secret'
            'uri'
            'user_id'
        }
        'fields.recovery-codes' {
            'recovery_codes'
            'user_id'
        }
        'factor' {
            'totp'
            'email'
            'phone'
            'recovery_code'
            'password'
        }
        'fields.challenge' {
            'id'
            'factor'
            'expires_at'
            'secret'
        }
        'formats2' {
            'table'
            'wide'
            'json'
            'jsonl'
            'csv'
            'tsv'
            'toml'
        }
        'fields.policies' {
            'name'
            'value'
            'default'
            'changed'
            'range'
            'help'
        }
        'fields.policy' {
            'name'
            'value'
            'default'
            'changed'
            'range'
            'help'
        }
        'fields.difference' {
            'name'
            'before'
            'after'
        }
        'fields.password-report' {
            'accepted'
            'failures'
            'score'
            'crack_time'
        }
        'fail-on' {
            'low'
            'medium'
            'high'
        }
        'fields.finding' {
            'id'
            'severity'
            'resource'
            'message'
            'meaning'
            'command'
        }
        'fields.purge' {
            'tokens'
            'challenges'
            'sessions'
            'attempts'
            'known_sources'
            'signing_keys'
            'events'
            'invitations'
            'import_changes'
        }
        'fields.source' {
            'source'
            'unlocked'
        }
        'fields.verification-of-the-log' {
            'events'
            'good'
            'unsigned'
            'accepted'
            'found'
            'problems'
            'seal'
            'sealed_at'
            'from_seal'
        }
        'channel2' {
            'email'
            'sms'
            'whatsapp'
        }
        'fields.receipt' {
            'provider'
            'channel'
            'message_id'
            'status'
            'code'
            'text'
        }
        'fields.mock-phone' {
            'phone'
            'code'
            'created_at'
        }
        'fields.mock-phone-deletion' {
            'phone'
            'deleted'
        }
        'algorithm' {
            'EdDSA'
            'ES256'
        }
        'fields.rotation' {
            'key'
            'id'
            'key_file'
            'resealed'
        }
        'fields.directory' {
            'database'
            'schema'
            'key_fingerprint'
            'key_file'
            'created'
        }
        'fields.upgrade' {
            'before'
            'after'
            'copy'
            'sequences'
            'repaired'
        }
        'fields.status' {
            'version'
            'database'
            'server'
            'schema'
            'schema_wanted'
            'key.fingerprint'
            'key.file'
            'key.state'
            'counts.users'
            'counts.events'
            'backup_at'
            'settings'
            'picture'
        }
        'prune' {
            'block'
            'delete'
        }
        'fields.plan' {
            'action'
            'kind'
            'name'
            'before'
            'after'
            'source'
            'generated_password'
        }
        'formats3' {
            'toml'
            'table'
            'tsv'
        }
        'fields.backup' {
            'file'
            'made_at'
            'schema'
            'key_fingerprint'
            'with_key'
            'users'
            'rows'
            'size'
            'removed'
        }
        'fields.restored-backup' {
            'database'
            'made_at'
            'before'
            'schema'
            'key_fingerprint'
            'key'
            'key_file'
            'users'
            'rows'
        }
        'shell' {
            'bash'
            'zsh'
            'fish'
            'powershell'
        }
        'fields.completion' {
            'shell'
            'file'
            'installed'
            'next'
        }
        'help.' {
            'applications|How a web application signs people in, in Python'
            'apply|The directory as code: teams, users and policies in files'
            'asvs|OWASP ASVS 5.0, and the tests that show each requirement'
            'backup|Backups, restoring, upgrades, and the key'
            'errors|Exit statuses, types of errors, and how errors are written'
            'events|The audit log, and how to notice that it was changed'
            'export|How to write users for other systems, and for authctl itself'
            'formats|What can be imported, exported and taken for a hash'
            'frameworks|Whole applications for FastAPI, Flask and Django'
            'import|How to import users, with their passwords'
            'messages|How to write mails and text messages yourself'
            'options|The options that commands share, and how to name users'
            'output|How results are written, and what a script can rely on'
            'policies|Every security policy, its range and its default'
            'postgres|How to use a Postgres database'
            'reliability|What you can rely on, and the tests that show it'
            'sample-config|Every setting, as a configuration file to begin with'
            'secrets|How passwords, codes and keys go in and out'
            'security|What protects accounts, and what to do in an emergency'
            'settings|Configuration files, profiles, variables, every setting'
            'shapes|What JSON answers hold, field by field'
            'sharing|How several administrators use one SQLite file'
            'sizes|What 1, 10 and 100 million users need on Postgres'
            'teams|Teams, memberships, roles and invitations'
            'testing|How to test an application that uses authctl'
            'tokens|Codes and links by mail or SMS, changed addresses, and JWTs'
            'transactions|How to change your own tables and the directory together'
            'users|Create, find, change and delete users'
            'teams|Create teams, invite and remove members, assign roles'
            'sessions|Sign in, see who is signed in, sign out'
            'tokens|Send and redeem codes and links: sign in, verify, change'
            'mfa|Manage authenticators, recovery codes and challenges'
            'security|Policies, the audit log, security checks'
            'init|Create a directory in an empty database, and its key'
            'upgrade|Update the database schema to this version of authctl'
            'status|Show the database, its health and your settings'
            'apply|Apply TOML files: teams, users, policies'
            'pull|Write the directory to a TOML file'
            'backup|Save the whole directory to a new file'
            'restore|Restore a backup into an empty database'
            'completion|Set up completion in bash, zsh, fish and PowerShell'
            'help|Explain a topic or a command'
        }
        'help.users' {
            'create|Create a user'
            'list|List users, newest first, 25 a page'
            'get|Show one user'
            'delete|Delete a user and all their data'
            'list-logs|Show what was done to a user, newest first'
            'update-name|Change the name of a user'
            'update-username|Change the username of a user'
            'update-locale|Change the language of messages to a user'
            'update-labels|Replace the labels, or add and remove some'
            'get-prefs|Show the preferences of a user'
            'update-prefs|Replace the preferences of a user'
            'update-metadata|Replace your notes about a user'
            'update-email|Change the email of a user'
            'update-email-verification|Mark the email as verified or unverified'
            'update-phone|Change the phone of a user'
            'update-phone-verification|Mark the phone as verified or unverified'
            'update-password|Set a new password'
            'verify-password|Check a password'
            'require-password-change|Ask for a new password at the next sign-in'
            'wrap-password|Wrap an easily guessed imported hash in argon2id'
            'update-status|Block a user, for good or for a time, or unblock'
            'unlock|Let a locked-out user sign in at once'
            'secure|Recover a stolen account'
            'merge|Merge two accounts of one person'
            'list-sessions|List a user''s sessions, newest first'
            'create-session|Sign a user in without a password, as the server'
            'delete-session|End one session of a user'
            'delete-sessions|End all sessions of a user, or of everybody'
            'list-identities|List external accounts, oldest first'
            'create-identity|Link an external account for signing in'
            'delete-identity|Unlink an external account'
            'list-memberships|List a user''s teams, newest first'
            'list-roles|List a user''s roles, as permissions name them'
            'import|Import users, passwords included'
            'list-imports|List imports, newest first'
            'import-status|Count the imported hashes still in use'
            'undo-import|Take an import back'
            'export|Export users in the format of another system'
        }
        'help.teams' {
            'create|Create a team'
            'list|List teams, newest first, 25 a page'
            'get|Show one team'
            'delete|Delete a team and its memberships'
            'update-name|Change the name of a team'
            'get-prefs|Show the preferences of a team'
            'update-prefs|Replace the preferences of a team'
            'create-membership|Add a user to a team at once, or invite one'
            'list-memberships|List members and invitations, newest first'
            'get-membership|Show one membership of a team'
            'update-membership|Replace a member''s roles, or add and remove some'
            'update-membership-status|Accept an invitation with its secret'
            'delete-membership|Remove a member, or withdraw an invitation'
        }
        'help.sessions' {
            'create|Sign in with a password, an external identity, or anonymously'
            'get|Show who is signed in'
            'update|Extend the session by the policy''s duration, from now'
            'delete|Sign out'
            'create-jwt|Create a JWT for the session'
            'verify-jwt|Check a JWT'
        }
        'help.tokens' {
            'create|Create a sign-in token for you to deliver'
            'create-email|Send a sign-in code to an email'
            'create-phone|Send a sign-in code to a phone'
            'create-magic-url|Send a sign-in link to an email'
            'create-email-verification|Send a code or link that verifies a user''s email'
            'create-phone-verification|Send a code that verifies a user''s phone'
            'create-recovery|Send a code or link for setting a new password'
            'create-email-change|Send a code or link to a new email'
            'create-phone-change|Send a code to a new phone'
            'redeem|Redeem a code or secret'
            'list|List a user''s active tokens, newest first'
            'delete|End a token early'
            'purge|Delete tokens that expired more than a day ago'
        }
        'help.mfa' {
            'status|Show which second factors a user signs in with'
            'list-factors|List the second factors a user has'
            'enable|Ask a user for two factors at sign-in'
            'disable|Ask a user for only one factor at sign-in'
            'reset|Remove all second factors of a user'
            'create-authenticator|Create the secret for an authenticator app'
            'verify-authenticator|Activate a new authenticator with a code from it'
            'delete-authenticator|Delete an authenticator'
            'create-recovery-codes|Create six recovery codes'
            'regenerate-recovery-codes|Replace the recovery codes by six new ones'
            'create-challenge|Begin the second step of a sign-in'
            'complete-challenge|Complete a sign-in with a code'
        }
        'help.security' {
            'show|Show the policies'
            'set|Set a policy'
            'reset|Reset policies to their defaults'
            'apply|Set policies from a file or a preset'
            'check-password|Test a password'
            'check|List weaknesses, the worst first, and what fixes them'
            'purge|Delete expired tokens, ended sessions and old events'
            'unlock-source|Let a locked address sign in again at once'
            'list-logs|Show the audit log, newest first'
            'verify-logs|Check that nobody changed the audit log, then seal it'
            'test-delivery|Send a test message, show what the provider answered'
            'create-mock-phone|Make a number a mock phone'
            'list-mock-phones|List the mock phone numbers with their codes'
            'delete-mock-phone|Make a mock phone an ordinary number again'
            'show-jwks|Show the public keys that verify JWTs'
            'rotate-key|Replace the secret key, or with --jwt the JWT key'
        }
    }
}
