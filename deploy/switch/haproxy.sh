# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# HAProxy, told at its admin socket: the new colour `ready`, then the old one `drain`. What is under way
# to the old one is answered by it.

prepare() {
    : "${SWITCH_URL:=http://127.0.0.1:8080}"
    : "${BLUE_URL:=http://127.0.0.1:8001}" "${GREEN_URL:=http://127.0.0.1:8002}"
    : "${HAPROXY_SOCKET:=/run/haproxy/admin.sock}" "${HAPROXY_BACKEND:=be}" "${HAPROXY_STATE_FILE:=}"
    FRONT=$SWITCH_URL
    needs socat
    needs awk
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

# The columns of one server in a table of HAProxy's, of which a line that begins with # has the names.
columns() {
    local question=$1 separator=$2 colour=$3 key=$4 wanted=$5 table
    table=$(at_socket "$question") && [[ $table == *"$key"* ]] || {
        echo "switch: $HAPROXY_SOCKET: ${table:-no answer}" >&2
        return 1
    }
    awk -F "$separator" -v key="$key" -v server="$colour" -v wanted="$wanted" '
        /^#/ { sub(/^# */, ""); for (i = 1; i <= NF; i++) at[$i] = i; next }
        key in at && $at[key] == server {
            count = split(wanted, names, " ")
            for (i = 1; i <= count; i++) printf "%s ", $at[names[i]]
            print ""
            found = 1
        }
        END { exit !found }
    ' <<<"$table" || {
        echo "switch: $HAPROXY_SOCKET: backend $HAPROXY_BACKEND has no server $colour" >&2
        return 1
    }
}

# Whether a server runs (2), and what was ordered: ready, drain or maint.
state_of() {
    local running ordered
    read -r running ordered < <(columns "show servers state $HAPROXY_BACKEND" ' ' "$1" srv_name 'srv_op_state srv_admin_state')
    [[ ${ordered:-} ]] || return 1
    # Bits of its own: 8 and 16 are drain, 1, 2, 4, 32 and 64 are maintenance.
    if ((ordered & 103)); then
        ordered=maint
    elif ((ordered & 24)); then
        ordered=drain
    else
        ordered=ready
    fi
    echo "$running $ordered"
}

traffic() {
    local colour state all=()
    for colour in blue green; do
        state=$(state_of "$colour") || return 1
        [[ $state != [12]' ready' ]] || all+=("$colour")
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
    local blue green
    blue=$(state_of blue) && green=$(state_of green) || return 1
    echo "${blue#* } ${green#* }"
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

is_up() { [[ $(state_of "$1") == '2 ready' ]]; }

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
    local status sessions
    read -r status sessions < <(columns "show stat $HAPROXY_BACKEND 4 -1" , "$1" svname 'status scur')
    echo "HAProxy: $status, $sessions requests under way"
}

is_idle() {
    local sessions
    sessions=$(columns "show stat $HAPROXY_BACKEND 4 -1" , "$1" svname scur) || return 1
    ((sessions == 0))
}

# In maintenance it is not asked for its health any more, so its end is nothing that HAProxy would report.
stop() {
    stop_by_order "$1" && order "set server $HAPROXY_BACKEND/$1 state maint" && keep_state
}
