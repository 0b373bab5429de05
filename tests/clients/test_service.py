"""A load-balanced ECS service: it answers, keeps its count, is updated, and outlives the server."""
import os
import re
import signal
import subprocess
import threading

import pytest

from conftest import until
from web import Web


@pytest.fixture(scope="module")
def web(cloud, web_image, skopeo):
    return Web(cloud, web_image).steady(2)


def answered_by(body):
    return re.search(r"Answered by</dt><dd>([^<]*)<", body).group(1)


def container_pid(cloud, task):
    """Process 1 of a task's container, as the host counts."""
    import json
    status = json.loads(cloud.hillfog("status", "--json").stdout)
    return next(w["pid"] for w in status["workloads"] if task.endswith(w["id"]) and w["pid"])


def test_both_tasks_answer_through_the_balancer(web):
    answers = [web.get() for _ in range(10)]
    assert {status for status, _ in answers} == {200}
    assert len({answered_by(body) for _, body in answers}) == 2


def test_the_balancers_name_opens_in_curl(web):
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", f"http://{web.host}:{web.port}/"], capture_output=True, text=True, timeout=30)
    assert "It runs." in done.stdout, done.stderr


def test_tasks_show_addresses_times_and_digests(web):
    task = web.tasks()[0]
    eni = {d["name"]: d["value"] for d in task["attachments"][0]["details"]}
    assert eni["privateIPv4Address"] in web.healthy()
    interface = web.ec2.describe_network_interfaces(NetworkInterfaceIds=[eni["networkInterfaceId"]])["NetworkInterfaces"][0]
    assert interface["PrivateIpAddress"] == eni["privateIPv4Address"]
    assert [g["GroupId"] for g in interface["Groups"]] == [web.task_group]
    assert task["pullStartedAt"] <= task["pullStoppedAt"] <= task["startedAt"]
    assert task["containers"][0]["imageDigest"].startswith("sha256:")
    assert task["containers"][0]["lastStatus"] == "RUNNING"


def test_what_a_container_writes_is_in_its_stream(web):
    web.get("/for-the-log")
    def logged():
        found = web.logs.filter_log_events(logGroupName="/web", filterPattern='"/for-the-log"')
        return found["events"]
    event = until(logged, what="the line in the log")[0]
    assert re.fullmatch(r"t/web/[0-9a-f]{32}", event["logStreamName"])


def test_a_killed_container_is_replaced(web):
    before = web.running()
    os.kill(container_pid(web.cloud, before[0]), signal.SIGKILL)
    until(lambda: before[0] not in web.running(), what="the dead task's end")
    web.steady(2)
    assert before[1] in web.running() and before[0] not in web.running()
    stopped = web.ecs.describe_tasks(cluster="web", tasks=[before[0]])["tasks"][0]
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["containers"][0]["exitCode"] == 137


def test_rules_choose_by_path_host_and_header(web):
    fixed = lambda text: [{"Type": "fixed-response", "FixedResponseConfig": {
        "StatusCode": "200", "ContentType": "text/plain", "MessageBody": text}}]
    conditions = [
        [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/fixed/*"]}}],
        [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}}],
        [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Beta", "Values": ["on"]}}],
    ]
    rules = [web.elb.create_rule(ListenerArn=web.listener, Priority=n + 1, Conditions=c, Actions=fixed(f"rule {n}"))["Rules"][0]["RuleArn"]
             for n, c in enumerate(conditions)]
    until(lambda: web.get("/fixed/a") == (200, "rule 0"), what="the rule")
    until(lambda: web.get("/", host="a.example.com") == (200, "rule 1"), what="the second rule")
    assert "It runs." in web.get("/")[1]
    for rule in rules:
        web.elb.delete_rule(RuleArn=rule)
    until(lambda: web.get("/fixed/a")[0] == 404, what="the rule's end")


def test_a_listener_comes_and_goes(web):
    from conftest import free_port
    port = free_port()
    web.ec2.authorize_security_group_ingress(GroupId=web.balancer_group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0")
    arn = web.elb.create_listener(LoadBalancerArn=web.balancer_arn, Protocol="HTTP", Port=port,
                                  DefaultActions=[{"Type": "forward", "TargetGroupArn": web.targets}])["Listeners"][0]["ListenerArn"]
    def answers():
        try:
            return web.get(port=port)[0] == 200
        except OSError:
            return False
    until(answers, what="the new listener")
    web.elb.delete_listener(ListenerArn=arn)
    until(lambda: not answers(), what="the listener's end")
    assert web.get()[0] == 200


def test_a_rolling_update_drops_no_request(web):
    before = set(web.running())
    failures, stop = [], threading.Event()
    def ask():
        while not stop.is_set():
            try:
                status, _ = web.get()
                if status != 200:
                    failures.append(status)
            except OSError as error:
                failures.append(repr(error))
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        web.ecs.update_service(cluster="web", service="web", taskDefinition=web.register(web.image, environment=[{"name": "A", "value": "b"}]))
        until(lambda: not before & set(web.running()), 90, "the old tasks' end")
        web.steady(2)
    finally:
        stop.set()
        asking.join()
    assert failures == []


def test_tasks_and_balancer_outlive_a_killed_server(web):
    cloud, before = web.cloud, web.running()
    os.kill(cloud.server_pid(), signal.SIGKILL)
    for n in range(5):
        assert web.get(f"/while-away-{n}")[0] == 404
    cloud.up()
    assert web.running() == before
    web.steady(2)
    assert web.running() == before
    def lines():
        found = web.logs.filter_log_events(logGroupName="/web", filterPattern='"/while-away-"')["events"]
        return sorted(re.search(r"/while-away-(\d)", e["message"]).group(1) for e in found if "GET" in e["message"] and "open()" not in e["message"])
    until(lambda: lines() == ["0", "1", "2", "3", "4"], what="every line, once")


def test_scaling_in_drains(web):
    web.ecs.update_service(cluster="web", service="web", desiredCount=1)
    web.steady(1)
    until(lambda: len(web.elb.describe_target_health(TargetGroupArn=web.targets)["TargetHealthDescriptions"]) == 1, what="one target")
    assert web.get()[0] == 200


def test_a_security_group_is_enforced_between_balancer_and_tasks(web):
    """The scheduler replaces an unhealthy task at once, so that the state itself is gone before anybody sees it; its event stays."""
    earlier = {event["id"] for event in web.describe()["events"]}
    web.ec2.revoke_security_group_ingress(GroupId=web.task_group, IpPermissions=[web.from_balancer()])
    def timed_out():
        events = (event for event in web.describe()["events"] if event["id"] not in earlier)
        return any("is unhealthy in (target-group" in event["message"] and "timed out" in event["message"] for event in events)
    try:
        until(timed_out, 60, "an unhealthy target")
    finally:
        web.ec2.authorize_security_group_ingress(GroupId=web.task_group, IpPermissions=[web.from_balancer()])
    until(web.healthy, 60, "a healthy target")


def test_deleting_all_of_it_leaves_nothing_running(web):
    with pytest.raises(web.ecs.exceptions.ClientError):
        web.ecs.delete_service(cluster="web", service="web")
    web.ecs.delete_service(cluster="web", service="web", force=True)
    until(lambda: not web.tasks(), 60, "the end of all tasks")
    until(lambda: web.describe()["status"] == "INACTIVE", 60, "the service's end")
    web.elb.delete_load_balancer(LoadBalancerArn=web.balancer_arn)
    own = [{"Name": "group-id", "Values": [web.task_group, web.balancer_group]}]
    until(lambda: not web.ec2.describe_network_interfaces(Filters=own)["NetworkInterfaces"], 60, "the interfaces' end")
    web.elb.delete_target_group(TargetGroupArn=web.targets)
    for group in (web.task_group, web.balancer_group):
        web.ec2.delete_security_group(GroupId=group)
    web.ecs.delete_cluster(cluster="web")
