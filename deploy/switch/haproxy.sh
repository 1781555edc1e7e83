# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# HAProxy, told at its admin socket: the new colour `ready`, then the old one `drain`. What is under way
# to the old one is answered by it.

prepare() {
    : "${SWITCH_URL:=http://127.0.0.1:8080}"
    : "${BLUE_URL:=http://127.0.0.1:8001}" "${GREEN_URL:=http://127.0.0.1:8002}"
    : "${HAPROXY_SOCKET:=/run/haproxy/admin.sock}" "${HAPROXY_BACKEND:=be}" "${HAPROXY_STATE_FILE:=}"
    FRONT=$SWITCH_URL
    needs socat
}

places() { [[ $1 == blue ]] && echo "$BLUE_URL" || echo "$GREEN_URL"; }

judge() { :; }

at_socket() {
    local socket=TCP:$HAPROXY_SOCKET path=$HAPROXY_SOCKET
    # Colons and commas mean something to socat.
    path=${path//:/\\:}
    [[ $HAPROXY_SOCKET != /* ]] || socket=UNIX-CONNECT:${path//,/\\,}
    socat -t 5 - "$socket" 2>&1 <<<"$1"
}

declare -gA CELL

# Reads one of HAProxy's tables, of which a line that begins with # has the names: CELL[SERVER COLUMN].
read_table() {
    local question=$1 separator=$2 key=$3 table line names=() cells=() server i
    table=$(at_socket "$question") || true
    CELL=()
    while IFS= read -r line; do
        if [[ $line == '# '* ]]; then
            IFS=$separator read -ra names <<<"${line#\# }"
        elif ((${#names[@]})) && [[ $line ]]; then
            IFS=$separator read -ra cells <<<"$line"
            for i in "${!cells[@]}"; do
                [[ ${names[i]:-} != "$key" ]] || server=${cells[i]}
            done
            for i in "${!cells[@]}"; do
                CELL["$server ${names[i]:-}"]=${cells[i]}
            done
        fi
    done <<<"$table"
    if ((${#names[@]} == 0)); then
        echo "switch: $HAPROXY_SOCKET: ${table:-no answer}" >&2
        return 1
    elif [[ ! ${CELL[blue $key]:-} || ! ${CELL[green $key]:-} ]]; then
        echo "switch: $HAPROXY_SOCKET: backend $HAPROXY_BACKEND has no servers blue and green" >&2
        return 1
    fi
}

read_states() { read_table "show servers state $HAPROXY_BACKEND" ' ' srv_name; }

read_sessions() { read_table "show stat $HAPROXY_BACKEND 4 -1" , svname; }

# What was ordered. It has bits of its own: 8 and 16 are drain, 1, 2, 4, 32 and 64 are maintenance.
ordered() {
    local bits=${CELL[$1 srv_admin_state]}
    if ((bits & 103)); then
        echo maint
    elif ((bits & 24)); then
        echo drain
    else
        echo ready
    fi
}

# Starting (1) or running (2), and told to.
is_working() {
    [[ $(ordered "$1") == ready ]] && [[ ${CELL[$1 srv_op_state]} == [12] ]]
}

traffic() {
    local colour all=()
    read_states || return 1
    for colour in blue green; do
        ! is_working "$colour" || all+=("$colour")
    done
    echo "${all[*]}"
}

# A server that is down and not told to drain gets traffic as soon as it is up.
has_all() {
    local ordered
    ordered=$(snapshot) || return 1
    [[ $1 == blue && $ordered =~ ^ready\ (drain|maint)$ || $1 == green && $ordered =~ ^(drain|maint)\ ready$ ]]
}

snapshot() {
    read_states || return 1
    echo "$(ordered blue) $(ordered green)"
}

order() {
    local said
    if [[ $dry_run ]]; then
        say "would order: $1"
        return 0
    fi
    said=$(at_socket "$1") || { PROBLEM="HAProxy cannot be reached: $said"; return 1; }
    said=${said//$'\n'/ }
    PROBLEM="HAProxy says: $said"
    [[ -z ${said// /} ]]
}

is_up() { read_states && is_working "$1"; }

# The old colour goes only when the new one has answered through HAProxy. What it says of a server may be from
# before, and until then what the new one does not take the old one gets.
hand_over() {
    order "set server $HAPROXY_BACKEND/$1 state ready" || return 1
    PROBLEM="HAProxy does not see it up"
    await "HAProxy to see $1 up" is_up "$1" || return 1
    verify "$1" 1 || return 1
    order "set server $HAPROXY_BACKEND/$(other_than "$1") state drain" || return 1
    keep_state
}

# Whoever is to work first: there must be somebody at any time.
restore() {
    local blue=${1% *} green=${1#* } state
    for state in ready drain maint; do
        [[ $blue != "$state" ]] || order "set server $HAPROXY_BACKEND/blue state $state" || return 1
        [[ $green != "$state" ]] || order "set server $HAPROXY_BACKEND/green state $state" || return 1
    done
    keep_state
}

# Orders do not outlive a reload by themselves.
keep_state() {
    [[ $HAPROXY_STATE_FILE && ! $dry_run ]] || return 0
    PROBLEM="$HAPROXY_STATE_FILE cannot be written"
    at_socket "show servers state" >"$HAPROXY_STATE_FILE.new" && mv -- "$HAPROXY_STATE_FILE.new" "$HAPROXY_STATE_FILE"
}

sees() {
    read_sessions || return 1
    echo "HAProxy: ${CELL[$1 status]}, ${CELL[$1 scur]} requests under way"
}

is_idle() { read_sessions && [[ ${CELL[$1 scur]} == 0 ]]; }

# In maintenance it is not asked for its health any more, so its end is nothing that HAProxy would report.
stop() {
    stop_by_order "$1" && order "set server $HAPROXY_BACKEND/$1 state maint" && keep_state
}
