"""Makes what a switch at AWS needs in a stand-in for it, and prints its names as settings."""

import boto3

ec2, elb, ecs = (boto3.client(name) for name in ("ec2", "elbv2", "ecs"))
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
subnets = [
    ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
    for n, zone in enumerate("ab")
]
balancer = elb.create_load_balancer(Name="balancer", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]

groups = {}
for n, colour in enumerate(("blue", "green")):
    group = elb.create_target_group(
        Name=colour, Protocol="HTTP", Port=8000, VpcId=vpc, TargetType="ip", HealthCheckPath="/health/ready"
    )
    groups[colour] = group["TargetGroups"][0]["TargetGroupArn"]
    print(f"ALB_{colour.upper()}={groups[colour]}")

weights = [{"TargetGroupArn": groups["blue"], "Weight": 100}, {"TargetGroupArn": groups["green"], "Weight": 0}]
listener = elb.create_listener(
    LoadBalancerArn=balancer,
    Protocol="HTTP",
    Port=80,
    DefaultActions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
)
print(f"ALB_LISTENER={listener['Listeners'][0]['ListenerArn']}")

ecs.create_cluster(clusterName="default")
task = ecs.register_task_definition(family="task", containerDefinitions=[{"name": "llm-pricing", "image": "llm-pricing", "memory": 64}])
for colour, n in (("blue", 10), ("green", 11)):
    elb.register_targets(TargetGroupArn=groups[colour], Targets=[{"Id": f"10.0.0.{n}", "Port": 8000}])
    ecs.create_service(serviceName=f"llm-pricing-{colour}", taskDefinition="task", desiredCount=2)
