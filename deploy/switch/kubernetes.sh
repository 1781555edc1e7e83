# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# Kubernetes: the selector of a Service, as the overlays in deploy/kubernetes have it. Whatever is asked goes
# through the cluster's API, so that the switch needs no way into the cluster's network.

prepare() {
    : "${K8S_NAMESPACE:=llm-pricing}" "${K8S_SERVICE:=llm-pricing}" "${K8S_DEPLOYMENT:=llm-pricing}"
    : "${K8S_PREVIEW_SERVICE=llm-pricing-preview}" "${K8S_LABEL:=deployment-group}" "${K8S_SETTLE_SECONDS:=10}"
    check_number K8S_SETTLE_SECONDS 0 3600
    BLUE_URL='' GREEN_URL=''
    KUBECTL=(kubectl --namespace "$K8S_NAMESPACE" --request-timeout 10s)
    FRONT=${SWITCH_URL:-/api/v1/namespaces/$K8S_NAMESPACE/services/$K8S_SERVICE:http/proxy}
    needs kubectl
}

# What kubectl says, or its last word as PROBLEM.
kube() {
    local said
    said=$("${KUBECTL[@]}" "$@" 2>&1) || {
        PROBLEM="kubectl: ${said##*$'\n'}"
        return 1
    }
    SAID=$said
}

is_reachable_in_cluster() { kube get service "$K8S_SERVICE" --output name; }

is_ready_in_cluster() { kube get --raw "$1/health/ready"; }

# The API passes no headers on, neither ours nor the service's: what is asked is in the replies' bodies, and a
# price only where no key is needed.
look_in_cluster() {
    GROUP='' VERSION=''
    if [[ -z $api_key ]]; then
        kube get --raw "$1/models/$SMOKE_MODEL" || return 1
    fi
    kube get --raw "$1/health/detailed" || return 1
    [[ ! $SAID =~ \"deployment_group\":\"([^\"]*)\" ]] || GROUP=${BASH_REMATCH[1]}
    [[ ! $SAID =~ \"version\":\"([^\"]*)\" ]] || VERSION=${BASH_REMATCH[1]}
}

selector_of() {
    kube get service "$1" --output "jsonpath={.spec.selector['${K8S_LABEL//./\\.}']}" || {
        echo "switch: $PROBLEM" >&2
        return 1
    }
    echo "$SAID"
}

# A Service that selects no colour has both.
traffic() {
    local colour
    colour=$(selector_of "$K8S_SERVICE") || return 1
    echo "${colour:-blue green}"
}

has_all() { [[ $(traffic) == "$1" ]]; }

snapshot() { traffic; }

select_colour() {
    local value=null
    [[ -z $2 ]] || value="\"$2\""
    change "${KUBECTL[@]}" patch service "$1" --type merge \
        --patch "{\"spec\":{\"selector\":{\"$K8S_LABEL\":$value}}}"
}

# Every node has to hear of it before anybody may rely on it.
hand_over() {
    restore "$1" || return 1
    [[ $dry_run ]] || sleep "$K8S_SETTLE_SECONDS"
}

restore() {
    if [[ $1 == 'blue green' ]]; then
        select_colour "$K8S_SERVICE" ''
    else
        select_colour "$K8S_SERVICE" "$1" || return 1
        [[ -z $K8S_PREVIEW_SERVICE ]] || select_colour "$K8S_PREVIEW_SERVICE" "$(other_than "$1")"
    fi
}

# Every pod of a colour that is not on its way out.
places() {
    local pod
    # shellcheck disable=SC2016 # The template's own words.
    kube get pods --selector "app.kubernetes.io/name=$K8S_DEPLOYMENT,$K8S_LABEL=$1" \
        --output 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}' \
        || return 1
    for pod in $SAID; do
        echo "/api/v1/namespaces/$K8S_NAMESPACE/pods/$pod/proxy"
    done
}

replicas() { kube get deployment "$K8S_DEPLOYMENT-$1" --output 'jsonpath={.status.readyReplicas}/{.spec.replicas}'; }

judge() {
    replicas "$1" || return 1
    PROBLEM="it has no pods that are ready: kubectl scale deployment $K8S_DEPLOYMENT-$1 --replicas 2"
    ((${SAID%/*} + 0 > 0)) || return 1
    PROBLEM="$SAID pods are ready"
    [[ ${SAID%/*} == "${SAID#*/}" ]] || return 1
    kube rollout status "deployment/$K8S_DEPLOYMENT-$1" --timeout 1s
}

sees() {
    if replicas "$1"; then
        [[ $SAID != /* ]] || SAID=0$SAID
        echo "Kubernetes: $SAID pods ready"
    else
        echo "$PROBLEM"
    fi
}

# A pod that is told to end waits for its last request by itself.
is_idle() { :; }

# By scaling: what is stopped in any other way is started again by the Deployment.
stop() {
    change "${KUBECTL[@]}" scale deployment "$K8S_DEPLOYMENT-$1" --replicas 0 || return 1
    PROBLEM="it has pods that do not end"
    SWITCH_TIMEOUT_SECONDS=${DRAIN_TIMEOUT_SECONDS:-120} await "the pods of $1 to end" has_no_pods "$1"
}

has_no_pods() {
    kube get pods --selector "app.kubernetes.io/name=$K8S_DEPLOYMENT,$K8S_LABEL=$1" --output name && [[ -z $SAID ]]
}
