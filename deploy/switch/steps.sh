# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# The steps of a switch, whichever balancer it is at. That comes from a back end, which has:
#
#   prepare              settles its settings, and says what is missing
#   traffic              prints the colours that get traffic, with blanks
#   has_all COLOUR       whether that is so by order, and not because the other one is down
#   snapshot, restore    prints how things are, and makes them so again
#   hand_over COLOUR     gives it all traffic, and returns when the balancer has it so
#   places COLOUR        prints where the colour itself can be asked, one a line
#   sees COLOUR          says how the balancer sees the colour
#   judge COLOUR         whether the balancer thinks that it could work; PROBLEM says why not
#   is_idle COLOUR       whether nothing is under way to the colour any more
#   stop COLOUR          ends it
#   FRONT                where the service is, for its clients

readonly REFUSED=1 USAGE=2 ROLLED_BACK=3 STRANDED=4 BUSY=5 NO_BALANCER=6 NOT_DRAINED=7

say() { printf '%(%T)T  %s\n' -1 "$*"; }

die() {
    local code=$1
    shift
    printf 'switch: %s\n' "$*" >&2
    exit "$code"
}

needs() {
    command -v "$1" >/dev/null || die "$USAGE" "$1 is missing, which a switch at $SWITCH_BACKEND needs"
}

check_number() {
    local value=${!1}
    if [[ ! $value =~ ^[0-9]{1,6}$ ]] || ((10#$value < $2 || 10#$value > $3)); then
        die "$USAGE" "$1 is $value, and not a whole number from $2 to $3"
    fi
}

other_than() { [[ $1 == blue ]] && echo green || echo blue; }

# Everything that changes something goes through here, for --dry-run.
change() {
    local said
    if [[ $dry_run ]]; then
        say "would run: ${*@Q}"
        return 0
    fi
    said=$("$@" 2>&1) || {
        PROBLEM="$1: ${said##*$'\n'}"
        return 1
    }
}

# Looks again and again until something is so, for at most the time of a step.
await() {
    local what=$1 deadline=$((SECONDS + SWITCH_TIMEOUT_SECONDS))
    shift
    [[ ! $dry_run ]] || return 0
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        [[ ! -t 1 ]] || printf '\r%(%T)T  waiting for %s ... \r' -1 "$what"
        sleep 0.05
    done
}

# One at a time: two of them would each undo what the other has done.
lock() {
    [[ ! $dry_run ]] || return 0
    needs flock
    local folder=/run/lock
    [[ -w $folder ]] || folder=${XDG_RUNTIME_DIR:-/tmp}
    local file=${SWITCH_LOCK:-$folder/llm-pricing-switch.$SWITCH_BACKEND}
    { exec 9>>"$file"; } 2>/dev/null || die "$USAGE" "the lock $file cannot be opened"
    flock --nonblock 9 || die "$BUSY" "another switch is at work, see $file: $(<"$file")"
    printf '%s by process %s since %(%F %T)T\n' "$task" $$ -1 >"$file"
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# However this ends: what was begun and not found to be good is undone. (In what a trap calls, `return` needs a
# number: without one it is that of the command before the trap.)
finish() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    [[ $undo ]] || exit "$code"
    say "rolling back"
    if ! restore "$undo" || ! await "the rollback" answers_as_before; then
        die "$STRANDED" "the rollback FAILED: ${PROBLEM:-the balancer does not do as it is told}"
    fi
    say "rolled back: ${before:-nobody} has the traffic, as before"
    ((code >= 128)) || code=$ROLLED_BACK
    exit "$code"
}

answers_as_before() {
    [[ $before ]] || return 0
    look "$FRONT" || return 1
    [[ " $before " == *" $GROUP "* ]] || PROBLEM="$FRONT is answered by ${GROUP:-nobody in particular}"
    [[ " $before " == *" $GROUP "* ]]
}

ask_who_has_traffic() {
    before=$(traffic) || die "$NO_BALANCER" "nothing was changed"
}

give_traffic_to() {
    local colour=$1 started=${EPOCHREALTIME//[!0-9]/}
    is_reachable "$FRONT" || die "$NO_BALANCER" "$FRONT: $PROBLEM; nothing was changed"
    ask_who_has_traffic
    refuse_unless_well "$colour"
    if [[ $before == "$colour" ]] && has_all "$colour"; then
        say "$colour has all traffic already"
    else
        undo=$(snapshot) || die "$NO_BALANCER" "nothing was changed"
        [[ ! $dry_run ]] || undo=''
        say "from ${before:-nobody} to $colour"
        hand_over "$colour" || die "$ROLLED_BACK" "$colour did not get the traffic: $PROBLEM"
    fi
    verify "$colour" "$SWITCH_ANSWERS" || die "$([[ $undo ]] && echo $ROLLED_BACK || echo $REFUSED)" "$PROBLEM"
    undo=''
    [[ ! $dry_run ]] || return 0
    say "$SWITCH_ANSWERS answers in a row came from $colour, through $FRONT"
    local took=$(((${EPOCHREALTIME//[!0-9]/} - started) / 1000))
    say "done: $colour has all traffic, after $took ms; $(other_than "$colour") is left as it is"
}

# Before anything is changed: the colour itself, wherever it can be asked.
refuse_unless_well() {
    local colour=$1 place count=0
    judge "$colour" || die "$REFUSED" "$colour is not ready: $PROBLEM; nothing was changed"
    local all
    all=$(places "$colour") || die "$REFUSED" "$colour cannot be found; nothing was changed"
    while read -r place; do
        [[ $place ]] || continue
        is_ready "$place" || die "$REFUSED" "$colour is not ready: $place $PROBLEM; nothing was changed"
        look "$place" || die "$REFUSED" "$colour is not well: $place $PROBLEM; nothing was changed"
        is_right "$colour" || die "$REFUSED" "$place $PROBLEM; nothing was changed"
        count=$((count + 1))
    done <<<"$all"
    if ((count)); then
        say "$colour is ready, version $VERSION, and prices calls"
    else
        say "$colour is ready, says the balancer; it cannot be asked itself"
    fi
}

# Whether an answer came from whom it should.
is_right() {
    PROBLEM="answers as ${GROUP:-no colour} and not as $1"
    [[ $GROUP == "$1" ]] || return 1
    PROBLEM="is version ${VERSION:-unknown} and not $SWITCH_VERSION"
    [[ -z $SWITCH_VERSION || $VERSION == "$SWITCH_VERSION" ]]
}

# So many answers in a row, through the balancer. The old colour may answer for a while; what is wrong may not
# come at all.
verify() {
    local colour=$1 answers=$2 row=0 deadline=$((SECONDS + SWITCH_TIMEOUT_SECONDS))
    [[ ! $dry_run ]] || return 0
    while ((row < answers)); do
        if ! look "$FRONT"; then
            PROBLEM="$FRONT $PROBLEM"
            return 1
        fi
        if is_right "$colour"; then
            row=$((row + 1))
        elif [[ $GROUP == "$colour" ]] || ((SECONDS >= deadline)); then
            PROBLEM="$FRONT $PROBLEM"
            return 1
        else
            row=0
            sleep 0.05
        fi
    done
}

roll_traffic_back() {
    ask_who_has_traffic
    case $before in
        blue | green) give_traffic_to "$(other_than "$before")" ;;
        '') die "$REFUSED" "nobody has traffic: say which colour is to have it" ;;
        *) die "$REFUSED" "both colours have traffic: say which one is to have it" ;;
    esac
}

drain() {
    local colour=$1
    ask_who_has_traffic
    [[ " $before " != *" $colour "* ]] \
        || die "$REFUSED" "$colour has traffic; switch to $(other_than "$colour") first"
    await "$colour's last request" is_idle "$colour" \
        || die "$NOT_DRAINED" "$colour has requests under way after $SWITCH_TIMEOUT_SECONDS s; it was not stopped"
    stop "$colour" || die "$NOT_DRAINED" "$colour: $PROBLEM"
    [[ $dry_run ]] || say "done: $colour is stopped"
}

show_status() {
    local colour has place
    ask_who_has_traffic
    for colour in blue green; do
        [[ " $before " == *" $colour "* ]] && has="has traffic" || has="no traffic "
        printf '%-6s %s  %s\n' "$colour" "$has" "$(sees "$colour")"
        while read -r place; do
            [[ $place ]] || continue
            if is_ready "$place" && look "$place"; then
                printf '       %s is ready: %s, version %s\n' "$place" "${GROUP:-no colour}" "$VERSION"
            else
                printf '       %s %s\n' "$place" "$PROBLEM"
            fi
        done < <(places "$colour")
    done
    if look "$FRONT"; then
        printf 'answer %s, version %s, through %s\n' "${GROUP:-no colour}" "$VERSION" "$FRONT"
    else
        printf 'answer %s %s\n' "$FRONT" "$PROBLEM"
    fi
}
