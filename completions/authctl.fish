# Completion of authctl in fish. Generated from its commands by `authctl completion fish`: do not edit.
#
# Words and options are all here. Ids and names are asked of authctl, which reads them from the database; what it
# answers is compared as text and never evaluated. AUTHCTL_COMPLETE_DATA=0 keeps it from being asked.

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

# Set the commands (WORD|HELP), options (WORD|SPECS|HELP) and arguments (SPEC|FLAG|HELP) of a command.
function __authctl_load
    set -g __authctl_commands
    set -g __authctl_options
    set -g __authctl_arguments
    switch $argv[1]
        case ''
            set __authctl_commands \
                'users|Make, find, change and remove accounts' \
                'teams|Make teams, invite and remove members, give them roles' \
                'sessions|Sign in, ask who is signed in, sign out' \
                'tokens|Send codes and links that sign in, verify and change; redeem them' \
                'mfa|Ask for a second factor: authenticators, recovery codes, challenges' \
                'security|Policies, the audit log, what a password would get' \
                'init|Make a directory in an empty database, and its key' \
                'upgrade|Bring the database\'s schema up to this authctl' \
                'status|Show which database this is, and how it is doing' \
                'backup|Save the whole directory into a new file' \
                'restore|Put a backup into an empty database' \
                'completion|Complete words in bash, zsh, fish and PowerShell' \
                'help|Explain a topic or a command'
            set __authctl_options \
                '--version||Show the version and exit'
        case 'users'
            set __authctl_commands \
                'create|Make an account' \
                'list|List accounts' \
                'get|Show one account' \
                'delete|Remove an account and all its data' \
                'list-logs|Show what was done to an account, the newest first' \
                'update-name|Change the name of a user' \
                'update-username|Change the username of a user' \
                'update-locale|Change the language that a user gets messages in' \
                'update-labels|Replace the labels; or add some, and take others away' \
                'get-prefs|Show the preferences of a user' \
                'update-prefs|Replace the preferences of a user' \
                'update-metadata|Replace what operators keep about a user' \
                'update-email|Change the email of a user' \
                'update-email-verification|Say whether the email is known to be theirs' \
                'update-phone|Change the phone of a user' \
                'update-phone-verification|Say whether the phone is known to be theirs' \
                'update-password|Set a new password' \
                'verify-password|Check a password' \
                'require-password-change|Have a user choose a new password' \
                'wrap-password|Put an imported hash that is fast to guess at inside argon2id' \
                'update-status|Block an account, at once or until a time; or let it in again' \
                'unlock|Forget the wrong attempts at an account, so that it can be signed in to at once' \
                'secure|Give a taken account back' \
                'list-sessions|List where a user is signed in, the newest first' \
                'create-session|Make a session for a user without a password, as the server' \
                'delete-session|End one session of a user' \
                'delete-sessions|End all sessions of a user, or with --all everybody\'s' \
                'list-identities|List the accounts elsewhere of a user, or of all, the oldest first' \
                'create-identity|Link an account elsewhere to a user, who can then sign in with it' \
                'delete-identity|Unlink an account elsewhere' \
                'list-memberships|List the teams that a user belongs to or is invited to, the newest first' \
                'list-roles|List the role strings of a user, as permissions name them' \
                'import|Import users, passwords included' \
                'list-imports|List imports, the newest first' \
                'import-status|Show how many users still have an imported hash, by algorithm and age' \
                'undo-import|Remove the users that an import made, and restore those whom it changed' \
                'export|Write users as another system takes them, the oldest first'
        case 'users create'
            set __authctl_options \
                '--id|-|The id; without it, or as unique(), one is made' \
                '--user-id|-|The id; without it, or as unique(), one is made' \
                '--username|-|A name to sign in with, unique ignoring case' \
                '--email|-|Kept in lower case; only one account can have it' \
                '--phone|-|With + and the country\'s calling code' \
                '--name|-|At most 128 characters' \
                '--labels|-|Repeatable; takes commas' \
                '--prefs|-|The user\'s own preferences: an object' \
                '--metadata|-|What operators keep about the user: an object' \
                '--locale|-|The language of messages to them: de, pt-BR, zh-Hant' \
                '--email-verified||The email is known to be theirs' \
                '--phone-verified||The phone is known to be theirs' \
                '--blocked||Nobody can sign in to it yet' \
                '--if-absent||Where one with this id, username, email or phone exists, answer with it as it is' \
                '--force||With --if-absent: also if a person typed in the address or username, and nobody has proved it' \
                '--password-stdin||Read the password from stdin: one line' \
                '--password-fd|-|Read the password from this file descriptor' \
                '--password|-|The password itself' \
                '--ask-password||Ask for the password, twice, without showing it' \
                '--generate-password||Make a password, show it once, have it changed at the next sign-in' \
                '--keep||With --generate-password, for a service account: the password need not be changed, and never expires' \
                '--must-change||The password must be changed at the next sign-in' \
                '--password-hash|-|Another system\'s hash instead of a password' \
                '--password-hash-stdin||Read the hash from stdin: one line' \
                '--hash|hashes|What made the hash, where it does not say so itself: bcrypt, md5, django, ..' \
                '--hash-option|-|What the hash was made with: salt=..., rounds=.' \
                '--weak-hash|weak-hash|What becomes of a hash that is fast to guess at: it is kept, put inside argon2id, or left out' \
                '--self-service||A sign-up by the person: the user limit and its rules apply' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
        case 'users list'
            set __authctl_options \
                '--search|-|Beginnings of words in id, username, name, email and phone' \
                '--filter|-|\'FIELD OP VALUE\'' \
                '--sort|-|- is descending' \
                '--limit|-|At most so many; 25 unless given' \
                '--all||All of them, streamed' \
                '--after|-|The page after the record with this id' \
                '--before|-|The page before the record with this id' \
                '--count||Only say how many there are' \
                '--fields|fields.user,|Only these fields, in this order'
        case 'users get'
            set __authctl_options \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users delete'
            set __authctl_options \
                '--force||Also the last owner of a team' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users list-logs'
            set __authctl_options \
                '--limit|-|At most so many' \
                '--after|-|The page after the record with this id' \
                '--fields|fields.event,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users update-name'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--name|At most 128 characters; \'\' clears it'
        case 'users update-username'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--username|Without spaces and @; unique ignoring case; \'\' clears it'
        case 'users update-locale'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--locale|A language tag such as de or pt-BR; \'\' clears it'
        case 'users update-labels'
            set __authctl_options \
                '--add|-|Add these' \
                '--remove|-|Take these away' \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-...|--labels|The labels it shall have; none clears them'
        case 'users get-prefs'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users update-prefs'
            set __authctl_options \
                '--merge||Change the given keys only; null removes one' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--prefs|An object, at most 65,535 bytes'
        case 'users update-metadata'
            set __authctl_options \
                '--merge||Change the given keys only; null removes one' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--metadata|An object, at most 65,535 bytes'
        case 'users update-email'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--email|The new address; \'\' clears it'
        case 'users update-email-verification'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                'verified|--verified|Whether it is known'
        case 'users update-phone'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--number|With + and the calling code; \'\' clears it'
        case 'users update-phone-verification'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                'verified|--verified|Whether it is known'
        case 'users update-password'
            set __authctl_options \
                '--password-stdin||Read the password from stdin: one line' \
                '--password-fd|-|Read the password from this file descriptor' \
                '--password|-|The password itself' \
                '--generate-password||Make a password, show it once, have it changed at the next sign-in' \
                '--keep||With --generate-password, for a service account: the password need not be changed, and never expires' \
                '--must-change||The password must be changed at the next sign-in' \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users verify-password'
            set __authctl_options \
                '--password-stdin||Read the password from stdin: one line' \
                '--password-fd|-|Read the password from this file descriptor' \
                '--password|-|The password itself' \
                '--fields|fields.verification,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users require-password-change'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users wrap-password'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users update-status'
            set __authctl_options \
                '--until|-|When the block ends: 2h, 7d, 2027-01-31T09:00Z' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                'status|--status|What it shall be from now on'
        case 'users unlock'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users secure'
            set __authctl_options \
                '--keep|-|An email or phone to keep, of those that self-service set' \
                '--email|-|A new email for the account' \
                '--url|-|Where the link leads in the mail that asks for a new password' \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.secured-account,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users list-sessions'
            set __authctl_options \
                '--all||Ended ones too, until they are purged' \
                '--fields|fields.session,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users create-session'
            set __authctl_options \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.session2,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users delete-session'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '@sessions|--session-id|As `authctl users list-sessions` shows it'
        case 'users delete-sessions'
            set __authctl_options \
                '--all||Everybody\'s' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion2,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Whose sessions'
        case 'users list-identities'
            set __authctl_options \
                '--limit|-|At most so many' \
                '--after|-|The page after the record with this id' \
                '--fields|fields.identity,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Whose; without it, everybody\'s'
        case 'users create-identity'
            set __authctl_options \
                '--email|-|The email it has there' \
                '--email-verified||The provider has verified that email: the user holds it here' \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.identity,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--provider|Where the account is: google, github, .' \
                '-|--provider-uid|Its id there'
        case 'users delete-identity'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@identities|--identity-id|As `authctl users list-identities` shows it'
        case 'users list-memberships'
            set __authctl_options \
                '--search|-|Beginnings of words in the team\'s id and name' \
                '--filter|-|\'FIELD OP VALUE\', as in \'roles ~ maths\' or \'status = pending\'' \
                '--sort|-|- is descending' \
                '--limit|-|At most so many; 25 unless given' \
                '--all||All of them, streamed' \
                '--after|-|The page after the record with this id' \
                '--before|-|The page before the record with this id' \
                '--count||Only say how many there are' \
                '--fields|fields.membership,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users list-roles'
            set __authctl_options \
                '--can|-|Exit with 6 where the user does not hold this permission' \
                '--fields|fields.role,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'users import'
            set __authctl_options \
                '--from|sources|Where the file comes from: authctl, csv, json, appwrite, supabase, firebase, auth0, keycloak,...' \
                '--map|-|Which column of a CSV, or path in JSON, holds a field: email=E-Mail,name=\'Full Name\',id=_id.$oid' \
                '--hash-format|hashes|What the password column or field holds: the name of a hash, or plain; none leaves it out' \
                '--delimiter|-|The character between the cells of a CSV' \
                '--encoding|-|The encoding of the files: latin-1, .' \
                '--hash-config|/|Firebase\'s password hash parameters, as its console shows them' \
                '--source-option|-|An option of the source; `authctl help formats` lists them' \
                '--on-conflict|on-conflict|If the user already exists with different data: refuse the record (the default), skip it, or...' \
                '--match|match|Find existing users by this field (default: the first that the record has, then its username)' \
                '--weak-hashes|weak-hashes|Keep hashes that are fast to guess, wrap them in argon2id, or leave them out (reset)' \
                '--weak-passwords|weak-passwords|Keep plain passwords that your policy does not accept, have them changed at the next sign-in, or...' \
                '--check-policy||The same as --weak-passwords refuse' \
                '--mark-unverified||Import every address as not verified, whatever the file says' \
                '--addresses|addresses|Who entered the emails, phones and usernames that are not verified: you (given) or each user...' \
                '--phone-region|-|Read phones without + as numbers of this country: DE, US, ..' \
                '--force||Also skip or update users who are found by what they entered themselves and never verified' \
                '--teams||Import memberships too, and make missing teams' \
                '--check-password|@users|First try the settings of the hashes on the password of this user of the file, which is asked for' \
                '--password-stdin||Read the password of --check-password from stdin: one line' \
                '--resume|@imports|Resume this import (default: an unfinished import of the same files)' \
                '--max-errors|-|Stop when more than N records are refused; 0 or more' \
                '--max-lost|-|Stop when more than N values are left out; 0 or more' \
                '--strict||Refuse a record rather than leave out a value that cannot be taken' \
                '--report|/|Write a JSON line about each record with a problem to this new file' \
                '--rejects|/|Write the refused records as they were to this new file, to correct and import again' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.import,|Only these fields, in this order'
            set __authctl_arguments \
                '/...||The file of the users, then the files that belong to it: Auth0\'s passwords; Supabase\'s...'
        case 'users list-imports'
            set __authctl_options \
                '--limit|-|At most so many' \
                '--after|-|The page after the record with this id' \
                '--fields|fields.import2,|Only these fields, in this order'
        case 'users import-status'
            set __authctl_options \
                '--fields|fields.imported-hashes,|Only these fields, in this order'
        case 'users undo-import'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.undone-import,|Only these fields, in this order'
            set __authctl_arguments \
                '@imports|--import-id|As `authctl users list-imports` shows it'
        case 'users export'
            set __authctl_options \
                '--format|format|authctl, csv, appwrite, supabase, firebase, auth0, keycloak, django, htpasswd, ldif' \
                '--with-hashes||Let password hashes leave, and with them the keys that some need' \
                '--with-secrets||Let the secrets of authenticator apps leave, in clear' \
                '--target-option|-|What else the format can be told: `authctl help formats` lists it' \
                '--file|/|' \
                '--search|-|Beginnings of words in id, username, name, email and phone' \
                '--filter|-|\'FIELD OP VALUE\'' \
                '--sort|-|- is descending' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.export,|Only these fields, in this order'
            set __authctl_arguments \
                '/||A new file, which only you can read; compressed where it ends in .gz'
        case 'teams'
            set __authctl_commands \
                'create|Make a team' \
                'list|List teams' \
                'get|Show one team' \
                'delete|Remove a team and its memberships' \
                'update-name|Change the name of a team' \
                'get-prefs|Show the preferences of a team' \
                'update-prefs|Replace the preferences of a team' \
                'create-membership|Make a user a member of a team at once, or invite one' \
                'list-memberships|List who belongs to a team, invitations too' \
                'get-membership|Show one membership of a team' \
                'update-membership|Replace the roles of a membership; or add some, and take others away' \
                'update-membership-status|Accept an invitation with its secret' \
                'delete-membership|Remove a member from a team, or withdraw an invitation'
        case 'teams create'
            set __authctl_options \
                '--id|-|The id; without it, or as unique(), one is made' \
                '--team-id|-|The id; without it, or as unique(), one is made' \
                '--roles|-|The owner\'s roles beside owner' \
                '--owner|@users|Who becomes a confirmed member, and its owner' \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.team,|Only these fields, in this order'
            set __authctl_arguments \
                '-|--name|1 to 128 characters; names may repeat'
        case 'teams list'
            set __authctl_options \
                '--search|-|Beginnings of words in id and name' \
                '--filter|-|\'FIELD OP VALUE\'' \
                '--sort|-|- is descending' \
                '--limit|-|At most so many; 25 unless given' \
                '--all||All of them, streamed' \
                '--after|-|The page after the record with this id' \
                '--before|-|The page before the record with this id' \
                '--count||Only say how many there are' \
                '--fields|fields.team,|Only these fields, in this order'
        case 'teams get'
            set __authctl_options \
                '--fields|fields.team,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
        case 'teams delete'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
        case 'teams update-name'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.team,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which' \
                '-|--name|1 to 128 characters'
        case 'teams get-prefs'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
        case 'teams update-prefs'
            set __authctl_options \
                '--merge||Change the given keys only; null removes one' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which' \
                '-|--prefs|An object, at most 65,535 bytes'
        case 'teams create-membership'
            set __authctl_options \
                '--user-id|@users|The user; where --email or --phone makes one, its id' \
                '--email|@emails|The user with this email; where there is none, one is made' \
                '--phone|@phones|The user with this phone; where there is none, one is made' \
                '--roles|-|Repeatable; takes commas' \
                '--name|-|The name of a user who is made' \
                '--invite||Send an invitation, which the user accepts; again, to renew it' \
                '--url|-|Where the link in the message leads; the setting allowed_redirects names its host' \
                '--print-secret||Invite, and show the secret instead of sending it: you carry it there' \
                '--users-from|/|Many: ids, emails or phones, one a line, from a file or stdin, each its own unit of work' \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.membership2,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
        case 'teams list-memberships'
            set __authctl_options \
                '--search|-|Beginnings of words in the user\'s id, name, email and phone' \
                '--filter|-|\'FIELD OP VALUE\', as in \'roles ~ maths\' or \'status = pending\'' \
                '--sort|-|- is descending' \
                '--limit|-|At most so many; 25 unless given' \
                '--all||All of them, streamed' \
                '--after|-|The page after the record with this id' \
                '--before|-|The page before the record with this id' \
                '--count||Only say how many there are' \
                '--fields|fields.membership2,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which'
        case 'teams get-membership'
            set __authctl_options \
                '--fields|fields.membership2,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which' \
                '@memberships|--membership-id|Its id, or whatever names its user'
        case 'teams update-membership'
            set __authctl_options \
                '--add|-|Add these' \
                '--remove|-|Take these away' \
                '--force||Also where that leaves the team without an owner; the audit log has it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.membership2,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which' \
                '@memberships|--membership-id|Its id, or whatever names its user' \
                '-...|--roles|The roles it shall have; --roles \'\' takes all away'
        case 'teams update-membership-status'
            set __authctl_options \
                '--secret-stdin||Read the invitation\'s secret from stdin: one line' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.membership2,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which' \
                '@memberships|--membership-id|Its id, or whatever names its user' \
                '@users|--user-id|Who accepts: id, email, phone or username'
        case 'teams delete-membership'
            set __authctl_options \
                '--force||Also where that leaves the team without an owner; the audit log has it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@teams|--team-id|Id, or name where only one team has it; `id:` or `name:` says which' \
                '@memberships|--membership-id|Its id, or whatever names its user'
        case 'sessions'
            set __authctl_commands \
                'create|Sign in' \
                'get|Say who is signed in' \
                'update|Extend the session by the policy\'s duration, from now' \
                'delete|Sign out' \
                'create-jwt|Make a JWT that stands for the session, for programs that check signatures' \
                'verify-jwt|Check a JWT'
        case 'sessions create'
            set __authctl_options \
                '--password-stdin||Read the password from stdin: one line' \
                '--password-fd|-|Read the password from this file descriptor' \
                '--password|-|The password itself' \
                '--identity|- -|An identity that the application has verified' \
                '--email|-|Its email, with --identity' \
                '--email-verified||The provider has verified that email' \
                '--anonymous||Make an account without credentials' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.session2,|Only these fields, in this order'
            set __authctl_arguments \
                '@users||Id, email, phone or username'
        case 'sessions get'
            set __authctl_options \
                '--secret-stdin||Read the session\'s secret from stdin' \
                '--fields|fields.person,|Only these fields, in this order'
        case 'sessions update'
            set __authctl_options \
                '--secret-stdin||Read the session\'s secret from stdin' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.session,|Only these fields, in this order'
        case 'sessions delete'
            set __authctl_options \
                '--secret-stdin||Read the session\'s secret from stdin' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
        case 'sessions create-jwt'
            set __authctl_options \
                '--secret-stdin||Read the session\'s secret from stdin' \
                '--duration|-|At most an hour: 900, 15m, 1h' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.jwt,|Only these fields, in this order'
        case 'sessions verify-jwt'
            set __authctl_options \
                '--secret-stdin||Read the JWT from stdin' \
                '--audience|-|Whom it must be for; by default the policy says' \
                '--fields|fields.claims,|Only these fields, in this order'
        case 'tokens'
            set __authctl_commands \
                'create|Make a token that signs a user in, to be handed over' \
                'create-email|Send a code to an email that signs in with it; make the account where there is none' \
                'create-phone|Send a code to a phone that signs in with it; make the account where there is none' \
                'create-magic-url|Send a link to an email that signs in with it; make the account where there is none' \
                'create-email-verification|Send a code or link to a user\'s email that verifies it' \
                'create-phone-verification|Send a code to a user\'s phone that verifies it' \
                'create-recovery|Send a code or link to a user\'s email that sets a new password' \
                'create-email-change|Send a code or link to a new email; redeemed, it makes that the account\'s' \
                'create-phone-change|Send a code to a new phone; redeemed, it makes that the account\'s' \
                'redeem|Redeem a code or secret' \
                'list|List a user\'s live tokens, the newest first, with the attempts that are left' \
                'delete|End a token before its time' \
                'purge|Remove tokens that have been dead for a day, some at a time'
        case 'tokens create'
            set __authctl_options \
                '--length|-|Hexadecimal digits, 5 to 128' \
                '--expire|-|How long it lives: 900, 15m, 1d' \
                '--force||Also if a person typed in the address or username, and nobody has proved to own it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'tokens create-email'
            set __authctl_options \
                '--phrase||Show two words here and in the message, for the person to compare' \
                '--id|-|The id of an account that is made; else it is ignored' \
                '--user-id|-|The id of an account that is made; else it is ignored' \
                '--locale|-|The language of an account that is made; else it is ignored' \
                '--no-create||Make no account; exit with 4 where there is none' \
                '--print-secret||Show the secret here, and send nothing' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@emails|--email|Where it goes'
        case 'tokens create-phone'
            set __authctl_options \
                '--channel|channel|How it is sent' \
                '--id|-|The id of an account that is made; else it is ignored' \
                '--user-id|-|The id of an account that is made; else it is ignored' \
                '--locale|-|The language of an account that is made; else it is ignored' \
                '--no-create||Make no account; exit with 4 where there is none' \
                '--print-secret||Show the secret here, and send nothing' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@phones|--phone|Where it goes, with + and the calling code'
        case 'tokens create-magic-url'
            set __authctl_options \
                '--url|-|Where the link leads; the setting allowed_redirects names its host' \
                '--phrase||Show two words here and in the message, for the person to compare' \
                '--id|-|The id of an account that is made; else it is ignored' \
                '--user-id|-|The id of an account that is made; else it is ignored' \
                '--locale|-|The language of an account that is made; else it is ignored' \
                '--no-create||Make no account; exit with 4 where there is none' \
                '--print-secret||Show the secret here, and send nothing' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@emails|--email|Where it goes'
        case 'tokens create-email-verification'
            set __authctl_options \
                '--url|-|Where the link leads; the setting allowed_redirects names its host' \
                '--print-secret||Show the secret here, and send nothing' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'tokens create-phone-verification'
            set __authctl_options \
                '--channel|channel|How it is sent' \
                '--print-secret||Show the secret here, and send nothing' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'tokens create-recovery'
            set __authctl_options \
                '--url|-|Where the link leads; the setting allowed_redirects names its host' \
                '--print-secret||Show the secret here, and send nothing' \
                '--quiet-unknown||Give the same answer whether or not the user exists' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'tokens create-email-change'
            set __authctl_options \
                '--url|-|Where the link leads; the setting allowed_redirects names its host' \
                '--print-secret||Show the secret here, and send nothing' \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--email|The new one'
        case 'tokens create-phone-change'
            set __authctl_options \
                '--channel|channel|How it is sent' \
                '--print-secret||Show the secret here, and send nothing' \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--phone|The new one'
        case 'tokens redeem'
            set __authctl_options \
                '--kind|kind|Which token is meant; needed where more than one kind is live: token, email, phone, magic-url,...' \
                '--id|@tokens|Which token is meant, by its id' \
                '--token-id|@tokens|Which token is meant, by its id' \
                '--secret-stdin||Read the code or secret from stdin: one line' \
                '--new-password-stdin||Read a recovery\'s new password from stdin: the next line' \
                '--new-account||If an unverified address is on somebody else\'s account: take it off, and make one' \
                '--code|-|Of a recovery, where two factors are asked for: of the authenticator, or a recovery code' \
                '--challenge|@tokens|The token of `authctl tokens create-phone` that --code is of instead' \
                '--keep||Of a recovery: leave identities and authenticators that nothing has confirmed' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'tokens list'
            set __authctl_options \
                '--all||Those that are over too, and why, until they are purged' \
                '--fields|fields.listed-token,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'tokens delete'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '@tokens|--token-id|As `authctl tokens list` shows it'
        case 'tokens purge'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.tokens-purge,|Only these fields, in this order'
        case 'mfa'
            set __authctl_commands \
                'status|Show whether signing in asks a user for a second factor, and which factors the user has' \
                'list-factors|List what a user can complete a sign-in with' \
                'enable|Ask a user for two factors from now on' \
                'disable|Ask a user for one factor from now on; those that are set up stay' \
                'reset|Let in a user who has lost every second factor' \
                'create-authenticator|Make the secret for an authenticator app' \
                'verify-authenticator|Verify a new authenticator by a code that it shows' \
                'delete-authenticator|Remove an authenticator' \
                'create-recovery-codes|Make six recovery codes' \
                'regenerate-recovery-codes|Make six new recovery codes, and end the old ones' \
                'create-challenge|Begin the second step of a sign-in' \
                'complete-challenge|Complete a sign-in with a code'
        case 'mfa status'
            set __authctl_options \
                '--fields|fields.mfa-status,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa list-factors'
            set __authctl_options \
                '--fields|fields.factor,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa enable'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa disable'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa reset'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.user,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa create-authenticator'
            set __authctl_options \
                '--name|-|What to call it, where a user has several' \
                '--qr-file|/|Write the QR code into a new .svg or .png file; draw none' \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.authenticator,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa verify-authenticator'
            set __authctl_options \
                '--name|@authenticators|Which authenticator, where a user has several' \
                '--secret-stdin||Read the code from stdin: one line, behind the session\'s secret where that is there' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.factor,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which' \
                '-|--otp|What the app shows, or what was sent; asked for without it'
        case 'mfa delete-authenticator'
            set __authctl_options \
                '--name|@authenticators|Which authenticator, where a user has several' \
                '--force||Also where it is the only second factor: one is then enough, unless the policy says otherwise' \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa create-recovery-codes'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.recovery-codes,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa regenerate-recovery-codes'
            set __authctl_options \
                '--password-stdin||With --as-session: read the person\'s current password from stdin' \
                '--code|-|With --as-session: a code of the person\'s authenticator, or a recovery code' \
                '--challenge|-|With --as-session: the challenge of `authctl mfa create-challenge` that --code answers' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.recovery-codes,|Only these fields, in this order'
            set __authctl_arguments \
                '@users|--user-id|Id, email, phone or username; `id:` or `email:` before it says which'
        case 'mfa create-challenge'
            set __authctl_options \
                '--factor|factor|What is to complete the sign-in, another than began it: totp, email, phone or recovery_code;...' \
                '--secret-stdin||Read the session\'s secret from stdin' \
                '--print-secret||Show the secret here, and send nothing' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.challenge,|Only these fields, in this order'
        case 'mfa complete-challenge'
            set __authctl_options \
                '--secret-stdin||Read the code from stdin: one line, behind the session\'s secret where that is there' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.session2,|Only these fields, in this order'
            set __authctl_arguments \
                '@challenges|--challenge-id|The id that `authctl mfa create-challenge` answered' \
                '-|--otp|What the app shows, or what was sent; asked for without it'
        case 'security'
            set __authctl_commands \
                'show|Show the policies that hold' \
                'set|Set a policy' \
                'reset|Give policies their defaults again' \
                'apply|Set the policies of a file, or all policies as a preset has them, and show what differs from before' \
                'check-password|Say what a password would get' \
                'check|Say what is weak here, the worst first, each with the command that mends it' \
                'purge|Clear what is dead' \
                'unlock-source|Let people sign in from an address again at once, where too many wrong attempts have locked it' \
                'list-logs|Show what happened, the newest first' \
                'verify-logs|Find out whether the audit log was changed by anybody but authctl, and seal it where it was not' \
                'test-delivery|Send a message that says that it is a test, and show what the server or provider answered' \
                'create-mock-phone|Make a number for tests' \
                'list-mock-phones|List the mock phone numbers with their codes' \
                'delete-mock-phone|Make a number an ordinary one again, which messages are sent to' \
                'show-jwks|Show the public keys that JWTs are signed with, as other programs read them (a JWKS, RFC 7517)' \
                'rotate-key|Seal every secret with a new secret key, or with --jwt sign JWTs with a new key'
        case 'security show'
            set __authctl_options \
                '-o|formats2|table, wide, json, jsonl, csv, tsv' \
                '--output|formats2|table, wide, json, jsonl, csv, tsv' \
                '--fields|fields.policies,|Only these fields, in this order'
            set __authctl_arguments \
                'policies...||Only these policies'
        case 'security set'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.policy,|Only these fields, in this order' \
                '--profile|policies|The profile of the configuration to use'
            set __authctl_arguments \
                'policies||As `authctl help policies` lists them' \
                'policy.*||Its new value; the same page has its range'
        case 'security reset'
            set __authctl_options \
                '--all||All of them' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.policy,|Only these fields, in this order'
            set __authctl_arguments \
                'policies...||The policies'
        case 'security apply'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.difference,|Only these fields, in this order'
            set __authctl_arguments \
                'presets/||A TOML file, - for stdin, or a preset: recommended, appwrite, supabase'
        case 'security check-password'
            set __authctl_options \
                '--user|@users|Whose personal data it must not hold' \
                '--password-stdin||Read the password from stdin: one line' \
                '--password-fd|-|Read the password from this file descriptor' \
                '--fields|fields.password-report,|Only these fields, in this order'
        case 'security check'
            set __authctl_options \
                '--fail-on|fail-on|Exit status 3 where something as bad, or worse, is found' \
                '--sarif|/|Write SARIF 2.1.0 into a new file; - for stdout, and nothing else there' \
                '--fields|fields.finding,|Only these fields, in this order'
        case 'security purge'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.purge,|Only these fields, in this order'
        case 'security unlock-source'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.source,|Only these fields, in this order'
            set __authctl_arguments \
                '-|--address|An IP address, as `authctl security list-logs` shows it'
        case 'security list-logs'
            set __authctl_options \
                '--user|@users|About this user; by id a deleted one too' \
                '--event|events,|Of these names; * is any part, as in \'users.*\'' \
                '--actor|-|By this actor, exactly' \
                '--since|-|Not before: 2h (ago), today, 2026-01-31, .' \
                '--until|-|Before that time' \
                '--limit|-|At most so many' \
                '--after|-|The page after the record with this id' \
                '--all||Without a limit, streamed' \
                '--follow||The oldest first, and then what happens, until Ctrl-C' \
                '--fields|fields.event,|Only these fields, in this order'
        case 'security verify-logs'
            set __authctl_options \
                '--expect|-|A seal from earlier, kept elsewhere: the log must still have it' \
                '--all||Read the whole log, not only what is new' \
                '--accept||Take the log as it is, with what is wrong, as what it is held to from now on' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.verification-of-the-log,|Only these fields, in this order'
        case 'security test-delivery'
            set __authctl_options \
                '--locale|-|The language to write it in: de, pt-BR' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.receipt,|Only these fields, in this order'
            set __authctl_arguments \
                'channel2||How it is sent' \
                '-||An email or a phone'
        case 'security create-mock-phone'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.mock-phone,|Only these fields, in this order'
            set __authctl_arguments \
                '-|--phone|The number, with + and the calling code' \
                '-|--code|Six digits'
        case 'security list-mock-phones'
            set __authctl_options \
                '--fields|fields.mock-phone,|Only these fields, in this order'
        case 'security delete-mock-phone'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.mock-phone-deletion,|Only these fields, in this order'
            set __authctl_arguments \
                '@mock-phones|--phone|The number'
        case 'security show-jwks'
        case 'security rotate-key'
            set __authctl_options \
                '--jwt||The key that JWTs are signed with, not the secret key' \
                '--forget||With --jwt: take no JWT of the older keys any more, as after a leak' \
                '--algorithm|algorithm|With --jwt: what the new key signs with' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.rotation,|Only these fields, in this order'
        case 'init'
            set __authctl_options \
                '--application-name|-|What mails call your application; written to the configuration file' \
                '--fields|fields.directory,|Only these fields, in this order'
        case 'upgrade'
            set __authctl_options \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.upgrade,|Only these fields, in this order'
        case 'status'
            set __authctl_options \
                '--picture||With a picture of the directory' \
                '--fields|fields.status,|Only these fields, in this order'
        case 'backup'
            set __authctl_options \
                '--keep|-|Name the backup by its time in the folder FILE, read it back, and then remove all but the last N...' \
                '--with-key||Put the secret key in: whoever reads the file then reads every secret in it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.backup,|Only these fields, in this order'
            set __authctl_arguments \
                '/||A new file; none is overwritten'
        case 'restore'
            set __authctl_options \
                '--unsigned||Take a backup that may have been changed: nothing proves who wrote it' \
                '--dry-run||Show what would be done, and do nothing' \
                '--reason|-|Why, for the audit log' \
                '--ip|-|Where a person\'s request came from' \
                '--user-agent|-|What a person\'s client calls itself' \
                '--fields|fields.restored-backup,|Only these fields, in this order'
            set __authctl_arguments \
                '/||What `authctl backup` wrote'
        case 'completion'
            set __authctl_options \
                '--install||Say where the script would be put; with --yes, put it there' \
                '--fields|fields.completion,|Only these fields, in this order'
            set __authctl_arguments \
                'shell||Which shell\'s; without it, how to'
        case 'help'
            set __authctl_arguments \
                'help.*...||A topic, or the words of a command'
        case '*'
            return 1
    end
    set -a __authctl_options \
        '-o|formats|table, wide, json, jsonl, csv, tsv' \
        '--output|formats|table, wide, json, jsonl, csv, tsv' \
        '--json||The same as -o json' \
        '--fields|-|Only these fields, in this order' \
        '--csv-raw||CSV without the guard against formulas, to read back in' \
        '-q||Print only what was asked for, warnings and errors' \
        '--quiet||Print only what was asked for, warnings and errors' \
        '-y||Do not ask before what cannot be undone' \
        '--yes||Do not ask before what cannot be undone' \
        '--as-session||Act as the person whose session\'s secret AUTHCTL_SESSION, or the first line of stdin, holds' \
        '--database|-|sqlite:///PATH or postgresql://USER@HOST/NAME' \
        '--config|/|The configuration file to read instead of yours' \
        '--profile|@profiles|The profile of the configuration to use' \
        '--no-color||No colours' \
        '-h||Show this message and exit' \
        '--help||Show this message and exit'
    return 0
end

# Print the rows of a list (WORD|HELP).
function __authctl_list
    switch $argv[1]
        case 'presets'
            printf '%s\n' \
                'recommended' \
                'appwrite' \
                'supabase'
        case 'sources'
            printf '%s\n' \
                'authctl|authctl\'s own export, JSON Lines or CSV' \
                'csv|any CSV with a first row that names its columns' \
                'json|any JSON or JSON Lines, such as mongoexport\'s; --map says which field is what' \
                'appwrite|Appwrite\'s users, and with them identities, teams and memberships' \
                'supabase|auth.users as CSV or JSON with identities and mfa_factors, or the Admin API\'s users' \
                'firebase|firebase auth:export as JSON or CSV, or users of the admin SDK or Identity Toolkit' \
                'auth0|users of an export or the Management API, with the password file; the bulk import\'s form' \
                'keycloak|a realm or users file of kc.sh export, or the users of its REST API' \
                'cognito|list-users or admin-get-user as JSON, or the import job\'s CSV' \
                'okta|the users of Okta\'s API, or its CSV template' \
                'clerk|the dashboard\'s CSV, or users of Clerk\'s API or JavaScript SDK' \
                'django|dumpdata as JSON or XML, or the auth_user table as CSV' \
                'kratos|the identities of Ory Kratos\' admin API or CLI, or a batch that makes them' \
                'wordpress|wp-cli\'s user list or user get as CSV or JSON, or wp_users as CSV' \
                'htpasswd|a password file of Apache or nginx' \
                'ldif|slapcat, ldapsearch -LLL, or ldifde of Active Directory'
        case 'hashes'
            printf '%s\n' \
                'argon2|argon2i, argon2d, argon2id in PHC form' \
                'bcrypt|bcrypt: $2a$, $2b$, $2y$' \
                'bcrypt-2x|bcrypt of crypt_blowfish before 1.1: $2x$, good for ASCII passwords alone' \
                'md5|MD5 in hex or base64, with or without salt' \
                'sha|SHA-1, SHA-2, SHA-3 in hex or base64, with or without salt' \
                'symfony|Symfony\'s message digest: SHA-512 of password{salt} in 5,000 rounds, base64' \
                'devise|devise-encryptable\'s SHA-512 or SHA-1, with stretches and pepper' \
                'mysql|MySQL\'s own: * and 40 digits' \
                'aspnet|what ASP.NET Identity stores, version 2 or 3: one text in base64' \
                'phpass|phpass: $P$, $H$, and Drupal\'s: $S$' \
                'scrypt|scrypt in PHC form, or bare with its options' \
                'scrypt-modified|Firebase\'s scrypt, as Firebase, Appwrite, Supabase, Kratos or Clerk write it' \
                'pbkdf2|PBKDF2 as passlib and Auth0 write it, or bare with its options' \
                'hmac|HMAC in hex or base64, with its key' \
                'md5-crypt|md5-crypt: $1$' \
                'apr1|Apache\'s md5-crypt: $apr1$' \
                'sha-crypt|sha256-crypt and sha512-crypt: $5$, $6$' \
                'ldap|{SSHA}, {SHA512}, {CRYPT}, {PBKDF2-SHA256} and the other schemes of LDAP directories' \
                'django|what Django stores: pbkdf2_sha256$..., argon2$..., bcrypt_sha256$..., scrypt$..., md5$..' \
                'wordpress|what WordPress stores since 6.8: $wp$2y$..' \
                'bcrypt-sha256|passlib\'s bcrypt over SHA-256: $bcrypt-sha256$..' \
                'werkzeug|what Werkzeug and Flask store: scrypt:..., pbkdf2:..' \
                'kratos|what Ory Kratos stores; its ln is N, its PBKDF2 sha384 is SHA-3' \
                'keycloak|the value of a Keycloak credential, with its options'
        case 'events'
            printf '%s\n' \
                'directory.create' \
                'directory.update.schema' \
                'directory.backup' \
                'directory.restore' \
                'users.create' \
                'users.delete' \
                'users.update.name' \
                'users.update.username' \
                'users.update.email' \
                'users.update.phone' \
                'users.update.password' \
                'users.update.labels' \
                'users.update.prefs' \
                'users.update.metadata' \
                'users.update.locale' \
                'users.update.status' \
                'users.update.email_verification' \
                'users.update.phone_verification' \
                'users.sessions.create' \
                'users.sessions.update' \
                'users.sessions.delete' \
                'users.identities.create' \
                'users.identities.delete' \
                'users.imports.create' \
                'users.imports.update' \
                'users.imports.delete' \
                'users.unlock' \
                'users.secure' \
                'users.lock' \
                'users.export' \
                'users.tokens.create' \
                'users.tokens.update' \
                'users.tokens.delete' \
                'users.verification.create' \
                'users.verification.update' \
                'users.recovery.create' \
                'users.recovery.update' \
                'users.update.mfa' \
                'users.mfa.factors.create' \
                'users.mfa.factors.update' \
                'users.mfa.factors.delete' \
                'users.mfa.recovery_codes.create' \
                'users.mfa.recovery_codes.update' \
                'users.mfa.challenges.create' \
                'users.mfa.challenges.update' \
                'users.mfa.reset' \
                'users.notify' \
                'teams.create' \
                'teams.update.name' \
                'teams.update.prefs' \
                'teams.delete' \
                'teams.memberships.create' \
                'teams.memberships.update' \
                'teams.memberships.update.status' \
                'teams.memberships.delete' \
                'security.update.policy' \
                'security.mock_phones.create' \
                'security.mock_phones.delete' \
                'security.sources.unlock' \
                'security.purge' \
                'security.logs.verify' \
                'security.keys.create' \
                'security.keys.rotate' \
                'users.verify.password'
        case 'policies'
            printf '%s\n' \
                'user-limit|How many accounts there may be before sign-ups are refused; operators make more' \
                'sign-in-methods|How people may sign in and sign up; operators still make sessions' \
                'require-verified|Which address people must verify before they can do anything else in a session' \
                'email-domains|The domains of emails that people may sign up with or change to; operators may use any' \
                'session-limit|How many sessions a user has at once; the oldest goes' \
                'session-duration|How long a session lives; sessions that exist keep their end' \
                'session-idle-timeout|How long a session lives without being used' \
                'session-max-age|How long a session lives in all, however often it is extended' \
                'recent-sign-in|How long after a sign-in people may change factors, password and addresses without giving it again' \
                'session-invalidation|Whether a new password that a person sets ends the other sessions' \
                'session-alerts|Whether users get a mail about a sign-in from a new source, unless by mail or a provider' \
                'password-min-length|The fewest characters of a new password' \
                'password-history|How many of the last passwords may not come back' \
                'password-dictionary|Whether the 10,000 most common passwords are refused' \
                'password-personal-data|Whether passwords with the user\'s id, email, name, username or phone are refused' \
                'password-strength|Kinds of characters that every new password needs' \
                'password-context-words|Words that no new password may hold, such as the product\'s name' \
                'password-breached-file|A sorted file of SHA-1 hashes by Have I Been Pwned; passwords in it are refused' \
                'generated-password-expiry|How long a generated password works unless it is changed; those that exist keep their end' \
                'memberships-privacy|What members of a team do not see of each other' \
                'sign-in-attempts|How many wrong attempts lock an account' \
                'source-attempts|How many wrong attempts, at any accounts, lock a source' \
                'sign-in-window|In what time wrong attempts are counted together' \
                'sign-in-lockout|How long a lock lasts; each further one doubles, up to a day, except for known sources' \
                'trusted-sources|Addresses and networks of proxies, which are never locked or limited as one source' \
                'known-source-expiry|How long a source stays known to an account after a sign-in' \
                'otp-length|How many digits a one-time code has' \
                'otp-expiry|How long a one-time code works' \
                'otp-interval|How long to wait before a code is sent again' \
                'otp-attempts|How many wrong attempts end a code' \
                'otp-hourly-limit|How many messages an address gets in an hour' \
                'person-hourly-limit|How many mails, and how many SMS, one signed-in person can send in an hour' \
                'source-hourly-limit|How many mails, and how many SMS, one source can have sent in an hour' \
                'email-hourly-limit|How many mails are sent in an hour, in all; a quarter is reserved for recoveries and challenges' \
                'sms-hourly-limit|How many SMS are sent in an hour, in all; a quarter is reserved for challenges' \
                'creation-hourly-limit|How many accounts, and how many teams, one person or source can make in an hour' \
                'sms-countries|The countries and areas that SMS are sent to' \
                'magic-url-expiry|How long a magic URL works' \
                'verification-expiry|How long the verification of an address works' \
                'verification-needs-session|Whether people must be signed in to confirm an address that they gave themselves' \
                'recovery-expiry|How long a recovery works' \
                'token-expiry|How long a token made by an operator works' \
                'invite-expiry|How long an invitation to a team works' \
                'change-needs-old|What the old email or phone can do about a change: nothing, cancel it, or confirm it first' \
                'mfa-factors|The second factors that may be used' \
                'mfa-required|Who must use a second factor' \
                'challenge-expiry|How long the challenge of a second factor works' \
                'jwt-issuer|The issuer (iss) that JWTs name' \
                'jwt-audience|The audience (aud) that JWTs name' \
                'reason-required|Whether operators must say why (--reason) when they block, delete, label or change a rule' \
                'log-retention|How long the audit log is kept; off keeps it for ever'
        case 'policy.sign-in-methods'
            printf '%s\n' \
                'none' \
                'all' \
                'password' \
                'email' \
                'magic-url' \
                'phone' \
                'identity' \
                'anonymous' \
                'token'
        case 'policy.require-verified'
            printf '%s\n' \
                'off' \
                'email' \
                'phone' \
                'any'
        case 'policy.email-domains'
            printf '%s\n' \
                'any' \
                'deny:disposable'
        case 'policy.session-idle-timeout'
            printf '%s\n' \
                'off'
        case 'policy.session-max-age'
            printf '%s\n' \
                'off'
        case 'policy.recent-sign-in'
            printf '%s\n' \
                'off'
        case 'policy.session-invalidation'
            printf '%s\n' \
                'on' \
                'off'
        case 'policy.session-alerts'
            printf '%s\n' \
                'on' \
                'off'
        case 'policy.password-dictionary'
            printf '%s\n' \
                'on' \
                'off'
        case 'policy.password-personal-data'
            printf '%s\n' \
                'on' \
                'off'
        case 'policy.password-strength'
            printf '%s\n' \
                'off' \
                'all' \
                'upper' \
                'lower' \
                'digit' \
                'symbol'
        case 'policy.password-context-words'
            printf '%s\n' \
                'none'
        case 'policy.password-breached-file'
            printf '%s\n' \
                'none'
        case 'policy.generated-password-expiry'
            printf '%s\n' \
                'off'
        case 'policy.memberships-privacy'
            printf '%s\n' \
                'none' \
                'all' \
                'user_id' \
                'user_name' \
                'user_email' \
                'mfa'
        case 'policy.trusted-sources'
            printf '%s\n' \
                'none'
        case 'policy.sms-countries'
            printf '%s\n' \
                'any'
        case 'policy.verification-needs-session'
            printf '%s\n' \
                'on' \
                'off'
        case 'policy.change-needs-old'
            printf '%s\n' \
                'off' \
                'cancel' \
                'confirm'
        case 'policy.mfa-factors'
            printf '%s\n' \
                'off' \
                'all' \
                'totp' \
                'email' \
                'phone'
        case 'policy.mfa-required'
            printf '%s\n' \
                'off' \
                'all'
        case 'policy.jwt-audience'
            printf '%s\n' \
                'none'
        case 'policy.reason-required'
            printf '%s\n' \
                'on' \
                'off'
        case 'policy.log-retention'
            printf '%s\n' \
                'off'
        case 'formats'
            printf '%s\n' \
                'table' \
                'wide' \
                'json' \
                'jsonl' \
                'csv' \
                'tsv'
        case 'weak-hash'
            printf '%s\n' \
                'keep' \
                'wrap' \
                'reset'
        case 'fields.user'
            printf '%s\n' \
                'id' \
                'username' \
                'name' \
                'email' \
                'email_verified' \
                'phone' \
                'phone_verified' \
                'status' \
                'labels' \
                'prefs' \
                'mfa' \
                'factors.totp' \
                'factors.email' \
                'factors.phone' \
                'factors.recovery_code' \
                'password.set' \
                'password.algorithm' \
                'password.updated_at' \
                'password.must_change' \
                'password.expires_at' \
                'locked_until' \
                'blocked_until' \
                'codes_locked_until' \
                'metadata' \
                'locale' \
                'pending.email' \
                'pending.phone' \
                'created_at' \
                'updated_at' \
                'last_sign_in_at' \
                'generated_password'
        case 'fields.deletion'
            printf '%s\n' \
                'id' \
                'deleted'
        case 'fields.event'
            printf '%s\n' \
                'id' \
                'time' \
                'actor' \
                'os_user' \
                'name' \
                'resource' \
                'details' \
                'ip' \
                'reason'
        case 'verified'
            printf '%s\n' \
                'true' \
                'false'
        case 'fields.verification'
            printf '%s\n' \
                'id' \
                'valid'
        case 'status'
            printf '%s\n' \
                'active' \
                'blocked'
        case 'fields.secured-account'
            printf '%s\n' \
                'id' \
                'kept' \
                'removed' \
                'sessions_ended' \
                'tokens_ended' \
                'invitations_ended' \
                'identities_removed' \
                'authenticators_removed' \
                'recovery_codes_removed' \
                'recovery'
        case 'fields.session'
            printf '%s\n' \
                'id' \
                'user_id' \
                'provider' \
                'factors' \
                'ip' \
                'user_agent' \
                'created_at' \
                'expires_at' \
                'mfa_at' \
                'ended_at' \
                'ended_reason' \
                'current'
        case 'fields.session2'
            printf '%s\n' \
                'id' \
                'user_id' \
                'provider' \
                'factors' \
                'ip' \
                'user_agent' \
                'created_at' \
                'expires_at' \
                'mfa_at' \
                'ended_at' \
                'ended_reason' \
                'current' \
                'secret' \
                'more_factors_required' \
                'ended'
        case 'fields.deletion2'
            printf '%s\n' \
                'id' \
                'deleted' \
                'sessions'
        case 'fields.identity'
            printf '%s\n' \
                'id' \
                'user_id' \
                'provider' \
                'provider_uid' \
                'email' \
                'created_at' \
                'email_verified'
        case 'fields.membership'
            printf '%s\n' \
                'id' \
                'team_id' \
                'team_name' \
                'user_id' \
                'user_name' \
                'user_email' \
                'roles' \
                'status' \
                'invited_at' \
                'joined_at' \
                'mfa' \
                'invited_as'
        case 'fields.role'
            printf '%s\n' \
                'role'
        case 'on-conflict'
            printf '%s\n' \
                'fail' \
                'skip' \
                'update' \
                'merge'
        case 'match'
            printf '%s\n' \
                'id' \
                'email' \
                'phone'
        case 'weak-hashes'
            printf '%s\n' \
                'keep' \
                'wrap' \
                'reset'
        case 'weak-passwords'
            printf '%s\n' \
                'keep' \
                'change' \
                'refuse'
        case 'addresses'
            printf '%s\n' \
                'given' \
                'claimed'
        case 'fields.import'
            printf '%s\n' \
                'id' \
                'source' \
                'status' \
                'created' \
                'updated' \
                'skipped' \
                'without_password' \
                'refused' \
                'reasons' \
                'hashes'
        case 'fields.import2'
            printf '%s\n' \
                'id' \
                'source' \
                'files' \
                'options' \
                'status' \
                'created' \
                'updated' \
                'skipped' \
                'without_password' \
                'refused' \
                'reasons' \
                'hashes' \
                'actor' \
                'created_at' \
                'updated_at' \
                'ended_at'
        case 'fields.imported-hashes'
            printf '%s\n' \
                'algorithm' \
                'users' \
                'imported_at' \
                'import_id'
        case 'fields.undone-import'
            printf '%s\n' \
                'id' \
                'removed' \
                'restored' \
                'kept'
        case 'format'
            printf '%s\n' \
                'authctl' \
                'csv' \
                'appwrite' \
                'supabase' \
                'firebase' \
                'auth0' \
                'keycloak' \
                'django' \
                'htpasswd' \
                'ldif'
        case 'fields.export'
            printf '%s\n' \
                'format' \
                'file' \
                'users' \
                'with_hashes' \
                'with_secrets' \
                'left_out'
        case 'fields.team'
            printf '%s\n' \
                'id' \
                'name' \
                'prefs' \
                'members' \
                'created_at' \
                'updated_at'
        case 'fields.membership2'
            printf '%s\n' \
                'id' \
                'team_id' \
                'team_name' \
                'user_id' \
                'user_name' \
                'user_email' \
                'roles' \
                'status' \
                'invited_at' \
                'joined_at' \
                'mfa' \
                'invited_as' \
                'secret'
        case 'fields.person'
            printf '%s\n' \
                'id' \
                'username' \
                'name' \
                'email' \
                'email_verified' \
                'phone' \
                'phone_verified' \
                'status' \
                'labels' \
                'prefs' \
                'mfa' \
                'factors.totp' \
                'factors.email' \
                'factors.phone' \
                'factors.recovery_code' \
                'password.set' \
                'password.algorithm' \
                'password.updated_at' \
                'password.must_change' \
                'password.expires_at' \
                'locked_until' \
                'blocked_until' \
                'codes_locked_until' \
                'metadata' \
                'locale' \
                'pending.email' \
                'pending.phone' \
                'created_at' \
                'updated_at' \
                'last_sign_in_at' \
                'session.id' \
                'session.user_id' \
                'session.provider' \
                'session.factors' \
                'session.ip' \
                'session.user_agent' \
                'session.created_at' \
                'session.expires_at' \
                'session.mfa_at' \
                'session.ended_at' \
                'session.ended_reason' \
                'session.current'
        case 'fields.jwt'
            printf '%s\n' \
                'jwt' \
                'expires_at'
        case 'fields.claims'
            printf '%s\n' \
                'id' \
                'user_id' \
                'session_id' \
                'issuer' \
                'audience' \
                'issued_at' \
                'expires_at' \
                'key_id'
        case 'fields.token'
            printf '%s\n' \
                'id' \
                'user_id' \
                'kind' \
                'created_at' \
                'expires_at' \
                'attempts_left' \
                'secret' \
                'phrase'
        case 'channel'
            printf '%s\n' \
                'sms' \
                'whatsapp'
        case 'kind'
            printf '%s\n' \
                'token' \
                'email' \
                'phone' \
                'magic-url' \
                'email-verification' \
                'phone-verification' \
                'recovery' \
                'email-change' \
                'phone-change' \
                'change-cancel' \
                'change-confirm'
        case 'fields.listed-token'
            printf '%s\n' \
                'id' \
                'user_id' \
                'kind' \
                'created_at' \
                'expires_at' \
                'attempts_left' \
                'locked_until' \
                'ended_at' \
                'ended_reason'
        case 'fields.tokens-purge'
            printf '%s\n' \
                'tokens'
        case 'fields.mfa-status'
            printf '%s\n' \
                'user_id' \
                'mfa' \
                'required' \
                'factors.totp' \
                'factors.email' \
                'factors.phone' \
                'factors.recovery_code' \
                'recovery_codes_left' \
                'authenticators'
        case 'fields.factor'
            printf '%s\n' \
                'id' \
                'user_id' \
                'type' \
                'name' \
                'verified' \
                'created_at' \
                'last_used_at'
        case 'fields.authenticator'
            printf '%s\n' \
                'secret' \
                'uri' \
                'user_id'
        case 'fields.recovery-codes'
            printf '%s\n' \
                'recovery_codes' \
                'user_id'
        case 'factor'
            printf '%s\n' \
                'totp' \
                'email' \
                'phone' \
                'recovery_code' \
                'password'
        case 'fields.challenge'
            printf '%s\n' \
                'id' \
                'factor' \
                'expires_at' \
                'secret'
        case 'formats2'
            printf '%s\n' \
                'table' \
                'wide' \
                'json' \
                'jsonl' \
                'csv' \
                'tsv' \
                'toml'
        case 'fields.policies'
            printf '%s\n' \
                'name' \
                'value' \
                'default' \
                'changed' \
                'range' \
                'help'
        case 'fields.policy'
            printf '%s\n' \
                'name' \
                'value' \
                'default' \
                'changed' \
                'range' \
                'help'
        case 'fields.difference'
            printf '%s\n' \
                'name' \
                'before' \
                'after'
        case 'fields.password-report'
            printf '%s\n' \
                'accepted' \
                'failures' \
                'score' \
                'crack_time'
        case 'fail-on'
            printf '%s\n' \
                'low' \
                'medium' \
                'high'
        case 'fields.finding'
            printf '%s\n' \
                'id' \
                'severity' \
                'resource' \
                'message' \
                'meaning' \
                'command'
        case 'fields.purge'
            printf '%s\n' \
                'tokens' \
                'challenges' \
                'sessions' \
                'attempts' \
                'known_sources' \
                'signing_keys' \
                'events' \
                'invitations' \
                'import_changes'
        case 'fields.source'
            printf '%s\n' \
                'source' \
                'unlocked'
        case 'fields.verification-of-the-log'
            printf '%s\n' \
                'events' \
                'good' \
                'unsigned' \
                'accepted' \
                'found' \
                'problems' \
                'seal' \
                'sealed_at' \
                'from_seal'
        case 'channel2'
            printf '%s\n' \
                'email' \
                'sms' \
                'whatsapp'
        case 'fields.receipt'
            printf '%s\n' \
                'provider' \
                'channel' \
                'message_id' \
                'status' \
                'code' \
                'text'
        case 'fields.mock-phone'
            printf '%s\n' \
                'phone' \
                'code' \
                'created_at'
        case 'fields.mock-phone-deletion'
            printf '%s\n' \
                'phone' \
                'deleted'
        case 'algorithm'
            printf '%s\n' \
                'EdDSA' \
                'ES256'
        case 'fields.rotation'
            printf '%s\n' \
                'key' \
                'id' \
                'key_file' \
                'resealed'
        case 'fields.directory'
            printf '%s\n' \
                'database' \
                'schema' \
                'key_fingerprint' \
                'key_file' \
                'created'
        case 'fields.upgrade'
            printf '%s\n' \
                'before' \
                'after' \
                'copy'
        case 'fields.status'
            printf '%s\n' \
                'version' \
                'database' \
                'server' \
                'schema' \
                'schema_wanted' \
                'key.fingerprint' \
                'key.file' \
                'key.state' \
                'counts.users' \
                'counts.events' \
                'backup_at' \
                'settings' \
                'picture'
        case 'fields.backup'
            printf '%s\n' \
                'file' \
                'made_at' \
                'schema' \
                'key_fingerprint' \
                'with_key' \
                'users' \
                'rows' \
                'size' \
                'removed'
        case 'fields.restored-backup'
            printf '%s\n' \
                'database' \
                'made_at' \
                'before' \
                'schema' \
                'key_fingerprint' \
                'key' \
                'key_file' \
                'users' \
                'rows'
        case 'shell'
            printf '%s\n' \
                'bash' \
                'zsh' \
                'fish' \
                'powershell'
        case 'fields.completion'
            printf '%s\n' \
                'shell' \
                'file' \
                'installed' \
                'next'
        case 'help.'
            printf '%s\n' \
                'applications|How a web application signs people in, in Python' \
                'asvs|The security statement: OWASP ASVS 5.0, and what shows each requirement' \
                'backup|Backups, restoring, upgrades, and the key' \
                'errors|Exit statuses, types of errors, and how errors are written' \
                'events|The audit log, and how to notice that it was changed' \
                'export|How to write users for other systems, and for authctl itself' \
                'formats|What can be imported, exported and taken for a hash' \
                'import|How to import users, with their passwords' \
                'messages|How to write mails and text messages yourself' \
                'options|The options that commands share, and how to name users' \
                'output|How results are written, and what a script can rely on' \
                'policies|Every security policy, its range and its default' \
                'postgres|How to use a Postgres database' \
                'sample-config|Every setting, as a configuration file to begin with' \
                'secrets|How passwords, codes and keys go in and out' \
                'security|What protects accounts, and what to do in an emergency' \
                'settings|Configuration files, profiles, variables, every setting' \
                'shapes|What JSON answers hold, field by field' \
                'sharing|How several administrators use one SQLite file' \
                'teams|Teams, memberships, roles and invitations' \
                'tokens|Codes and links by mail or SMS, changes of addresses, and JWTs' \
                'users|Make, find, change and remove accounts' \
                'teams|Make teams, invite and remove members, give them roles' \
                'sessions|Sign in, ask who is signed in, sign out' \
                'tokens|Send codes and links that sign in, verify and change; redeem them' \
                'mfa|Ask for a second factor: authenticators, recovery codes, challenges' \
                'security|Policies, the audit log, what a password would get' \
                'init|Make a directory in an empty database, and its key' \
                'upgrade|Bring the database\'s schema up to this authctl' \
                'status|Show which database this is, and how it is doing' \
                'backup|Save the whole directory into a new file' \
                'restore|Put a backup into an empty database' \
                'completion|Complete words in bash, zsh, fish and PowerShell' \
                'help|Explain a topic or a command'
        case 'help.users'
            printf '%s\n' \
                'create|Make an account' \
                'list|List accounts' \
                'get|Show one account' \
                'delete|Remove an account and all its data' \
                'list-logs|Show what was done to an account, the newest first' \
                'update-name|Change the name of a user' \
                'update-username|Change the username of a user' \
                'update-locale|Change the language that a user gets messages in' \
                'update-labels|Replace the labels; or add some, and take others away' \
                'get-prefs|Show the preferences of a user' \
                'update-prefs|Replace the preferences of a user' \
                'update-metadata|Replace what operators keep about a user' \
                'update-email|Change the email of a user' \
                'update-email-verification|Say whether the email is known to be theirs' \
                'update-phone|Change the phone of a user' \
                'update-phone-verification|Say whether the phone is known to be theirs' \
                'update-password|Set a new password' \
                'verify-password|Check a password' \
                'require-password-change|Have a user choose a new password' \
                'wrap-password|Put an imported hash that is fast to guess at inside argon2id' \
                'update-status|Block an account, at once or until a time; or let it in again' \
                'unlock|Forget the wrong attempts at an account, so that it can be signed in to at once' \
                'secure|Give a taken account back' \
                'list-sessions|List where a user is signed in, the newest first' \
                'create-session|Make a session for a user without a password, as the server' \
                'delete-session|End one session of a user' \
                'delete-sessions|End all sessions of a user, or with --all everybody\'s' \
                'list-identities|List the accounts elsewhere of a user, or of all, the oldest first' \
                'create-identity|Link an account elsewhere to a user, who can then sign in with it' \
                'delete-identity|Unlink an account elsewhere' \
                'list-memberships|List the teams that a user belongs to or is invited to, the newest first' \
                'list-roles|List the role strings of a user, as permissions name them' \
                'import|Import users, passwords included' \
                'list-imports|List imports, the newest first' \
                'import-status|Show how many users still have an imported hash, by algorithm and age' \
                'undo-import|Remove the users that an import made, and restore those whom it changed' \
                'export|Write users as another system takes them, the oldest first'
        case 'help.teams'
            printf '%s\n' \
                'create|Make a team' \
                'list|List teams' \
                'get|Show one team' \
                'delete|Remove a team and its memberships' \
                'update-name|Change the name of a team' \
                'get-prefs|Show the preferences of a team' \
                'update-prefs|Replace the preferences of a team' \
                'create-membership|Make a user a member of a team at once, or invite one' \
                'list-memberships|List who belongs to a team, invitations too' \
                'get-membership|Show one membership of a team' \
                'update-membership|Replace the roles of a membership; or add some, and take others away' \
                'update-membership-status|Accept an invitation with its secret' \
                'delete-membership|Remove a member from a team, or withdraw an invitation'
        case 'help.sessions'
            printf '%s\n' \
                'create|Sign in' \
                'get|Say who is signed in' \
                'update|Extend the session by the policy\'s duration, from now' \
                'delete|Sign out' \
                'create-jwt|Make a JWT that stands for the session, for programs that check signatures' \
                'verify-jwt|Check a JWT'
        case 'help.tokens'
            printf '%s\n' \
                'create|Make a token that signs a user in, to be handed over' \
                'create-email|Send a code to an email that signs in with it; make the account where there is none' \
                'create-phone|Send a code to a phone that signs in with it; make the account where there is none' \
                'create-magic-url|Send a link to an email that signs in with it; make the account where there is none' \
                'create-email-verification|Send a code or link to a user\'s email that verifies it' \
                'create-phone-verification|Send a code to a user\'s phone that verifies it' \
                'create-recovery|Send a code or link to a user\'s email that sets a new password' \
                'create-email-change|Send a code or link to a new email; redeemed, it makes that the account\'s' \
                'create-phone-change|Send a code to a new phone; redeemed, it makes that the account\'s' \
                'redeem|Redeem a code or secret' \
                'list|List a user\'s live tokens, the newest first, with the attempts that are left' \
                'delete|End a token before its time' \
                'purge|Remove tokens that have been dead for a day, some at a time'
        case 'help.mfa'
            printf '%s\n' \
                'status|Show whether signing in asks a user for a second factor, and which factors the user has' \
                'list-factors|List what a user can complete a sign-in with' \
                'enable|Ask a user for two factors from now on' \
                'disable|Ask a user for one factor from now on; those that are set up stay' \
                'reset|Let in a user who has lost every second factor' \
                'create-authenticator|Make the secret for an authenticator app' \
                'verify-authenticator|Verify a new authenticator by a code that it shows' \
                'delete-authenticator|Remove an authenticator' \
                'create-recovery-codes|Make six recovery codes' \
                'regenerate-recovery-codes|Make six new recovery codes, and end the old ones' \
                'create-challenge|Begin the second step of a sign-in' \
                'complete-challenge|Complete a sign-in with a code'
        case 'help.security'
            printf '%s\n' \
                'show|Show the policies that hold' \
                'set|Set a policy' \
                'reset|Give policies their defaults again' \
                'apply|Set the policies of a file, or all policies as a preset has them, and show what differs from before' \
                'check-password|Say what a password would get' \
                'check|Say what is weak here, the worst first, each with the command that mends it' \
                'purge|Clear what is dead' \
                'unlock-source|Let people sign in from an address again at once, where too many wrong attempts have locked it' \
                'list-logs|Show what happened, the newest first' \
                'verify-logs|Find out whether the audit log was changed by anybody but authctl, and seal it where it was not' \
                'test-delivery|Send a message that says that it is a test, and show what the server or provider answered' \
                'create-mock-phone|Make a number for tests' \
                'list-mock-phones|List the mock phone numbers with their codes' \
                'delete-mock-phone|Make a number an ordinary one again, which messages are sent to' \
                'show-jwks|Show the public keys that JWTs are signed with, as other programs read them (a JWKS, RFC 7517)' \
                'rotate-key|Seal every secret with a new secret key, or with --jwt sign JWTs with a new key'
    end
end

complete -c authctl -f -a '(__authctl_complete)'
