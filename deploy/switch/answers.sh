# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# What instances say over HTTP: whether they are ready, and who answers.

# Secrets get to curl over its standard input: a command line can be read by everybody on the host.
read_secrets() {
    api_key='' shutdown_token=''
    local keys=${MCP_API_KEY:-} token=${SHUTDOWN_TOKEN:-}
    [[ -z ${MCP_API_KEY_FILE:-} ]] || keys=$(first_line "$MCP_API_KEY_FILE")
    [[ -z ${SHUTDOWN_TOKEN_FILE:-} ]] || token=$(first_line "$SHUTDOWN_TOKEN_FILE")
    # Any of the keys will do.
    [[ -z $keys ]] || api_key="${MCP_API_KEY_HEADER:-x-api-key}: ${keys%%,*}"
    [[ -z $token ]] || shutdown_token="Authorization: Bearer $token"
}

first_line() {
    local line
    line=$(grep -v -m 1 -e '^[[:space:]]*#' -e '^[[:space:]]*$' -- "$1") \
        || die "$USAGE" "there is nothing in $1, or it cannot be read"
    line=${line#"${line%%[![:space:]]*}"}
    echo "${line%"${line##*[![:space:]]}"}"
}

# ask SECONDS HEADER CURL-ARGUMENTS: sets STATUS, GROUP, VERSION and BODY, or PROBLEM and curl's exit code.
ask() {
    local seconds=$1 header=$2 reply line name
    shift 2
    header=${header//\\/\\\\}
    [[ -z $header ]] || header="header = \"${header//\"/\\\"}\""
    STATUS='' GROUP='' VERSION='' BODY='' PROBLEM='does not answer'
    reply=$(curl --silent --show-error --noproxy '*' --include --max-time "$seconds" --config - "$@" 2>&1 <<<"$header") || {
        CURL_CODE=$? PROBLEM="does not answer: ${reply##*$'\n'}"
        return 1
    }
    while IFS= read -r line; do
        line=${line%$'\r'}
        [[ $line ]] || break
        name=${line%%:*}
        case ${name,,} in
            http/*)
                STATUS=${line#* }
                STATUS=${STATUS%% *}
                ;;
            x-deployment-group) GROUP=${line#*: } ;;
            x-service-version) VERSION=${line#*: } ;;
        esac
    done <<<"$reply"
    BODY=${reply#*$'\r\n\r\n'}
}

# Whether anybody is there, whatever it says, and if it is too late (28, 52, 56) to say anything: who hangs can
# be left.
is_reachable() {
    if [[ $1 == /* ]]; then
        is_reachable_in_cluster "$1"
    else
        ask 2 '' "$1/health/ready" || ((CURL_CODE == 28 || CURL_CODE == 52 || CURL_CODE == 56))
    fi
}

is_ready() {
    if [[ $1 == /* ]]; then
        is_ready_in_cluster "$1"
    else
        ask 5 '' "$1/health/ready" || return 1
        PROBLEM="answers $STATUS to GET /health/ready: ${BODY:0:200}"
        [[ $STATUS == 200 ]]
    fi
}

# One real request: sets GROUP and VERSION, whoever answered.
look() {
    local question="{\"model_name\":\"$SMOKE_MODEL\",\"input_tokens\":1000,\"output_tokens\":500}"
    if [[ $1 == /* ]]; then
        look_in_cluster "$1"
    else
        ask 5 "$api_key" "$1/cost-estimate" --data-binary "$question" || return 1
        PROBLEM="answers $STATUS to POST /cost-estimate: ${BODY:0:200}"
        [[ $STATUS == 200 && $BODY == *'"total_cost":'* ]]
    fi
}

# Tells a colour to end, waits for its last request, and then until nobody is there.
stop_by_order() {
    local colour=$1 place body='{}'
    [[ $colour == blue ]] && place=$BLUE_ADMIN_URL || place=$GREEN_ADMIN_URL
    [[ -z $DRAIN_TIMEOUT_SECONDS ]] || body="{\"drain_timeout_seconds\":$DRAIN_TIMEOUT_SECONDS}"
    if [[ $dry_run ]]; then
        say "would POST $body to $place/deployment/shutdown?wait=true"
        return 0
    fi
    if ! is_reachable "$place"; then
        say "$colour is not there any more: $place $PROBLEM"
        return 0
    fi
    if [[ -z $STATUS ]]; then
        PROBLEM="it hangs, and can only be killed: $place $PROBLEM"
        return 1
    fi
    # The longest lame duck and the longest drain there can be.
    if ! ask 7300 "$shutdown_token" "$place/deployment/shutdown?wait=true" --data-binary "$body"; then
        PROBLEM="$place $PROBLEM"
        return 1
    fi
    PROBLEM="$place answers $STATUS to POST /deployment/shutdown: ${BODY:0:200}"
    [[ $STATUS == 200 ]] || return 1
    PROBLEM="it had requests in flight when its time was up: ${BODY:0:200}"
    [[ $BODY =~ \"active_requests\":0[,}] ]] || return 1
    PROBLEM="it has drained and is still there"
    await "the end of $colour" is_gone "$place"
}

is_gone() { ! is_reachable "$1"; }
