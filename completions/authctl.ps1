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
                'users|Make, find, change and remove accounts'
                'teams|Make teams, invite and remove members, give them roles'
                'sessions|Sign in, ask who is signed in, sign out'
                'tokens|Send codes and links that sign in, verify and change; redeem them'
                'mfa|Ask for a second factor: authenticators, recovery codes, challenges'
                'security|Policies, the audit log, what a password would get'
                'init|Make a directory in an empty database, and its key'
                'upgrade|Bring the database''s schema up to this authctl'
                'status|Show which database this is, and how it is doing'
                'backup|Save the whole directory into a new file'
                'restore|Put a backup into an empty database'
                'completion|Complete words in bash, zsh, fish and PowerShell'
                'help|Explain a topic or a command'
            )
            $rows.options = @(
                '--version||Show the version and exit'
            )
        }
        'users' {
            $rows.commands = @(
                'create|Make an account'
                'list|List accounts'
                'get|Show one account'
                'delete|Remove an account and all its data'
                'list-logs|Show what was done to an account, the newest first'
                'update-name|Change the name of a user'
                'update-username|Change the username of a user'
                'update-locale|Change the language that a user gets messages in'
                'update-labels|Replace the labels; or add some, and take others away'
                'get-prefs|Show the preferences of a user'
                'update-prefs|Replace the preferences of a user'
                'update-metadata|Replace what operators keep about a user'
                'update-email|Change the email of a user'
                'update-email-verification|Say whether the email is known to be theirs'
                'update-phone|Change the phone of a user'
                'update-phone-verification|Say whether the phone is known to be theirs'
                'update-password|Set a new password'
                'verify-password|Check a password'
                'require-password-change|Have a user choose a new password'
                'wrap-password|Put an imported hash that is fast to guess at inside argon2id'
                'update-status|Block an account, at once or until a time; or let it in again'
                'unlock|Forget the wrong attempts at an account, so that it can be signed in to at once'
                'secure|Give a taken account back'
                'list-sessions|List where a user is signed in, the newest first'
                'create-session|Make a session for a user without a password, as the server'
                'delete-session|End one session of a user'
                'delete-sessions|End all sessions of a user, or with --all everybody''s'
                'list-identities|List the accounts elsewhere of a user, or of all, the oldest first'
                'create-identity|Link an account elsewhere to a user, who can then sign in with it'
                'delete-identity|Unlink an account elsewhere'
                'list-memberships|List the teams that a user belongs to or is invited to, the newest first'
                'list-roles|List the role strings of a user, as permissions name them'
                'import|Import users, passwords included'
                'list-imports|List imports, the newest first'
                'import-status|Show how many users still have an imported hash, by algorithm and age'
                'undo-import|Remove the users that an import made, and restore those whom it changed'
                'export|Write users as another system takes them, the oldest first'
            )
        }
        'users create' {
            $rows.options = @(
                '--id|-|The id; without it, or as unique(), one is made'
                '--user-id|-|The id; without it, or as unique(), one is made'
                '--username|-|A name to sign in with, unique ignoring case'
                '--email|-|Kept in lower case; only one account can have it'
                '--phone|-|With + and the country''s calling code'
                '--name|-|At most 128 characters'
                '--labels|-|Repeatable; takes commas'
                '--prefs|-|The user''s own preferences: an object'
                '--metadata|-|What operators keep about the user: an object'
                '--locale|-|The language of messages to them: de, pt-BR, zh-Hant'
                '--email-verified||The email is known to be theirs'
                '--phone-verified||The phone is known to be theirs'
                '--blocked||Nobody can sign in to it yet'
                '--if-absent||Where one with this id, username, email or phone exists, answer with it as it is'
                '--force||With --if-absent: also if a person typed in the address or username, and nobody has proved it'
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password itself'
                '--ask-password||Ask for the password, twice, without showing it'
                '--generate-password||Make a password, show it once, have it changed at the next sign-in'
                '--keep||With --generate-password, for a service account: the password need not be changed, and never expires'
                '--must-change||The password must be changed at the next sign-in'
                '--password-hash|-|Another system''s hash instead of a password'
                '--password-hash-stdin||Read the hash from stdin: one line'
                '--hash|hashes|What made the hash, where it does not say so itself: bcrypt, md5, django, ..'
                '--hash-option|-|What the hash was made with: salt=..., rounds=.'
                '--weak-hash|weak-hash|What becomes of a hash that is fast to guess at: it is kept, put inside argon2id, or left out'
                '--self-service||A sign-up by the person: the user limit and its rules apply'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
        }
        'users list' {
            $rows.options = @(
                '--search|-|Beginnings of words in id, username, name, email and phone'
                '--filter|-|''FIELD OP VALUE'''
                '--sort|-|- is descending'
                '--limit|-|At most so many; 25 unless given'
                '--all||All of them, streamed'
                '--after|-|The page after the record with this id'
                '--before|-|The page before the record with this id'
                '--count||Only say how many there are'
                '--fields|fields.user,|Only these fields, in this order'
            )
        }
        'users get' {
            $rows.options = @(
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users delete' {
            $rows.options = @(
                '--force||Also the last owner of a team'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users list-logs' {
            $rows.options = @(
                '--limit|-|At most so many'
                '--after|-|The page after the record with this id'
                '--fields|fields.event,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users update-name' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--name|At most 128 characters; '''' clears it'
            )
        }
        'users update-username' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--username|Without spaces and @; unique ignoring case; '''' clears it'
            )
        }
        'users update-locale' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--locale|A language tag such as de or pt-BR; '''' clears it'
            )
        }
        'users update-labels' {
            $rows.options = @(
                '--add|-|Add these'
                '--remove|-|Take these away'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-...|--labels|The labels it shall have; none clears them'
            )
        }
        'users get-prefs' {
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users update-prefs' {
            $rows.options = @(
                '--merge||Change the given keys only; null removes one'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--prefs|An object, at most 65,535 bytes'
            )
        }
        'users update-metadata' {
            $rows.options = @(
                '--merge||Change the given keys only; null removes one'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--metadata|An object, at most 65,535 bytes'
            )
        }
        'users update-email' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--email|The new address; '''' clears it'
            )
        }
        'users update-email-verification' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                'verified|--verified|Whether it is known'
            )
        }
        'users update-phone' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--number|With + and the calling code; '''' clears it'
            )
        }
        'users update-phone-verification' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                'verified|--verified|Whether it is known'
            )
        }
        'users update-password' {
            $rows.options = @(
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password itself'
                '--generate-password||Make a password, show it once, have it changed at the next sign-in'
                '--keep||With --generate-password, for a service account: the password need not be changed, and never expires'
                '--must-change||The password must be changed at the next sign-in'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users verify-password' {
            $rows.options = @(
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password itself'
                '--fields|fields.verification,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users require-password-change' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users wrap-password' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users update-status' {
            $rows.options = @(
                '--until|-|When the block ends: 2h, 7d, 2027-01-31T09:00Z'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                'status|--status|What it shall be from now on'
            )
        }
        'users unlock' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users secure' {
            $rows.options = @(
                '--keep|-|An email or phone to keep, of those that self-service set'
                '--email|-|A new email for the account'
                '--url|-|Where the link leads in the mail that asks for a new password'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.secured-account,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users list-sessions' {
            $rows.options = @(
                '--all||Ended ones too, until they are purged'
                '--fields|fields.session,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users create-session' {
            $rows.options = @(
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.session2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users delete-session' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '@sessions|--session-id|As `authctl users list-sessions` shows it'
            )
        }
        'users delete-sessions' {
            $rows.options = @(
                '--all||Everybody''s'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Whose sessions'
            )
        }
        'users list-identities' {
            $rows.options = @(
                '--limit|-|At most so many'
                '--after|-|The page after the record with this id'
                '--fields|fields.identity,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Whose; without it, everybody''s'
            )
        }
        'users create-identity' {
            $rows.options = @(
                '--email|-|The email it has there'
                '--email-verified||The provider has verified that email: the user holds it here'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.identity,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--provider|Where the account is: google, github, .'
                '-|--provider-uid|Its id there'
            )
        }
        'users delete-identity' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@identities|--identity-id|As `authctl users list-identities` shows it'
            )
        }
        'users list-memberships' {
            $rows.options = @(
                '--search|-|Beginnings of words in the team''s id and name'
                '--filter|-|''FIELD OP VALUE'', as in ''roles ~ maths'' or ''status = pending'''
                '--sort|-|- is descending'
                '--limit|-|At most so many; 25 unless given'
                '--all||All of them, streamed'
                '--after|-|The page after the record with this id'
                '--before|-|The page before the record with this id'
                '--count||Only say how many there are'
                '--fields|fields.membership,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users list-roles' {
            $rows.options = @(
                '--can|-|Exit with 6 where the user does not hold this permission'
                '--fields|fields.role,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'users import' {
            $rows.options = @(
                '--from|sources|Where the file comes from: authctl, csv, json, appwrite, supabase, firebase, auth0, keycloak,...'
                '--map|-|Which column of a CSV, or path in JSON, holds a field: email=E-Mail,name=''Full Name'',id=_id.$oid'
                '--hash-format|hashes|What the password column or field holds: the name of a hash, or plain; none leaves it out'
                '--delimiter|-|The character between the cells of a CSV'
                '--encoding|-|The encoding of the files: latin-1, .'
                '--hash-config|/|Firebase''s password hash parameters, as its console shows them'
                '--source-option|-|An option of the source; `authctl help formats` lists them'
                '--on-conflict|on-conflict|If the user already exists with different data: refuse the record (the default), skip it, or...'
                '--match|match|Find existing users by this field (default: the first that the record has, then its username)'
                '--weak-hashes|weak-hashes|Keep hashes that are fast to guess, wrap them in argon2id, or leave them out (reset)'
                '--weak-passwords|weak-passwords|Keep plain passwords that your policy does not accept, have them changed at the next sign-in, or...'
                '--check-policy||The same as --weak-passwords refuse'
                '--mark-unverified||Import every address as not verified, whatever the file says'
                '--addresses|addresses|Who entered the emails, phones and usernames that are not verified: you (given) or each user...'
                '--phone-region|-|Read phones without + as numbers of this country: DE, US, ..'
                '--force||Also skip or update users who are found by what they entered themselves and never verified'
                '--teams||Import memberships too, and make missing teams'
                '--check-password|@users|First try the settings of the hashes on the password of this user of the file, which is asked for'
                '--password-stdin||Read the password of --check-password from stdin: one line'
                '--resume|@imports|Resume this import (default: an unfinished import of the same files)'
                '--max-errors|-|Stop when more than N records are refused; 0 or more'
                '--max-lost|-|Stop when more than N values are left out; 0 or more'
                '--strict||Refuse a record rather than leave out a value that cannot be taken'
                '--report|/|Write a JSON line about each record with a problem to this new file'
                '--rejects|/|Write the refused records as they were to this new file, to correct and import again'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.import,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/...||The file of the users, then the files that belong to it: Auth0''s passwords; Supabase''s...'
            )
        }
        'users list-imports' {
            $rows.options = @(
                '--limit|-|At most so many'
                '--after|-|The page after the record with this id'
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
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.undone-import,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@imports|--import-id|As `authctl users list-imports` shows it'
            )
        }
        'users export' {
            $rows.options = @(
                '--format|format|authctl, csv, appwrite, supabase, firebase, auth0, keycloak, django, htpasswd, ldif'
                '--with-hashes||Let password hashes leave, and with them the keys that some need'
                '--with-secrets||Let the secrets of authenticator apps leave, in clear'
                '--target-option|-|What else the format can be told: `authctl help formats` lists it'
                '--file|/|'
                '--search|-|Beginnings of words in id, username, name, email and phone'
                '--filter|-|''FIELD OP VALUE'''
                '--sort|-|- is descending'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.export,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/||A new file, which only you can read; compressed where it ends in .gz'
            )
        }
        'teams' {
            $rows.commands = @(
                'create|Make a team'
                'list|List teams'
                'get|Show one team'
                'delete|Remove a team and its memberships'
                'update-name|Change the name of a team'
                'get-prefs|Show the preferences of a team'
                'update-prefs|Replace the preferences of a team'
                'create-membership|Make a user a member of a team at once, or invite one'
                'list-memberships|List who belongs to a team, invitations too'
                'get-membership|Show one membership of a team'
                'update-membership|Replace the roles of a membership; or add some, and take others away'
                'update-membership-status|Accept an invitation with its secret'
                'delete-membership|Remove a member from a team, or withdraw an invitation'
            )
        }
        'teams create' {
            $rows.options = @(
                '--id|-|The id; without it, or as unique(), one is made'
                '--team-id|-|The id; without it, or as unique(), one is made'
                '--roles|-|The owner''s roles beside owner'
                '--owner|@users|Who becomes a confirmed member, and its owner'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.team,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '-|--name|1 to 128 characters; names may repeat'
            )
        }
        'teams list' {
            $rows.options = @(
                '--search|-|Beginnings of words in id and name'
                '--filter|-|''FIELD OP VALUE'''
                '--sort|-|- is descending'
                '--limit|-|At most so many; 25 unless given'
                '--all||All of them, streamed'
                '--after|-|The page after the record with this id'
                '--before|-|The page before the record with this id'
                '--count||Only say how many there are'
                '--fields|fields.team,|Only these fields, in this order'
            )
        }
        'teams get' {
            $rows.options = @(
                '--fields|fields.team,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
            )
        }
        'teams delete' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
            )
        }
        'teams update-name' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.team,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
                '-|--name|1 to 128 characters'
            )
        }
        'teams get-prefs' {
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
            )
        }
        'teams update-prefs' {
            $rows.options = @(
                '--merge||Change the given keys only; null removes one'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
                '-|--prefs|An object, at most 65,535 bytes'
            )
        }
        'teams create-membership' {
            $rows.options = @(
                '--user-id|@users|The user; where --email or --phone makes one, its id'
                '--email|@emails|The user with this email; where there is none, one is made'
                '--phone|@phones|The user with this phone; where there is none, one is made'
                '--roles|-|Repeatable; takes commas'
                '--name|-|The name of a user who is made'
                '--invite||Send an invitation, which the user accepts; again, to renew it'
                '--url|-|Where the link in the message leads; the setting allowed_redirects names its host'
                '--print-secret||Invite, and show the secret instead of sending it: you carry it there'
                '--users-from|/|Many: ids, emails or phones, one a line, from a file or stdin, each its own unit of work'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
            )
        }
        'teams list-memberships' {
            $rows.options = @(
                '--search|-|Beginnings of words in the user''s id, name, email and phone'
                '--filter|-|''FIELD OP VALUE'', as in ''roles ~ maths'' or ''status = pending'''
                '--sort|-|- is descending'
                '--limit|-|At most so many; 25 unless given'
                '--all||All of them, streamed'
                '--after|-|The page after the record with this id'
                '--before|-|The page before the record with this id'
                '--count||Only say how many there are'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
            )
        }
        'teams get-membership' {
            $rows.options = @(
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
                '@memberships|--membership-id|Its id, or whatever names its user'
            )
        }
        'teams update-membership' {
            $rows.options = @(
                '--add|-|Add these'
                '--remove|-|Take these away'
                '--force||Also where that leaves the team without an owner; the audit log has it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
                '@memberships|--membership-id|Its id, or whatever names its user'
                '-...|--roles|The roles it shall have; --roles '''' takes all away'
            )
        }
        'teams update-membership-status' {
            $rows.options = @(
                '--secret-stdin||Read the invitation''s secret from stdin: one line'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.membership2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
                '@memberships|--membership-id|Its id, or whatever names its user'
                '@users|--user-id|Who accepts: id, email, phone or username'
            )
        }
        'teams delete-membership' {
            $rows.options = @(
                '--force||Also where that leaves the team without an owner; the audit log has it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
                '@memberships|--membership-id|Its id, or whatever names its user'
            )
        }
        'sessions' {
            $rows.commands = @(
                'create|Sign in'
                'get|Say who is signed in'
                'update|Extend the session by the policy''s duration, from now'
                'delete|Sign out'
                'create-jwt|Make a JWT that stands for the session, for programs that check signatures'
                'verify-jwt|Check a JWT'
            )
        }
        'sessions create' {
            $rows.options = @(
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--password|-|The password itself'
                '--identity|- -|An identity that the application has verified'
                '--email|-|Its email, with --identity'
                '--email-verified||The provider has verified that email'
                '--anonymous||Make an account without credentials'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.session2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users||Id, email, phone or username'
            )
        }
        'sessions get' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin'
                '--fields|fields.person,|Only these fields, in this order'
            )
        }
        'sessions update' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.session,|Only these fields, in this order'
            )
        }
        'sessions delete' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
        }
        'sessions create-jwt' {
            $rows.options = @(
                '--secret-stdin||Read the session''s secret from stdin'
                '--duration|-|At most an hour: 900, 15m, 1h'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.jwt,|Only these fields, in this order'
            )
        }
        'sessions verify-jwt' {
            $rows.options = @(
                '--secret-stdin||Read the JWT from stdin'
                '--audience|-|Whom it must be for; by default the policy says'
                '--fields|fields.claims,|Only these fields, in this order'
            )
        }
        'tokens' {
            $rows.commands = @(
                'create|Make a token that signs a user in, to be handed over'
                'create-email|Send a code to an email that signs in with it; make the account where there is none'
                'create-phone|Send a code to a phone that signs in with it; make the account where there is none'
                'create-magic-url|Send a link to an email that signs in with it; make the account where there is none'
                'create-email-verification|Send a code or link to a user''s email that verifies it'
                'create-phone-verification|Send a code to a user''s phone that verifies it'
                'create-recovery|Send a code or link to a user''s email that sets a new password'
                'create-email-change|Send a code or link to a new email; redeemed, it makes that the account''s'
                'create-phone-change|Send a code to a new phone; redeemed, it makes that the account''s'
                'redeem|Redeem a code or secret'
                'list|List a user''s live tokens, the newest first, with the attempts that are left'
                'delete|End a token before its time'
                'purge|Remove tokens that have been dead for a day, some at a time'
            )
        }
        'tokens create' {
            $rows.options = @(
                '--length|-|Hexadecimal digits, 5 to 128'
                '--expire|-|How long it lives: 900, 15m, 1d'
                '--force||Also if a person typed in the address or username, and nobody has proved to own it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'tokens create-email' {
            $rows.options = @(
                '--phrase||Show two words here and in the message, for the person to compare'
                '--id|-|The id of an account that is made; else it is ignored'
                '--user-id|-|The id of an account that is made; else it is ignored'
                '--locale|-|The language of an account that is made; else it is ignored'
                '--no-create||Make no account; exit with 4 where there is none'
                '--print-secret||Show the secret here, and send nothing'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@emails|--email|Where it goes'
            )
        }
        'tokens create-phone' {
            $rows.options = @(
                '--channel|channel|How it is sent'
                '--id|-|The id of an account that is made; else it is ignored'
                '--user-id|-|The id of an account that is made; else it is ignored'
                '--locale|-|The language of an account that is made; else it is ignored'
                '--no-create||Make no account; exit with 4 where there is none'
                '--print-secret||Show the secret here, and send nothing'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@phones|--phone|Where it goes, with + and the calling code'
            )
        }
        'tokens create-magic-url' {
            $rows.options = @(
                '--url|-|Where the link leads; the setting allowed_redirects names its host'
                '--phrase||Show two words here and in the message, for the person to compare'
                '--id|-|The id of an account that is made; else it is ignored'
                '--user-id|-|The id of an account that is made; else it is ignored'
                '--locale|-|The language of an account that is made; else it is ignored'
                '--no-create||Make no account; exit with 4 where there is none'
                '--print-secret||Show the secret here, and send nothing'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@emails|--email|Where it goes'
            )
        }
        'tokens create-email-verification' {
            $rows.options = @(
                '--url|-|Where the link leads; the setting allowed_redirects names its host'
                '--print-secret||Show the secret here, and send nothing'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'tokens create-phone-verification' {
            $rows.options = @(
                '--channel|channel|How it is sent'
                '--print-secret||Show the secret here, and send nothing'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'tokens create-recovery' {
            $rows.options = @(
                '--url|-|Where the link leads; the setting allowed_redirects names its host'
                '--print-secret||Show the secret here, and send nothing'
                '--quiet-unknown||Give the same answer whether or not the user exists'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'tokens create-email-change' {
            $rows.options = @(
                '--url|-|Where the link leads; the setting allowed_redirects names its host'
                '--print-secret||Show the secret here, and send nothing'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--email|The new one'
            )
        }
        'tokens create-phone-change' {
            $rows.options = @(
                '--channel|channel|How it is sent'
                '--print-secret||Show the secret here, and send nothing'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--phone|The new one'
            )
        }
        'tokens redeem' {
            $rows.options = @(
                '--kind|kind|Which token is meant; needed where more than one kind is live: token, email, phone, magic-url,...'
                '--id|@tokens|Which token is meant, by its id'
                '--token-id|@tokens|Which token is meant, by its id'
                '--secret-stdin||Read the code or secret from stdin: one line'
                '--new-password-stdin||Read a recovery''s new password from stdin: the next line'
                '--new-account||If an unverified address is on somebody else''s account: take it off, and make one'
                '--code|-|Of a recovery, where two factors are asked for: of the authenticator, or a recovery code'
                '--challenge|@tokens|The token of `authctl tokens create-phone` that --code is of instead'
                '--keep||Of a recovery: leave identities and authenticators that nothing has confirmed'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'tokens list' {
            $rows.options = @(
                '--all||Those that are over too, and why, until they are purged'
                '--fields|fields.listed-token,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'tokens delete' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '@tokens|--token-id|As `authctl tokens list` shows it'
            )
        }
        'tokens purge' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.tokens-purge,|Only these fields, in this order'
            )
        }
        'mfa' {
            $rows.commands = @(
                'status|Show whether signing in asks a user for a second factor, and which factors the user has'
                'list-factors|List what a user can complete a sign-in with'
                'enable|Ask a user for two factors from now on'
                'disable|Ask a user for one factor from now on; those that are set up stay'
                'reset|Let in a user who has lost every second factor'
                'create-authenticator|Make the secret for an authenticator app'
                'verify-authenticator|Verify a new authenticator by a code that it shows'
                'delete-authenticator|Remove an authenticator'
                'create-recovery-codes|Make six recovery codes'
                'regenerate-recovery-codes|Make six new recovery codes, and end the old ones'
                'create-challenge|Begin the second step of a sign-in'
                'complete-challenge|Complete a sign-in with a code'
            )
        }
        'mfa status' {
            $rows.options = @(
                '--fields|fields.mfa-status,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa list-factors' {
            $rows.options = @(
                '--fields|fields.factor,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa enable' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa disable' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa reset' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.user,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa create-authenticator' {
            $rows.options = @(
                '--name|-|What to call it, where a user has several'
                '--qr-file|/|Write the QR code into a new .svg or .png file; draw none'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.authenticator,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa verify-authenticator' {
            $rows.options = @(
                '--name|@authenticators|Which authenticator, where a user has several'
                '--secret-stdin||Read the code from stdin: one line, behind the session''s secret where that is there'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.factor,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
                '-|--otp|What the app shows, or what was sent; asked for without it'
            )
        }
        'mfa delete-authenticator' {
            $rows.options = @(
                '--name|@authenticators|Which authenticator, where a user has several'
                '--force||Also where it is the only second factor: one is then enough, unless the policy says otherwise'
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.deletion,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa create-recovery-codes' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.recovery-codes,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa regenerate-recovery-codes' {
            $rows.options = @(
                '--password-stdin||With --as-session: read the person''s current password from stdin'
                '--code|-|With --as-session: a code of the person''s authenticator, or a recovery code'
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.recovery-codes,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
            )
        }
        'mfa create-challenge' {
            $rows.options = @(
                '--factor|factor|What is to complete the sign-in, another than began it: totp, email, phone or recovery_code;...'
                '--secret-stdin||Read the session''s secret from stdin'
                '--print-secret||Show the secret here, and send nothing'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.challenge,|Only these fields, in this order'
            )
        }
        'mfa complete-challenge' {
            $rows.options = @(
                '--secret-stdin||Read the code from stdin: one line, behind the session''s secret where that is there'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.session2,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '@challenges|--challenge-id|The id that `authctl mfa create-challenge` answered'
                '-|--otp|What the app shows, or what was sent; asked for without it'
            )
        }
        'security' {
            $rows.commands = @(
                'show|Show the policies that hold'
                'set|Set a policy'
                'reset|Give policies their defaults again'
                'apply|Set the policies of a file, or all policies as a preset has them, and show what differs from before'
                'check-password|Say what a password would get'
                'check|Say what is weak here, the worst first, each with the command that mends it'
                'purge|Clear what is dead'
                'unlock-source|Let people sign in from an address again at once, where too many wrong attempts have locked it'
                'list-logs|Show what happened, the newest first'
                'verify-logs|Find out whether the audit log was changed by anybody but authctl, and seal it where it was not'
                'test-delivery|Send a message that says that it is a test, and show what the server or provider answered'
                'create-mock-phone|Make a number for tests'
                'list-mock-phones|List the mock phone numbers with their codes'
                'delete-mock-phone|Make a number an ordinary one again, which messages are sent to'
                'show-jwks|Show the public keys that JWTs are signed with, as other programs read them (a JWKS, RFC 7517)'
                'rotate-key|Seal every secret with a new secret key, or with --jwt sign JWTs with a new key'
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
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.policy,|Only these fields, in this order'
                '--profile|policies|The profile of the configuration to use'
            )
            $rows.arguments = @(
                'policies||As `authctl help policies` lists them'
                'policy.*||Its new value; the same page has its range'
            )
        }
        'security reset' {
            $rows.options = @(
                '--all||All of them'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.policy,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'policies...||The policies'
            )
        }
        'security apply' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.difference,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'presets/||A TOML file, - for stdin, or a preset: recommended, appwrite, supabase'
            )
        }
        'security check-password' {
            $rows.options = @(
                '--user|@users|Whose personal data it must not hold'
                '--password-stdin||Read the password from stdin: one line'
                '--password-fd|-|Read the password from this file descriptor'
                '--fields|fields.password-report,|Only these fields, in this order'
            )
        }
        'security check' {
            $rows.options = @(
                '--fail-on|fail-on|Exit status 3 where something as bad, or worse, is found'
                '--sarif|/|Write SARIF 2.1.0 into a new file; - for stdout, and nothing else there'
                '--fields|fields.finding,|Only these fields, in this order'
            )
        }
        'security purge' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.purge,|Only these fields, in this order'
            )
        }
        'security unlock-source' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.source,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '-|--address|An IP address, as `authctl security list-logs` shows it'
            )
        }
        'security list-logs' {
            $rows.options = @(
                '--user|@users|About this user; by id a deleted one too'
                '--event|events,|Of these names; * is any part, as in ''users.*'''
                '--actor|-|By this actor, exactly'
                '--since|-|Not before: 2h (ago), today, 2026-01-31, .'
                '--until|-|Before that time'
                '--limit|-|At most so many'
                '--after|-|The page after the record with this id'
                '--all||Without a limit, streamed'
                '--follow||The oldest first, and then what happens, until Ctrl-C'
                '--fields|fields.event,|Only these fields, in this order'
            )
        }
        'security verify-logs' {
            $rows.options = @(
                '--expect|-|A seal from earlier, kept elsewhere: the log must still have it'
                '--all||Read the whole log, not only what is new'
                '--accept||Take the log as it is, with what is wrong, as what it is held to from now on'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.verification-of-the-log,|Only these fields, in this order'
            )
        }
        'security test-delivery' {
            $rows.options = @(
                '--locale|-|The language to write it in: de, pt-BR'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.receipt,|Only these fields, in this order'
            )
            $rows.arguments = @(
                'channel2||How it is sent'
                '-||An email or a phone'
            )
        }
        'security create-mock-phone' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
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
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
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
                '--jwt||The key that JWTs are signed with, not the secret key'
                '--forget||With --jwt: take no JWT of the older keys any more, as after a leak'
                '--algorithm|algorithm|With --jwt: what the new key signs with'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.rotation,|Only these fields, in this order'
            )
        }
        'init' {
            $rows.options = @(
                '--application-name|-|What mails call your application; written to the configuration file'
                '--fields|fields.directory,|Only these fields, in this order'
            )
        }
        'upgrade' {
            $rows.options = @(
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.upgrade,|Only these fields, in this order'
            )
        }
        'status' {
            $rows.options = @(
                '--picture||With a picture of the directory'
                '--fields|fields.status,|Only these fields, in this order'
            )
        }
        'backup' {
            $rows.options = @(
                '--keep|-|Name the backup by its time in the folder FILE, read it back, and then remove all but the last N...'
                '--with-key||Put the secret key in: whoever reads the file then reads every secret in it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.backup,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/||A new file; none is overwritten'
            )
        }
        'restore' {
            $rows.options = @(
                '--unsigned||Take a backup that may have been changed: nothing proves who wrote it'
                '--dry-run||Show what would be done, and do nothing'
                '--reason|-|Why, for the audit log'
                '--ip|-|Where a person''s request came from'
                '--user-agent|-|What a person''s client calls itself'
                '--fields|fields.restored-backup,|Only these fields, in this order'
            )
            $rows.arguments = @(
                '/||What `authctl backup` wrote'
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
        '--json||The same as -o json'
        '--fields|-|Only these fields, in this order'
        '--csv-raw||CSV without the guard against formulas, to read back in'
        '-q||Print only what was asked for, warnings and errors'
        '--quiet||Print only what was asked for, warnings and errors'
        '-y||Do not ask before what cannot be undone'
        '--yes||Do not ask before what cannot be undone'
        '--as-session||Act as the person whose session''s secret AUTHCTL_SESSION, or the first line of stdin, holds'
        '--database|-|sqlite:///PATH or postgresql://USER@HOST/NAME'
        '--config|/|The configuration file to read instead of yours'
        '--profile|@profiles|The profile of the configuration to use'
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
            'csv|any CSV with a first row that names its columns'
            'json|any JSON or JSON Lines, such as mongoexport''s; --map says which field is what'
            'appwrite|Appwrite''s users, and with them identities, teams and memberships'
            'supabase|auth.users as CSV or JSON with identities and mfa_factors, or the Admin API''s users'
            'firebase|firebase auth:export as JSON or CSV, or users of the admin SDK or Identity Toolkit'
            'auth0|users of an export or the Management API, with the password file; the bulk import''s form'
            'keycloak|a realm or users file of kc.sh export, or the users of its REST API'
            'cognito|list-users or admin-get-user as JSON, or the import job''s CSV'
            'okta|the users of Okta''s API, or its CSV template'
            'clerk|the dashboard''s CSV, or users of Clerk''s API or JavaScript SDK'
            'django|dumpdata as JSON or XML, or the auth_user table as CSV'
            'kratos|the identities of Ory Kratos'' admin API or CLI, or a batch that makes them'
            'wordpress|wp-cli''s user list or user get as CSV or JSON, or wp_users as CSV'
            'htpasswd|a password file of Apache or nginx'
            'ldif|slapcat, ldapsearch -LLL, or ldifde of Active Directory'
        }
        'hashes' {
            'argon2|argon2i, argon2d, argon2id in PHC form'
            'bcrypt|bcrypt: $2a$, $2b$, $2y$'
            'bcrypt-2x|bcrypt of crypt_blowfish before 1.1: $2x$, good for ASCII passwords alone'
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
            'user-limit|How many accounts there may be before sign-ups are refused; operators make more'
            'sign-in-methods|How people may sign in and sign up; operators still make sessions'
            'require-verified|Which address people must verify before they can do anything else in a session'
            'email-domains|The domains of emails that people may sign up with or change to; operators may use any'
            'session-limit|How many sessions a user has at once; the oldest goes'
            'session-duration|How long a session lives; sessions that exist keep their end'
            'session-idle-timeout|How long a session lives without being used'
            'session-max-age|How long a session lives in all, however often it is extended'
            'recent-sign-in|How long after a sign-in people may change factors, password and addresses without giving it again'
            'session-invalidation|Whether a new password that a person sets ends the other sessions'
            'session-alerts|Whether users get a mail about a sign-in from a new source, unless by mail or a provider'
            'password-min-length|The fewest characters of a new password'
            'password-history|How many of the last passwords may not come back'
            'password-dictionary|Whether the 10,000 most common passwords are refused'
            'password-personal-data|Whether passwords with the user''s id, email, name, username or phone are refused'
            'password-strength|Kinds of characters that every new password needs'
            'password-context-words|Words that no new password may hold, such as the product''s name'
            'password-breached-file|A sorted file of SHA-1 hashes by Have I Been Pwned; passwords in it are refused'
            'generated-password-expiry|How long a generated password works unless it is changed; those that exist keep their end'
            'memberships-privacy|What members of a team do not see of each other'
            'sign-in-attempts|How many wrong attempts lock an account'
            'source-attempts|How many wrong attempts, at any accounts, lock a source'
            'sign-in-window|In what time wrong attempts are counted together'
            'sign-in-lockout|How long a lock lasts; each further one doubles, up to a day, except for known sources'
            'trusted-sources|Addresses and networks of proxies, which are never locked or limited as one source'
            'known-source-expiry|How long a source stays known to an account after a sign-in'
            'otp-length|How many digits a one-time code has'
            'otp-expiry|How long a one-time code works'
            'otp-interval|How long to wait before a code is sent again'
            'otp-attempts|How many wrong attempts end a code'
            'otp-hourly-limit|How many messages an address gets in an hour'
            'person-hourly-limit|How many mails, and how many SMS, one signed-in person can send in an hour'
            'source-hourly-limit|How many mails, and how many SMS, one source can have sent in an hour'
            'email-hourly-limit|How many mails are sent in an hour, in all; a quarter is reserved for recoveries and challenges'
            'sms-hourly-limit|How many SMS are sent in an hour, in all; a quarter is reserved for challenges'
            'creation-hourly-limit|How many accounts, and how many teams, one person or source can make in an hour'
            'sms-countries|The countries and areas that SMS are sent to'
            'magic-url-expiry|How long a magic URL works'
            'verification-expiry|How long the verification of an address works'
            'verification-needs-session|Whether people must be signed in to confirm an address that they gave themselves'
            'recovery-expiry|How long a recovery works'
            'token-expiry|How long a token made by an operator works'
            'invite-expiry|How long an invitation to a team works'
            'change-needs-old|What the old email or phone can do about a change: nothing, cancel it, or confirm it first'
            'mfa-factors|The second factors that may be used'
            'mfa-required|Who must use a second factor'
            'challenge-expiry|How long the challenge of a second factor works'
            'jwt-issuer|The issuer (iss) that JWTs name'
            'jwt-audience|The audience (aud) that JWTs name'
            'reason-required|Whether operators must say why (--reason) when they block, delete, label or change a rule'
            'log-retention|How long the audit log is kept; off keeps it for ever'
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
            'asvs|The security statement: OWASP ASVS 5.0, and what shows each requirement'
            'backup|Backups, restoring, upgrades, and the key'
            'errors|Exit statuses, types of errors, and how errors are written'
            'events|The audit log, and how to notice that it was changed'
            'export|How to write users for other systems, and for authctl itself'
            'formats|What can be imported, exported and taken for a hash'
            'import|How to import users, with their passwords'
            'messages|How to write mails and text messages yourself'
            'options|The options that commands share, and how to name users'
            'output|How results are written, and what a script can rely on'
            'policies|Every security policy, its range and its default'
            'postgres|How to use a Postgres database'
            'sample-config|Every setting, as a configuration file to begin with'
            'secrets|How passwords, codes and keys go in and out'
            'security|What protects accounts, and what to do in an emergency'
            'settings|Configuration files, profiles, variables, every setting'
            'shapes|What JSON answers hold, field by field'
            'sharing|How several administrators use one SQLite file'
            'teams|Teams, memberships, roles and invitations'
            'tokens|Codes and links by mail or SMS, changes of addresses, and JWTs'
            'users|Make, find, change and remove accounts'
            'teams|Make teams, invite and remove members, give them roles'
            'sessions|Sign in, ask who is signed in, sign out'
            'tokens|Send codes and links that sign in, verify and change; redeem them'
            'mfa|Ask for a second factor: authenticators, recovery codes, challenges'
            'security|Policies, the audit log, what a password would get'
            'init|Make a directory in an empty database, and its key'
            'upgrade|Bring the database''s schema up to this authctl'
            'status|Show which database this is, and how it is doing'
            'backup|Save the whole directory into a new file'
            'restore|Put a backup into an empty database'
            'completion|Complete words in bash, zsh, fish and PowerShell'
            'help|Explain a topic or a command'
        }
        'help.users' {
            'create|Make an account'
            'list|List accounts'
            'get|Show one account'
            'delete|Remove an account and all its data'
            'list-logs|Show what was done to an account, the newest first'
            'update-name|Change the name of a user'
            'update-username|Change the username of a user'
            'update-locale|Change the language that a user gets messages in'
            'update-labels|Replace the labels; or add some, and take others away'
            'get-prefs|Show the preferences of a user'
            'update-prefs|Replace the preferences of a user'
            'update-metadata|Replace what operators keep about a user'
            'update-email|Change the email of a user'
            'update-email-verification|Say whether the email is known to be theirs'
            'update-phone|Change the phone of a user'
            'update-phone-verification|Say whether the phone is known to be theirs'
            'update-password|Set a new password'
            'verify-password|Check a password'
            'require-password-change|Have a user choose a new password'
            'wrap-password|Put an imported hash that is fast to guess at inside argon2id'
            'update-status|Block an account, at once or until a time; or let it in again'
            'unlock|Forget the wrong attempts at an account, so that it can be signed in to at once'
            'secure|Give a taken account back'
            'list-sessions|List where a user is signed in, the newest first'
            'create-session|Make a session for a user without a password, as the server'
            'delete-session|End one session of a user'
            'delete-sessions|End all sessions of a user, or with --all everybody''s'
            'list-identities|List the accounts elsewhere of a user, or of all, the oldest first'
            'create-identity|Link an account elsewhere to a user, who can then sign in with it'
            'delete-identity|Unlink an account elsewhere'
            'list-memberships|List the teams that a user belongs to or is invited to, the newest first'
            'list-roles|List the role strings of a user, as permissions name them'
            'import|Import users, passwords included'
            'list-imports|List imports, the newest first'
            'import-status|Show how many users still have an imported hash, by algorithm and age'
            'undo-import|Remove the users that an import made, and restore those whom it changed'
            'export|Write users as another system takes them, the oldest first'
        }
        'help.teams' {
            'create|Make a team'
            'list|List teams'
            'get|Show one team'
            'delete|Remove a team and its memberships'
            'update-name|Change the name of a team'
            'get-prefs|Show the preferences of a team'
            'update-prefs|Replace the preferences of a team'
            'create-membership|Make a user a member of a team at once, or invite one'
            'list-memberships|List who belongs to a team, invitations too'
            'get-membership|Show one membership of a team'
            'update-membership|Replace the roles of a membership; or add some, and take others away'
            'update-membership-status|Accept an invitation with its secret'
            'delete-membership|Remove a member from a team, or withdraw an invitation'
        }
        'help.sessions' {
            'create|Sign in'
            'get|Say who is signed in'
            'update|Extend the session by the policy''s duration, from now'
            'delete|Sign out'
            'create-jwt|Make a JWT that stands for the session, for programs that check signatures'
            'verify-jwt|Check a JWT'
        }
        'help.tokens' {
            'create|Make a token that signs a user in, to be handed over'
            'create-email|Send a code to an email that signs in with it; make the account where there is none'
            'create-phone|Send a code to a phone that signs in with it; make the account where there is none'
            'create-magic-url|Send a link to an email that signs in with it; make the account where there is none'
            'create-email-verification|Send a code or link to a user''s email that verifies it'
            'create-phone-verification|Send a code to a user''s phone that verifies it'
            'create-recovery|Send a code or link to a user''s email that sets a new password'
            'create-email-change|Send a code or link to a new email; redeemed, it makes that the account''s'
            'create-phone-change|Send a code to a new phone; redeemed, it makes that the account''s'
            'redeem|Redeem a code or secret'
            'list|List a user''s live tokens, the newest first, with the attempts that are left'
            'delete|End a token before its time'
            'purge|Remove tokens that have been dead for a day, some at a time'
        }
        'help.mfa' {
            'status|Show whether signing in asks a user for a second factor, and which factors the user has'
            'list-factors|List what a user can complete a sign-in with'
            'enable|Ask a user for two factors from now on'
            'disable|Ask a user for one factor from now on; those that are set up stay'
            'reset|Let in a user who has lost every second factor'
            'create-authenticator|Make the secret for an authenticator app'
            'verify-authenticator|Verify a new authenticator by a code that it shows'
            'delete-authenticator|Remove an authenticator'
            'create-recovery-codes|Make six recovery codes'
            'regenerate-recovery-codes|Make six new recovery codes, and end the old ones'
            'create-challenge|Begin the second step of a sign-in'
            'complete-challenge|Complete a sign-in with a code'
        }
        'help.security' {
            'show|Show the policies that hold'
            'set|Set a policy'
            'reset|Give policies their defaults again'
            'apply|Set the policies of a file, or all policies as a preset has them, and show what differs from before'
            'check-password|Say what a password would get'
            'check|Say what is weak here, the worst first, each with the command that mends it'
            'purge|Clear what is dead'
            'unlock-source|Let people sign in from an address again at once, where too many wrong attempts have locked it'
            'list-logs|Show what happened, the newest first'
            'verify-logs|Find out whether the audit log was changed by anybody but authctl, and seal it where it was not'
            'test-delivery|Send a message that says that it is a test, and show what the server or provider answered'
            'create-mock-phone|Make a number for tests'
            'list-mock-phones|List the mock phone numbers with their codes'
            'delete-mock-phone|Make a number an ordinary one again, which messages are sent to'
            'show-jwks|Show the public keys that JWTs are signed with, as other programs read them (a JWKS, RFC 7517)'
            'rotate-key|Seal every secret with a new secret key, or with --jwt sign JWTs with a new key'
        }
    }
}
