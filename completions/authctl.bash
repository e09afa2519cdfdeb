# Completion of authctl in bash. Generated from its commands by `authctl completion bash`: do not edit.
#
# Words and options are all here. Ids and names are asked of authctl, which reads them from the database; what it
# answers is compared as text and never evaluated. AUTHCTL_COMPLETE_DATA=0 keeps it from being asked.

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

# Fill `commands`, `options` (WORD|SPECS) and `arguments` (SPEC|FLAG) of a command.
_authctl_load() {
    commands=() options=() arguments=()
    case $1 in
        '')
            commands=('users' 'teams' 'sessions' 'tokens' 'mfa' 'security' 'init' 'upgrade' 'status' 'apply' 'pull'
                'backup' 'restore' 'completion' 'help')
            options=('--version|')
            ;;
        'users')
            commands=('create' 'list' 'get' 'delete' 'list-logs' 'update-name' 'update-username' 'update-locale'
                'update-labels' 'get-prefs' 'update-prefs' 'update-metadata' 'update-email'
                'update-email-verification' 'update-phone' 'update-phone-verification' 'update-password'
                'verify-password' 'require-password-change' 'wrap-password' 'update-status' 'unlock' 'secure' 'merge'
                'list-sessions' 'create-session' 'delete-session' 'delete-sessions' 'list-identities'
                'create-identity' 'delete-identity' 'list-memberships' 'list-roles' 'import' 'list-imports'
                'import-status' 'undo-import' 'export')
            ;;
        'users create')
            options=('--id|-' '--user-id|-' '--username|-' '--email|-' '--phone|-' '--name|-' '--labels|-' '--prefs|-'
                '--metadata|-' '--locale|-' '--email-verified|' '--phone-verified|' '--blocked|' '--if-absent|'
                '--force|' '--password-stdin|' '--password-fd|-' '--password|-' '--ask-password|'
                '--generate-password|' '--keep|' '--must-change|' '--password-hash|-' '--password-hash-stdin|'
                '--hash|hashes' '--hash-option|-' '--weak-hash|weak-hash' '--self-service|' '--dry-run|' '--reason|-'
                '--ip|-' '--user-agent|-' '--fields|fields.user,')
            ;;
        'users list')
            options=('--search|-' '--filter|-' '--sort|-' '--limit|-' '--all|' '--after|-' '--before|-' '--count|'
                '--fields|fields.user,')
            ;;
        'users get')
            options=('--fields|fields.one-user,')
            arguments=('@users|--user-id')
            ;;
        'users delete')
            options=('--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@users|--user-id')
            ;;
        'users list-logs')
            options=('--limit|-' '--after|-' '--fields|fields.event,')
            arguments=('@users|--user-id')
            ;;
        'users update-name')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' '-|--name')
            ;;
        'users update-username')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' '-|--username')
            ;;
        'users update-locale')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' '-|--locale')
            ;;
        'users update-labels')
            options=('--add|-' '--remove|-' '--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.user,')
            arguments=('@users|--user-id' '-...|--labels')
            ;;
        'users get-prefs')
            arguments=('@users|--user-id')
            ;;
        'users update-prefs')
            options=('--merge|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-')
            arguments=('@users|--user-id' '-|--prefs')
            ;;
        'users update-metadata')
            options=('--merge|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' '-|--metadata')
            ;;
        'users update-email')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' '-|--email')
            ;;
        'users update-email-verification')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' 'verified|--verified')
            ;;
        'users update-phone')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' '-|--number')
            ;;
        'users update-phone-verification')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' 'verified|--verified')
            ;;
        'users update-password')
            options=('--password-stdin|' '--password-fd|-' '--password|-' '--generate-password|' '--keep|'
                '--must-change|' '--force|' '--remove|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'users verify-password')
            options=('--password-stdin|' '--password-fd|-' '--password|-' '--fields|fields.verification,')
            arguments=('@users|--user-id')
            ;;
        'users require-password-change')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'users wrap-password')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'users update-status')
            options=('--until|-' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id' 'status|--status')
            ;;
        'users unlock')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'users secure')
            options=('--keep|-' '--email|-' '--url|-' '--password-stdin|' '--code|-' '--challenge|-' '--dry-run|'
                '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.secured-account,')
            arguments=('@users|--user-id')
            ;;
        'users merge')
            options=('--prefer|prefer' '--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.merged-account,')
            arguments=('@users|--user-id' '@users|--into-id')
            ;;
        'users list-sessions')
            options=('--all|' '--fields|fields.session,')
            arguments=('@users|--user-id')
            ;;
        'users create-session')
            options=('--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.session2,')
            arguments=('@users|--user-id')
            ;;
        'users delete-session')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@users|--user-id' '@sessions|--session-id')
            ;;
        'users delete-sessions')
            options=('--all|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion2,')
            arguments=('@users|--user-id')
            ;;
        'users list-identities')
            options=('--limit|-' '--after|-' '--fields|fields.identity,')
            arguments=('@users|--user-id')
            ;;
        'users create-identity')
            options=('--email|-' '--email-verified|' '--force|' '--password-stdin|' '--code|-' '--challenge|-'
                '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.identity,')
            arguments=('@users|--user-id' '-|--provider' '-|--provider-uid')
            ;;
        'users delete-identity')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@identities|--identity-id')
            ;;
        'users list-memberships')
            options=('--search|-' '--filter|-' '--sort|-' '--limit|-' '--all|' '--after|-' '--before|-' '--count|'
                '--fields|fields.membership,')
            arguments=('@users|--user-id')
            ;;
        'users list-roles')
            options=('--can|-' '--fields|fields.role,')
            arguments=('@users|--user-id')
            ;;
        'users import')
            options=('--from|sources' '--map|-' '--hash-format|hashes' '--delimiter|-' '--encoding|-'
                '--hash-config|/' '--source-option|-' '--on-conflict|on-conflict' '--match|match'
                '--weak-hashes|weak-hashes' '--weak-passwords|weak-passwords' '--check-policy|' '--mark-unverified|'
                '--addresses|addresses' '--phone-region|-' '--force|' '--teams|' '--check-password|@users'
                '--password-stdin|' '--resume|@imports' '--max-errors|-' '--max-lost|-' '--strict|' '--report|/'
                '--rejects|/' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.import,')
            arguments=('/...|')
            ;;
        'users list-imports')
            options=('--limit|-' '--after|-' '--fields|fields.import2,')
            ;;
        'users import-status')
            options=('--fields|fields.imported-hashes,')
            ;;
        'users undo-import')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.undone-import,')
            arguments=('@imports|--import-id')
            ;;
        'users export')
            options=('--format|format' '--with-hashes|' '--with-secrets|' '--target-option|-' '--file|/' '--search|-'
                '--filter|-' '--sort|-' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.export,')
            arguments=('/|')
            ;;
        'teams')
            commands=('create' 'list' 'get' 'delete' 'update-name' 'get-prefs' 'update-prefs' 'create-membership'
                'list-memberships' 'get-membership' 'update-membership' 'update-membership-status' 'delete-membership')
            ;;
        'teams create')
            options=('--id|-' '--team-id|-' '--roles|-' '--owner|@users' '--force|' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.team,')
            arguments=('-|--name')
            ;;
        'teams list')
            options=('--search|-' '--filter|-' '--sort|-' '--limit|-' '--all|' '--after|-' '--before|-' '--count|'
                '--fields|fields.team,')
            ;;
        'teams get')
            options=('--fields|fields.team,')
            arguments=('@teams|--team-id')
            ;;
        'teams delete')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@teams|--team-id')
            ;;
        'teams update-name')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.team,')
            arguments=('@teams|--team-id' '-|--name')
            ;;
        'teams get-prefs')
            arguments=('@teams|--team-id')
            ;;
        'teams update-prefs')
            options=('--merge|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-')
            arguments=('@teams|--team-id' '-|--prefs')
            ;;
        'teams create-membership')
            options=('--user-id|@users' '--email|@emails' '--phone|@phones' '--roles|-' '--name|-' '--invite|'
                '--url|-' '--print-secret|' '--users-from|/' '--force|' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.membership2,')
            arguments=('@teams|--team-id')
            ;;
        'teams list-memberships')
            options=('--search|-' '--filter|-' '--sort|-' '--limit|-' '--all|' '--after|-' '--before|-' '--count|'
                '--fields|fields.membership2,')
            arguments=('@teams|--team-id')
            ;;
        'teams get-membership')
            options=('--fields|fields.membership2,')
            arguments=('@teams|--team-id' '@memberships|--membership-id')
            ;;
        'teams update-membership')
            options=('--add|-' '--remove|-' '--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.membership2,')
            arguments=('@teams|--team-id' '@memberships|--membership-id' '-...|--roles')
            ;;
        'teams update-membership-status')
            options=('--secret-stdin|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.membership2,')
            arguments=('@teams|--team-id' '@memberships|--membership-id' '@users|--user-id')
            ;;
        'teams delete-membership')
            options=('--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@teams|--team-id' '@memberships|--membership-id')
            ;;
        'sessions')
            commands=('create' 'get' 'update' 'delete' 'create-jwt' 'verify-jwt')
            ;;
        'sessions create')
            options=('--password-stdin|' '--password-fd|-' '--password|-' '--identity|- -' '--email|-'
                '--email-verified|' '--anonymous|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.session2,')
            arguments=('@users|')
            ;;
        'sessions get')
            options=('--secret-stdin|' '--fields|fields.person,')
            ;;
        'sessions update')
            options=('--secret-stdin|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.session,')
            ;;
        'sessions delete')
            options=('--secret-stdin|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            ;;
        'sessions create-jwt')
            options=('--secret-stdin|' '--duration|-' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.jwt,')
            ;;
        'sessions verify-jwt')
            options=('--secret-stdin|' '--audience|-' '--fields|fields.claims,')
            ;;
        'tokens')
            commands=('create' 'create-email' 'create-phone' 'create-magic-url' 'create-email-verification'
                'create-phone-verification' 'create-recovery' 'create-email-change' 'create-phone-change' 'redeem'
                'list' 'delete' 'purge')
            ;;
        'tokens create')
            options=('--length|-' '--expire|-' '--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.token,')
            arguments=('@users|--user-id')
            ;;
        'tokens create-email')
            options=('--phrase|' '--id|-' '--user-id|-' '--locale|-' '--no-create|' '--print-secret|' '--dry-run|'
                '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.token,')
            arguments=('@emails|--email')
            ;;
        'tokens create-phone')
            options=('--channel|channel' '--id|-' '--user-id|-' '--locale|-' '--no-create|' '--print-secret|'
                '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.token,')
            arguments=('@phones|--phone')
            ;;
        'tokens create-magic-url')
            options=('--url|-' '--phrase|' '--id|-' '--user-id|-' '--locale|-' '--no-create|' '--print-secret|'
                '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.token,')
            arguments=('@emails|--email')
            ;;
        'tokens create-email-verification')
            options=('--url|-' '--print-secret|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.token,')
            arguments=('@users|--user-id')
            ;;
        'tokens create-phone-verification')
            options=('--channel|channel' '--print-secret|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.token,')
            arguments=('@users|--user-id')
            ;;
        'tokens create-recovery')
            options=('--url|-' '--print-secret|' '--quiet-unknown|' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.token,')
            arguments=('@users|--user-id')
            ;;
        'tokens create-email-change')
            options=('--url|-' '--print-secret|' '--password-stdin|' '--code|-' '--challenge|-' '--dry-run|'
                '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.token,')
            arguments=('@users|--user-id' '-|--email')
            ;;
        'tokens create-phone-change')
            options=('--channel|channel' '--print-secret|' '--password-stdin|' '--code|-' '--challenge|-' '--dry-run|'
                '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.token,')
            arguments=('@users|--user-id' '-|--phone')
            ;;
        'tokens redeem')
            options=('--kind|kind' '--id|@tokens' '--token-id|@tokens' '--secret-stdin|' '--new-password-stdin|'
                '--new-account|' '--code|-' '--challenge|@tokens' '--keep|' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-')
            arguments=('@users|--user-id')
            ;;
        'tokens list')
            options=('--all|' '--fields|fields.listed-token,')
            arguments=('@users|--user-id')
            ;;
        'tokens delete')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@users|--user-id' '@tokens|--token-id')
            ;;
        'tokens purge')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.tokens-purge,')
            ;;
        'mfa')
            commands=('status' 'list-factors' 'enable' 'disable' 'reset' 'create-authenticator' 'verify-authenticator'
                'delete-authenticator' 'create-recovery-codes' 'regenerate-recovery-codes' 'create-challenge'
                'complete-challenge')
            ;;
        'mfa status')
            options=('--fields|fields.mfa-status,')
            arguments=('@users|--user-id')
            ;;
        'mfa list-factors')
            options=('--fields|fields.factor,')
            arguments=('@users|--user-id')
            ;;
        'mfa enable')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'mfa disable')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'mfa reset')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.user,')
            arguments=('@users|--user-id')
            ;;
        'mfa create-authenticator')
            options=('--name|-' '--qr-file|/' '--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-'
                '--ip|-' '--user-agent|-' '--fields|fields.authenticator,')
            arguments=('@users|--user-id')
            ;;
        'mfa verify-authenticator')
            options=('--name|@authenticators' '--secret-stdin|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.factor,')
            arguments=('@users|--user-id' '-|--otp')
            ;;
        'mfa delete-authenticator')
            options=('--name|@authenticators' '--force|' '--password-stdin|' '--code|-' '--challenge|-' '--dry-run|'
                '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.deletion,')
            arguments=('@users|--user-id')
            ;;
        'mfa create-recovery-codes')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.recovery-codes,')
            arguments=('@users|--user-id')
            ;;
        'mfa regenerate-recovery-codes')
            options=('--password-stdin|' '--code|-' '--challenge|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.recovery-codes,')
            arguments=('@users|--user-id')
            ;;
        'mfa create-challenge')
            options=('--factor|factor' '--secret-stdin|' '--print-secret|' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.challenge,')
            ;;
        'mfa complete-challenge')
            options=('--secret-stdin|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.session2,')
            arguments=('@challenges|--challenge-id' '-|--otp')
            ;;
        'security')
            commands=('show' 'set' 'reset' 'apply' 'check-password' 'check' 'purge' 'unlock-source' 'list-logs'
                'verify-logs' 'test-delivery' 'create-mock-phone' 'list-mock-phones' 'delete-mock-phone' 'show-jwks'
                'rotate-key')
            ;;
        'security show')
            options=('-o|formats2' '--output|formats2' '--fields|fields.policies,')
            arguments=('policies...|')
            ;;
        'security set')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.policy,'
                '--profile|policies')
            arguments=('policies|' 'policy.*|')
            ;;
        'security reset')
            options=('--all|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.policy,')
            arguments=('policies...|')
            ;;
        'security apply')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.difference,')
            arguments=('presets/|')
            ;;
        'security check-password')
            options=('--user|@users' '--password-stdin|' '--password-fd|-' '--fields|fields.password-report,')
            ;;
        'security check')
            options=('--deep|' '--fail-on|fail-on' '--sarif|/' '--fields|fields.finding,')
            ;;
        'security purge')
            options=('--force|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.purge,')
            ;;
        'security unlock-source')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.source,')
            arguments=('-|--address')
            ;;
        'security list-logs')
            options=('--user|@users' '--event|events,' '--actor|-' '--since|-' '--until|-' '--limit|-' '--after|-'
                '--all|' '--follow|' '--state|/' '--fields|fields.event,')
            ;;
        'security verify-logs')
            options=('--expect|-' '--all|' '--accept|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.verification-of-the-log,')
            ;;
        'security test-delivery')
            options=('--locale|-' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.receipt,')
            arguments=('channel2|' '-|')
            ;;
        'security create-mock-phone')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.mock-phone,')
            arguments=('-|--phone' '-|--code')
            ;;
        'security list-mock-phones')
            options=('--fields|fields.mock-phone,')
            ;;
        'security delete-mock-phone')
            options=('--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.mock-phone-deletion,')
            arguments=('@mock-phones|--phone')
            ;;
        'security show-jwks')
            ;;
        'security rotate-key')
            options=('--jwt|' '--forget|' '--algorithm|algorithm' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.rotation,')
            ;;
        'init')
            options=('--application-name|-' '--fields|fields.directory,')
            ;;
        'upgrade')
            options=('--repair|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-' '--fields|fields.upgrade,')
            ;;
        'status')
            options=('--picture|' '--fields|fields.status,')
            ;;
        'apply')
            options=('--plan|' '--check|' '--prune|prune' '--name|-' '--dry-run|' '--reason|-' '--ip|-'
                '--user-agent|-' '--fields|fields.plan,')
            arguments=('/...|')
            ;;
        'pull')
            options=('--teams|' '--users|-' '--policy|' '-o|formats3' '--output|formats3')
            arguments=('/|')
            ;;
        'backup')
            options=('--keep|-' '--with-key|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.backup,')
            arguments=('/|')
            ;;
        'restore')
            options=('--unsigned|' '--dry-run|' '--reason|-' '--ip|-' '--user-agent|-'
                '--fields|fields.restored-backup,')
            arguments=('/|')
            ;;
        'completion')
            options=('--install|' '--fields|fields.completion,')
            arguments=('shell|')
            ;;
        'help')
            options=('--schema|')
            arguments=('help.*...|')
            ;;
        *) return 1 ;;
    esac
    options+=('-o|formats' '--output|formats' '--json|' '--fields|-' '--csv-raw|' '-q|' '--quiet|' '-y|' '--yes|'
        '--as-session|' '--database|-' '--config|/' '--profile|@profiles' '--no-color|' '-h|' '--help|')
}

# Fill `words` with a list.
_authctl_list() {
    case $1 in
        'presets')
            words=('recommended' 'appwrite' 'supabase')
            ;;
        'sources')
            words=('authctl' 'csv' 'json' 'appwrite' 'supabase' 'firebase' 'auth0' 'keycloak' 'cognito' 'okta' 'clerk'
                'django' 'kratos' 'wordpress' 'htpasswd' 'ldif')
            ;;
        'hashes')
            words=('argon2' 'bcrypt' 'bcrypt-2x' 'md5' 'sha' 'symfony' 'devise' 'mysql' 'aspnet' 'phpass' 'scrypt'
                'scrypt-modified' 'pbkdf2' 'hmac' 'md5-crypt' 'apr1' 'sha-crypt' 'ldap' 'django' 'wordpress'
                'bcrypt-sha256' 'werkzeug' 'kratos' 'keycloak')
            ;;
        'events')
            words=('directory.create' 'directory.update.schema' 'directory.repair' 'directory.backup'
                'directory.restore' 'users.create' 'users.delete' 'users.update.name' 'users.update.username'
                'users.update.email' 'users.update.phone' 'users.update.password' 'users.update.labels'
                'users.update.prefs' 'users.update.metadata' 'users.update.locale' 'users.update.status'
                'users.update.email_verification' 'users.update.phone_verification' 'users.sessions.create'
                'users.sessions.update' 'users.sessions.delete' 'users.identities.create' 'users.identities.delete'
                'users.imports.create' 'users.imports.update' 'users.imports.delete' 'users.unlock' 'users.secure'
                'users.merge' 'users.lock' 'users.export' 'users.tokens.create' 'users.tokens.update'
                'users.tokens.delete' 'users.verification.create' 'users.verification.update' 'users.recovery.create'
                'users.recovery.update' 'users.update.mfa' 'users.mfa.factors.create' 'users.mfa.factors.update'
                'users.mfa.factors.delete' 'users.mfa.recovery_codes.create' 'users.mfa.recovery_codes.update'
                'users.mfa.challenges.create' 'users.mfa.challenges.update' 'users.mfa.reset' 'users.notify'
                'teams.create' 'teams.update.name' 'teams.update.prefs' 'teams.delete' 'teams.memberships.create'
                'teams.memberships.update' 'teams.memberships.update.status' 'teams.memberships.delete'
                'security.update.policy' 'security.mock_phones.create' 'security.mock_phones.delete'
                'security.sources.unlock' 'security.purge' 'security.logs.verify' 'security.keys.create'
                'security.keys.rotate' 'users.verify.password')
            ;;
        'policies')
            words=('user-limit' 'sign-in-methods' 'require-verified' 'email-domains' 'session-limit'
                'session-duration' 'session-idle-timeout' 'session-max-age' 'recent-sign-in' 'session-invalidation'
                'session-alerts' 'password-min-length' 'password-history' 'password-dictionary'
                'password-personal-data' 'password-strength' 'password-context-words' 'password-breached-file'
                'generated-password-expiry' 'memberships-privacy' 'sign-in-attempts' 'source-attempts'
                'sign-in-window' 'sign-in-lockout' 'trusted-sources' 'known-source-expiry' 'otp-length' 'otp-expiry'
                'otp-interval' 'otp-attempts' 'otp-hourly-limit' 'person-hourly-limit' 'source-hourly-limit'
                'email-hourly-limit' 'sms-hourly-limit' 'creation-hourly-limit' 'sms-countries' 'magic-url-expiry'
                'verification-expiry' 'verification-needs-session' 'recovery-expiry' 'token-expiry' 'invite-expiry'
                'change-needs-old' 'mfa-factors' 'mfa-required' 'challenge-expiry' 'jwt-issuer' 'jwt-audience'
                'reason-required' 'log-retention')
            ;;
        'policy.sign-in-methods')
            words=('none' 'all' 'password' 'email' 'magic-url' 'phone' 'identity' 'anonymous' 'token')
            ;;
        'policy.require-verified')
            words=('off' 'email' 'phone' 'any')
            ;;
        'policy.email-domains')
            words=('any' 'deny:disposable')
            ;;
        'policy.session-idle-timeout')
            words=('off')
            ;;
        'policy.session-max-age')
            words=('off')
            ;;
        'policy.recent-sign-in')
            words=('off')
            ;;
        'policy.session-invalidation')
            words=('on' 'off')
            ;;
        'policy.session-alerts')
            words=('on' 'off')
            ;;
        'policy.password-dictionary')
            words=('on' 'off')
            ;;
        'policy.password-personal-data')
            words=('on' 'off')
            ;;
        'policy.password-strength')
            words=('off' 'all' 'upper' 'lower' 'digit' 'symbol')
            ;;
        'policy.password-context-words')
            words=('none')
            ;;
        'policy.password-breached-file')
            words=('none')
            ;;
        'policy.generated-password-expiry')
            words=('off')
            ;;
        'policy.memberships-privacy')
            words=('none' 'all' 'user_id' 'user_name' 'user_email' 'mfa')
            ;;
        'policy.trusted-sources')
            words=('none')
            ;;
        'policy.sms-countries')
            words=('any')
            ;;
        'policy.verification-needs-session')
            words=('on' 'off')
            ;;
        'policy.change-needs-old')
            words=('off' 'cancel' 'confirm')
            ;;
        'policy.mfa-factors')
            words=('off' 'all' 'totp' 'email' 'phone')
            ;;
        'policy.mfa-required')
            words=('off' 'all')
            ;;
        'policy.jwt-audience')
            words=('none')
            ;;
        'policy.reason-required')
            words=('on' 'off')
            ;;
        'policy.log-retention')
            words=('off')
            ;;
        'formats')
            words=('table' 'wide' 'json' 'jsonl' 'csv' 'tsv')
            ;;
        'weak-hash')
            words=('keep' 'wrap' 'reset')
            ;;
        'fields.user')
            words=('id' 'username' 'name' 'email' 'email_verified' 'phone' 'phone_verified' 'status' 'labels' 'prefs'
                'mfa' 'factors.totp' 'factors.email' 'factors.phone' 'factors.recovery_code' 'password.set'
                'password.algorithm' 'password.updated_at' 'password.must_change' 'password.expires_at' 'locked_until'
                'blocked_until' 'codes_locked_until' 'metadata' 'locale' 'pending.email' 'pending.phone' 'created_at'
                'updated_at' 'last_sign_in_at' 'generated_password')
            ;;
        'fields.one-user')
            words=('id' 'username' 'name' 'email' 'email_verified' 'phone' 'phone_verified' 'status' 'labels' 'prefs'
                'mfa' 'factors.totp' 'factors.email' 'factors.phone' 'factors.recovery_code' 'password.set'
                'password.algorithm' 'password.updated_at' 'password.must_change' 'password.expires_at' 'locked_until'
                'blocked_until' 'codes_locked_until' 'metadata' 'locale' 'pending.email' 'pending.phone' 'created_at'
                'updated_at' 'last_sign_in_at' 'former_ids' 'generated_password')
            ;;
        'fields.deletion')
            words=('id' 'deleted')
            ;;
        'fields.event')
            words=('id' 'time' 'actor' 'os_user' 'name' 'resource' 'details' 'ip' 'reason')
            ;;
        'verified')
            words=('true' 'false')
            ;;
        'fields.verification')
            words=('id' 'valid')
            ;;
        'status')
            words=('active' 'blocked')
            ;;
        'fields.secured-account')
            words=('id' 'kept' 'removed' 'sessions_ended' 'tokens_ended' 'invitations_ended' 'identities_removed'
                'authenticators_removed' 'recovery_codes_removed' 'recovery')
            ;;
        'prefer')
            words=('FROM' 'INTO')
            ;;
        'fields.merged-account')
            words=('id' 'merged' 'conflicts' 'released' 'sessions_ended' 'tokens_ended' 'identities_moved'
                'memberships_moved' 'memberships_united' 'authenticators_removed' 'recovery_codes_removed')
            ;;
        'fields.session')
            words=('id' 'user_id' 'provider' 'factors' 'ip' 'user_agent' 'created_at' 'expires_at' 'mfa_at' 'ended_at'
                'ended_reason' 'current')
            ;;
        'fields.session2')
            words=('id' 'user_id' 'provider' 'factors' 'ip' 'user_agent' 'created_at' 'expires_at' 'mfa_at' 'ended_at'
                'ended_reason' 'current' 'secret' 'more_factors_required' 'ended')
            ;;
        'fields.deletion2')
            words=('id' 'deleted' 'sessions')
            ;;
        'fields.identity')
            words=('id' 'user_id' 'provider' 'provider_uid' 'email' 'created_at' 'email_verified')
            ;;
        'fields.membership')
            words=('id' 'team_id' 'team_name' 'user_id' 'user_name' 'user_email' 'roles' 'status' 'invited_at'
                'joined_at' 'mfa' 'invited_as')
            ;;
        'fields.role')
            words=('role')
            ;;
        'on-conflict')
            words=('fail' 'skip' 'update' 'merge')
            ;;
        'match')
            words=('id' 'email' 'phone')
            ;;
        'weak-hashes')
            words=('keep' 'wrap' 'reset')
            ;;
        'weak-passwords')
            words=('keep' 'change' 'refuse')
            ;;
        'addresses')
            words=('given' 'claimed')
            ;;
        'fields.import')
            words=('id' 'source' 'status' 'created' 'updated' 'skipped' 'without_password' 'refused' 'reasons'
                'hashes')
            ;;
        'fields.import2')
            words=('id' 'source' 'files' 'options' 'status' 'created' 'updated' 'skipped' 'without_password' 'refused'
                'reasons' 'hashes' 'actor' 'created_at' 'updated_at' 'ended_at')
            ;;
        'fields.imported-hashes')
            words=('algorithm' 'users' 'imported_at' 'import_id')
            ;;
        'fields.undone-import')
            words=('id' 'removed' 'restored' 'kept')
            ;;
        'format')
            words=('authctl' 'csv' 'appwrite' 'supabase' 'firebase' 'auth0' 'keycloak' 'django' 'htpasswd' 'ldif')
            ;;
        'fields.export')
            words=('format' 'file' 'users' 'with_hashes' 'with_secrets' 'left_out')
            ;;
        'fields.team')
            words=('id' 'name' 'prefs' 'members' 'created_at' 'updated_at')
            ;;
        'fields.membership2')
            words=('id' 'team_id' 'team_name' 'user_id' 'user_name' 'user_email' 'roles' 'status' 'invited_at'
                'joined_at' 'mfa' 'invited_as' 'secret')
            ;;
        'fields.person')
            words=('id' 'username' 'name' 'email' 'email_verified' 'phone' 'phone_verified' 'status' 'labels' 'prefs'
                'mfa' 'factors.totp' 'factors.email' 'factors.phone' 'factors.recovery_code' 'password.set'
                'password.algorithm' 'password.updated_at' 'password.must_change' 'password.expires_at' 'locked_until'
                'blocked_until' 'codes_locked_until' 'metadata' 'locale' 'pending.email' 'pending.phone' 'created_at'
                'updated_at' 'last_sign_in_at' 'session.id' 'session.user_id' 'session.provider' 'session.factors'
                'session.ip' 'session.user_agent' 'session.created_at' 'session.expires_at' 'session.mfa_at'
                'session.ended_at' 'session.ended_reason' 'session.current')
            ;;
        'fields.jwt')
            words=('jwt' 'expires_at')
            ;;
        'fields.claims')
            words=('id' 'user_id' 'session_id' 'issuer' 'audience' 'issued_at' 'expires_at' 'key_id')
            ;;
        'fields.token')
            words=('id' 'user_id' 'kind' 'created_at' 'expires_at' 'attempts_left' 'secret' 'phrase')
            ;;
        'channel')
            words=('sms' 'whatsapp')
            ;;
        'kind')
            words=('token' 'email' 'phone' 'magic-url' 'email-verification' 'phone-verification' 'recovery'
                'email-change' 'phone-change' 'change-cancel' 'change-confirm')
            ;;
        'fields.listed-token')
            words=('id' 'user_id' 'kind' 'created_at' 'expires_at' 'attempts_left' 'locked_until' 'ended_at'
                'ended_reason')
            ;;
        'fields.tokens-purge')
            words=('tokens')
            ;;
        'fields.mfa-status')
            words=('user_id' 'mfa' 'required' 'factors.totp' 'factors.email' 'factors.phone' 'factors.recovery_code'
                'recovery_codes_left' 'authenticators')
            ;;
        'fields.factor')
            words=('id' 'user_id' 'type' 'name' 'verified' 'created_at' 'last_used_at')
            ;;
        'fields.authenticator')
            words=('secret' 'uri' 'user_id')
            ;;
        'fields.recovery-codes')
            words=('recovery_codes' 'user_id')
            ;;
        'factor')
            words=('totp' 'email' 'phone' 'recovery_code' 'password')
            ;;
        'fields.challenge')
            words=('id' 'factor' 'expires_at' 'secret')
            ;;
        'formats2')
            words=('table' 'wide' 'json' 'jsonl' 'csv' 'tsv' 'toml')
            ;;
        'fields.policies')
            words=('name' 'value' 'default' 'changed' 'range' 'help')
            ;;
        'fields.policy')
            words=('name' 'value' 'default' 'changed' 'range' 'help')
            ;;
        'fields.difference')
            words=('name' 'before' 'after')
            ;;
        'fields.password-report')
            words=('accepted' 'failures' 'score' 'crack_time')
            ;;
        'fail-on')
            words=('low' 'medium' 'high')
            ;;
        'fields.finding')
            words=('id' 'severity' 'resource' 'message' 'meaning' 'command')
            ;;
        'fields.purge')
            words=('tokens' 'challenges' 'sessions' 'attempts' 'known_sources' 'signing_keys' 'events' 'invitations'
                'import_changes')
            ;;
        'fields.source')
            words=('source' 'unlocked')
            ;;
        'fields.verification-of-the-log')
            words=('events' 'good' 'unsigned' 'accepted' 'found' 'problems' 'seal' 'sealed_at' 'from_seal')
            ;;
        'channel2')
            words=('email' 'sms' 'whatsapp')
            ;;
        'fields.receipt')
            words=('provider' 'channel' 'message_id' 'status' 'code' 'text')
            ;;
        'fields.mock-phone')
            words=('phone' 'code' 'created_at')
            ;;
        'fields.mock-phone-deletion')
            words=('phone' 'deleted')
            ;;
        'algorithm')
            words=('EdDSA' 'ES256')
            ;;
        'fields.rotation')
            words=('key' 'id' 'key_file' 'resealed')
            ;;
        'fields.directory')
            words=('database' 'schema' 'key_fingerprint' 'key_file' 'created')
            ;;
        'fields.upgrade')
            words=('before' 'after' 'copy' 'sequences' 'repaired')
            ;;
        'fields.status')
            words=('version' 'database' 'server' 'schema' 'schema_wanted' 'key.fingerprint' 'key.file' 'key.state'
                'counts.users' 'counts.events' 'backup_at' 'settings' 'picture')
            ;;
        'prune')
            words=('block' 'delete')
            ;;
        'fields.plan')
            words=('action' 'kind' 'name' 'before' 'after' 'source' 'generated_password')
            ;;
        'formats3')
            words=('toml' 'table' 'tsv')
            ;;
        'fields.backup')
            words=('file' 'made_at' 'schema' 'key_fingerprint' 'with_key' 'users' 'rows' 'size' 'removed')
            ;;
        'fields.restored-backup')
            words=('database' 'made_at' 'before' 'schema' 'key_fingerprint' 'key' 'key_file' 'users' 'rows')
            ;;
        'shell')
            words=('bash' 'zsh' 'fish' 'powershell')
            ;;
        'fields.completion')
            words=('shell' 'file' 'installed' 'next')
            ;;
        'help.')
            words=('applications' 'apply' 'asvs' 'backup' 'errors' 'events' 'export' 'formats' 'frameworks' 'import'
                'messages' 'options' 'output' 'policies' 'postgres' 'reliability' 'sample-config' 'secrets' 'security'
                'settings' 'shapes' 'sharing' 'sizes' 'teams' 'testing' 'tokens' 'transactions' 'users' 'teams'
                'sessions' 'tokens' 'mfa' 'security' 'init' 'upgrade' 'status' 'apply' 'pull' 'backup' 'restore'
                'completion' 'help')
            ;;
        'help.users')
            words=('create' 'list' 'get' 'delete' 'list-logs' 'update-name' 'update-username' 'update-locale'
                'update-labels' 'get-prefs' 'update-prefs' 'update-metadata' 'update-email'
                'update-email-verification' 'update-phone' 'update-phone-verification' 'update-password'
                'verify-password' 'require-password-change' 'wrap-password' 'update-status' 'unlock' 'secure' 'merge'
                'list-sessions' 'create-session' 'delete-session' 'delete-sessions' 'list-identities'
                'create-identity' 'delete-identity' 'list-memberships' 'list-roles' 'import' 'list-imports'
                'import-status' 'undo-import' 'export')
            ;;
        'help.teams')
            words=('create' 'list' 'get' 'delete' 'update-name' 'get-prefs' 'update-prefs' 'create-membership'
                'list-memberships' 'get-membership' 'update-membership' 'update-membership-status' 'delete-membership')
            ;;
        'help.sessions')
            words=('create' 'get' 'update' 'delete' 'create-jwt' 'verify-jwt')
            ;;
        'help.tokens')
            words=('create' 'create-email' 'create-phone' 'create-magic-url' 'create-email-verification'
                'create-phone-verification' 'create-recovery' 'create-email-change' 'create-phone-change' 'redeem'
                'list' 'delete' 'purge')
            ;;
        'help.mfa')
            words=('status' 'list-factors' 'enable' 'disable' 'reset' 'create-authenticator' 'verify-authenticator'
                'delete-authenticator' 'create-recovery-codes' 'regenerate-recovery-codes' 'create-challenge'
                'complete-challenge')
            ;;
        'help.security')
            words=('show' 'set' 'reset' 'apply' 'check-password' 'check' 'purge' 'unlock-source' 'list-logs'
                'verify-logs' 'test-delivery' 'create-mock-phone' 'list-mock-phones' 'delete-mock-phone' 'show-jwks'
                'rotate-key')
            ;;
    esac
}

complete -F _authctl authctl
