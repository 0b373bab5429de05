"""The main job, through boto3: a service of web tasks behind a load balancer, and how it is asked."""
import http.client
import json

from conftest import free_port, push, until

TRUST = "0.0.0.0/0"


class Web:
    """A service `web` of the demo's image in a cluster of its own, behind a load balancer at a port of its own."""

    def __init__(self, cloud, layout, name="web", count=2):
        self.cloud, self.name = cloud, name
        self.ecs, self.elb, self.ec2, self.logs = (cloud.client(s) for s in ("ecs", "elbv2", "ec2", "logs"))
        self.image = push(cloud, layout, name)
        self.port = free_port()
        self.network()
        self.balancer()
        self.logs.create_log_group(logGroupName=f"/{name}")
        self.ecs.create_cluster(clusterName=name)
        self.register(self.image)
        self.ecs.create_service(
            cluster=name, serviceName=name, taskDefinition=name, desiredCount=count, launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.task_group]}},
            loadBalancers=[{"targetGroupArn": self.targets, "containerName": "web", "containerPort": 80}])

    def network(self):
        self.vpc = self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["Subnets"]
        self.subnets = [s["SubnetId"] for s in subnets]
        self.balancer_group = self.group("balancer")
        self.task_group = self.group("tasks")
        self.ec2.authorize_security_group_ingress(
            GroupId=self.balancer_group, IpProtocol="tcp", FromPort=self.port, ToPort=self.port, CidrIp=TRUST)
        self.ec2.authorize_security_group_ingress(GroupId=self.task_group, IpPermissions=[self.from_balancer()])

    def group(self, role):
        return self.ec2.create_security_group(GroupName=f"{self.name}-{role}", Description=role, VpcId=self.vpc)["GroupId"]

    def from_balancer(self):
        return {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": self.balancer_group}]}

    def balancer(self):
        made = self.elb.create_load_balancer(Name=self.name, Subnets=self.subnets, SecurityGroups=[self.balancer_group])
        self.balancer_arn = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.host = made["LoadBalancers"][0]["DNSName"]
        self.targets = self.elb.create_target_group(
            Name=self.name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip", HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2, UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=self.targets, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}])
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer_arn, Protocol="HTTP", Port=self.port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.targets}])["Listeners"][0]["ListenerArn"]

    def register(self, image, **container):
        definition = {
            "name": "web", "image": image, "portMappings": [{"containerPort": 80}],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": f"/{self.name}", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "t"}},
            **container}
        return self.ecs.register_task_definition(
            family=self.name, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            containerDefinitions=[definition])["taskDefinition"]["taskDefinitionArn"]

    def describe(self):
        return self.ecs.describe_services(cluster=self.name, services=[self.name])["services"][0]

    def tasks(self, status="RUNNING"):
        arns = self.ecs.list_tasks(cluster=self.name, desiredStatus=status)["taskArns"]
        return self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"] if arns else []

    def running(self):
        return sorted(t["taskArn"] for t in self.tasks() if t["lastStatus"] == "RUNNING")

    def healthy(self):
        states = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        return sorted(s["Target"]["Id"] for s in states if s["TargetHealth"]["State"] == "healthy")

    def steady(self, count):
        """Waits until so many tasks run, are healthy, and belong to one completed deployment."""
        def is_so():
            service = self.describe()
            done = [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED"]
            return done and len(self.running()) == count and len(self.healthy()) == count
        try:
            until(is_so, 90, f"{count} healthy tasks")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story()}") from None
        return self

    def story(self):
        """What the service and its stopped tasks say of themselves."""
        events = [e["message"] for e in self.describe()["events"][:8]]
        stopped = [(t["taskArn"], t.get("stoppedReason"), [c.get("reason") for c in t["containers"]]) for t in self.tasks("STOPPED")]
        health = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        running = [(t["taskArn"], t["lastStatus"]) for t in self.tasks()]
        return json.dumps({"events": events, "running": running, "stopped": stopped, "health": health}, indent=1, default=str)

    def get(self, path="/", host=None, port=None):
        """Status and body of a request to the load balancer, over the loopback address that its name means."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": host or self.host, "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
