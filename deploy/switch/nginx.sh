# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# nginx with deploy/nginx/file-switch.conf: a file says which colour works. What one of them cannot answer
# the other one gets, so both should be up during a switch.

prepare() {
    : "${SWITCH_URL:=http://127.0.0.1:8080}"
    : "${BLUE_URL:=http://127.0.0.1:8001}" "${GREEN_URL:=http://127.0.0.1:8002}"
    : "${NGINX_SWITCH_DIR:=/run/llm-pricing/switch}"
    FRONT=$SWITCH_URL
}

places() { [[ $1 == blue ]] && echo "$BLUE_URL" || echo "$GREEN_URL"; }

judge() { :; }

traffic() {
    if [[ ! -d $NGINX_SWITCH_DIR ]]; then
        echo "switch: there is no folder $NGINX_SWITCH_DIR, in which nginx looks for a file called green" >&2
        return 1
    fi
    [[ -f $NGINX_SWITCH_DIR/green ]] && echo green || echo blue
}

has_all() { [[ $(traffic) == "$1" ]]; }

snapshot() { traffic; }

hand_over() {
    if [[ $1 == green ]]; then
        change touch -- "$NGINX_SWITCH_DIR/green"
    else
        change rm -f -- "$NGINX_SWITCH_DIR/green"
    fi
}

restore() { hand_over "$1"; }

sees() { echo "nginx: $([[ $(traffic) == "$1" ]] && echo works || echo "works if the other one cannot")"; }

# nginx does not say. What is under way counts as in flight in the colour itself, which waits for it.
is_idle() { :; }

stop() { stop_by_order "$1"; }
