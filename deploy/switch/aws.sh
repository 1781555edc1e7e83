# shellcheck shell=bash disable=SC2034,SC2154 # Variables are shared with the other files.
# AWS: the weights of two target groups in the action of a listener, as deploy/aws/balancer.yaml has them.

prepare() {
    : "${SWITCH_TIMEOUT_SECONDS:=60}" "${ECS_CLUSTER:=default}" "${ECS_SERVICE:=llm-pricing}"
    local name
    for name in SWITCH_URL ALB_LISTENER ALB_BLUE ALB_GREEN; do
        [[ ${!name:-} ]] || die "$USAGE" "$name has to be set for a switch at aws"
    done
    FRONT=$SWITCH_URL
    needs aws
}

# What aws says, or its last word as PROBLEM.
cloud() {
    local said
    said=$(AWS_PAGER='' aws --output text "$@" 2>&1) || {
        PROBLEM="aws: ${said##*$'\n'}"
        return 1
    }
    SAID=$said
}

group_of() { [[ $1 == blue ]] && echo "$ALB_BLUE" || echo "$ALB_GREEN"; }

# Where a colour can be asked itself, if it can: tasks are usually in a network of their own.
places() { [[ $1 == blue ]] && echo "${BLUE_URL:-}" || echo "${GREEN_URL:-}"; }

judge() {
    cloud elbv2 describe-target-health --target-group-arn "$(group_of "$1")" \
        --query 'TargetHealthDescriptions[].TargetHealth.State' || return 1
    PROBLEM="its target group has no targets; give its service some tasks first"
    [[ $SAID && $SAID != None ]] || return 1
    PROBLEM="its targets are: $SAID"
    [[ ! ${SAID//healthy/} =~ [^[:space:]] ]]
}

sees() {
    judge "$1" && PROBLEM="its targets are: $SAID"
    echo "AWS: $PROBLEM"
}

traffic() {
    local colour all=()
    # shellcheck disable=SC2016 # The backquotes are the query language's.
    cloud elbv2 describe-listeners --listener-arns "$ALB_LISTENER" --query \
        'Listeners[0].DefaultActions[].ForwardConfig.TargetGroups[]|[?Weight>`0`].TargetGroupArn' || {
        echo "switch: $PROBLEM" >&2
        return 1
    }
    for colour in blue green; do
        [[ " ${SAID//[[:space:]]/ } " != *" $(group_of "$colour") "* ]] || all+=("$colour")
    done
    echo "${all[*]}"
}

snapshot() {
    cloud elbv2 describe-listeners --listener-arns "$ALB_LISTENER" --output json \
        --query 'Listeners[0].DefaultActions' || return 1
    echo "$SAID"
}

has_all() { [[ $(traffic) == "$1" ]]; }

hand_over() {
    local new old groups
    new=$(group_of "$1") old=$(group_of "$(other_than "$1")")
    groups="[{\"TargetGroupArn\":\"$old\",\"Weight\":0},{\"TargetGroupArn\":\"$new\",\"Weight\":100}]"
    restore "[{\"Type\":\"forward\",\"ForwardConfig\":{\"TargetGroups\":$groups}}]" || return 1
    PROBLEM="the listener does not say so"
    await "the listener to say so" has_all "$1"
}

restore() { change aws elbv2 modify-listener --listener-arn "$ALB_LISTENER" --default-actions "$1"; }

# A task that is told to end waits for its last request by itself.
is_idle() { :; }

# By the number of its tasks: what is stopped in any other way is started again by ECS.
stop() {
    change aws ecs update-service --cluster "$ECS_CLUSTER" --service "$ECS_SERVICE-$1" --desired-count 0 || return 1
    PROBLEM="it has tasks that do not end"
    SWITCH_TIMEOUT_SECONDS=${DRAIN_TIMEOUT_SECONDS:-300} await "the tasks of $1 to end" has_no_tasks "$1"
}

has_no_tasks() {
    cloud ecs describe-services --cluster "$ECS_CLUSTER" --services "$ECS_SERVICE-$1" \
        --query 'services[0].[runningCount,pendingCount]' && [[ $SAID == 0[[:space:]]0 ]]
}
