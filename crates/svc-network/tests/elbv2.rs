//! ELBv2's operations, through the front.

mod common;

use common::{Site, balancer, call, cloud, ec2, elb, group, network};

#[tokio::test]
async fn a_balancer_is_made_shown_and_deleted_with_all_that_is_its() {
    let site = Site::new().await;
    let shown = site.ok("DescribeLoadBalancers", &[("Names.member.1", "web")]).await;
    assert_eq!(shown.one("member/State/Code"), "provisioning");
    assert_eq!(shown.one("member/Scheme"), "internet-facing");
    assert_eq!(shown.one("member/CanonicalHostedZoneId"), "Z35SXDOTRQ7X7K");
    assert_eq!(shown.all("AvailabilityZones/member/ZoneName"), ["us-east-1a", "us-east-1b"]);
    let name = shown.one("member/DNSName");
    assert!(name.starts_with("web-") && name.ends_with(".us-east-1.elb.localhost"), "{name}");
    let id = site.balancer.split_once("loadbalancer/").unwrap().1;
    let by_description = [("Filter.1.Name", "description"), ("Filter.1.Value.1", &format!("ELB {id}"))];
    let interfaces = ec2(&site.cloud, "DescribeNetworkInterfaces", &by_description).await;
    assert_eq!(interfaces.all("item/requesterId"), ["amazon-elb", "amazon-elb"]);
    assert_eq!(interfaces.all("item/association/publicIp").len(), 4, "two interfaces, shown at two places");
    assert_eq!(interfaces.all("item/groupSet/item/groupName"), ["default", "default"]);

    site.ok("DeleteLoadBalancer", &[("LoadBalancerArn", &site.balancer)]).await;
    site.ok("DeleteLoadBalancer", &[("LoadBalancerArn", &site.balancer)]).await;
    assert!(ec2(&site.cloud, "DescribeNetworkInterfaces", &[]).await.all("item/networkInterfaceId").is_empty());
    assert_eq!(site.code("DescribeListeners", &[("ListenerArns.member.1", &site.listener)]).await, "ListenerNotFound");
    assert_eq!(site.code("DescribeLoadBalancers", &[("Names.member.1", "web")]).await, "LoadBalancerNotFound");
    site.ok("DeleteTargetGroup", &[("TargetGroupArn", &site.group)]).await;
}

#[tokio::test]
async fn where_a_balancer_can_stand_is_checked() {
    let cloud = cloud();
    let (_, subnets) = network(&cloud).await;
    let (a, b) = (subnets[0].as_str(), subnets[1].as_str());
    for (parameters, code, status) in [
        (vec![("Subnets.member.1", a)], "ValidationError", 400),
        (vec![("Subnets.member.1", a), ("Subnets.member.2", a)], "InvalidConfigurationRequest", 400),
        (vec![("Subnets.member.1", a), ("Subnets.member.2", "subnet-00000000")], "SubnetNotFound", 400),
        (
            vec![("Subnets.member.1", a), ("Subnets.member.2", b), ("SecurityGroups.member.1", "sg-0")],
            "InvalidSecurityGroup",
            400,
        ),
        (vec![("Subnets.member.1", a), ("Subnets.member.2", b), ("Type", "network")], "NotImplemented", 501),
        (vec![("Subnets.member.1", a), ("Subnets.member.2", b), ("IpAddressType", "dualstack")], "NotImplemented", 501),
    ] {
        let parameters: Vec<_> = [("Name", "web")].into_iter().chain(parameters).collect();
        let answer = call(&cloud, "elbv2", "CreateLoadBalancer", &parameters).await;
        assert_eq!((answer.code(), answer.status), (code, status), "{parameters:?}");
    }
    let one = call(&cloud, "elbv2", "CreateLoadBalancer", &[("Name", "web"), ("Subnets.member.1", a)]).await;
    assert_eq!(one.message(), "At least two subnets in two different Availability Zones must be specified");
    for name in ["-web", "web-", "we b", "internal-web", "a-name-that-is-longer-than-allowed"] {
        let parameters = [("Name", name), ("Subnets.member.1", a), ("Subnets.member.2", b)];
        assert_eq!(call(&cloud, "elbv2", "CreateLoadBalancer", &parameters).await.code(), "ValidationError", "{name}");
    }
    assert!(elb(&cloud, "DescribeLoadBalancers", &[]).await.all("member/LoadBalancerArn").is_empty());
}

#[tokio::test]
async fn the_same_again_is_the_same_and_another_is_refused() {
    let site = Site::new().await;
    assert_eq!(balancer(&site.cloud, "web", &site.subnets[..2]).await, site.balancer);
    let other = [
        ("Name", "web"),
        ("Subnets.member.1", site.subnets[0].as_str()),
        ("Subnets.member.2", &site.subnets[1]),
        ("Scheme", "internal"),
    ];
    assert_eq!(site.code("CreateLoadBalancer", &other).await, "DuplicateLoadBalancerName");
    assert_eq!(group(&site.cloud, "pages", &site.vpc).await, site.group);
    let other = [("Name", "pages"), ("Protocol", "HTTP"), ("Port", "9"), ("VpcId", site.vpc.as_str())];
    assert_eq!(site.code("CreateTargetGroup", &other).await, "DuplicateTargetGroupName");
}

#[tokio::test]
async fn an_internal_balancer_has_no_public_address() {
    let cloud = cloud();
    let (_, subnets) = network(&cloud).await;
    let parameters =
        [("Name", "in"), ("Scheme", "internal"), ("Subnets.member.1", subnets[0].as_str()), ("Subnets.member.2", &subnets[1])];
    let made = elb(&cloud, "CreateLoadBalancer", &parameters).await;
    assert!(made.one("member/DNSName").starts_with("internal-in-"));
    assert!(ec2(&cloud, "DescribeNetworkInterfaces", &[]).await.all("association/publicIp").is_empty());
}

#[tokio::test]
async fn listeners_are_made_changed_and_refused() {
    let site = Site::new().await;
    let fixed = |port: &'static str, protocol: &'static str| {
        [
            ("LoadBalancerArn", site.balancer.clone()),
            ("Port", port.into()),
            ("Protocol", protocol.into()),
            ("DefaultActions.member.1.Type", "fixed-response".into()),
            ("DefaultActions.member.1.FixedResponseConfig.StatusCode", "404".into()),
        ]
    };
    for (parameters, code) in [
        (fixed("80", "HTTP"), "DuplicateListener"),
        (fixed("0", "HTTP"), "ValidationError"),
        (fixed("81", "TCP"), "ValidationError"),
        (fixed("443", "HTTPS"), "NotImplemented"),
    ] {
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(site.code("CreateListener", &parameters).await, code);
    }
    let second = fixed("81", "HTTP");
    let second: Vec<_> = second.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let second = site.ok("CreateListener", &second).await.one("member/ListenerArn").to_owned();
    assert_eq!(site.code("ModifyListener", &[("ListenerArn", &second), ("Port", "80")]).await, "DuplicateListener");
    let changed = site.ok("ModifyListener", &[("ListenerArn", &second), ("Port", "82")]).await;
    assert_eq!((changed.one("member/Port"), changed.one("FixedResponseConfig/StatusCode")), ("82", "404"));
    let listed = site.ok("DescribeListeners", &[("LoadBalancerArn", &site.balancer)]).await;
    assert_eq!(listed.all("Listeners/member/Port").len(), 2);
    site.ok("DeleteListener", &[("ListenerArn", &second)]).await;
    assert_eq!(site.code("DeleteListener", &[("ListenerArn", &second)]).await, "ListenerNotFound");
    assert_eq!(site.code("DescribeListeners", &[]).await, "ValidationError");
}

#[tokio::test]
async fn what_a_listener_and_a_balancer_do_not_have_is_told_so() {
    let site = Site::new().await;
    assert!(site.ok("DescribeListenerCertificates", &[("ListenerArn", &site.listener)]).await.all("CertificateArn").is_empty());
    let reserved = site.ok("DescribeCapacityReservation", &[("LoadBalancerArn", &site.balancer)]).await;
    assert!(reserved.all("CapacityUnits").is_empty());
    let attribute = |value: &'static str| {
        [
            ("ListenerArn", site.listener.as_str()),
            ("Attributes.member.1.Key", "routing.http.response.server.enabled"),
            ("Attributes.member.1.Value", value),
        ]
    };
    site.ok("ModifyListenerAttributes", &attribute("true")).await;
    assert_eq!(site.code("ModifyListenerAttributes", &attribute("false")).await, "NotImplemented");
    let shown = site.ok("DescribeListenerAttributes", &[("ListenerArn", &site.listener)]).await;
    assert_eq!(shown.all("member/Key").len(), 11);
}

#[tokio::test]
async fn a_group_stands_behind_one_balancer() {
    let site = Site::new().await;
    let other = balancer(&site.cloud, "other", &site.subnets[..2]).await;
    let parameters = [
        ("LoadBalancerArn", other.as_str()),
        ("Port", "80"),
        ("Protocol", "HTTP"),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", &site.group),
    ];
    assert_eq!(site.code("CreateListener", &parameters).await, "TargetGroupAssociationLimit");
    assert_eq!(site.code("DeleteTargetGroup", &[("TargetGroupArn", &site.group)]).await, "ResourceInUse");
    let behind = site.ok("DescribeTargetGroups", &[("LoadBalancerArn", &site.balancer)]).await;
    assert_eq!(behind.all("LoadBalancerArns/member"), [site.balancer.as_str()]);
    assert!(site.ok("DescribeTargetGroups", &[("LoadBalancerArn", &other)]).await.all("member/TargetGroupArn").is_empty());
}

/// The parameters of a rule that answers `status` to a path.
fn rule<'a>(listener: &'a str, priority: &'a str, path: &'a str, status: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("ListenerArn", listener),
        ("Priority", priority),
        ("Conditions.member.1.Field", "path-pattern"),
        ("Conditions.member.1.Values.member.1", path),
        ("Actions.member.1.Type", "fixed-response"),
        ("Actions.member.1.FixedResponseConfig.StatusCode", status),
    ]
}

#[tokio::test]
async fn rules_are_ordered_changed_and_deleted() {
    let site = Site::new().await;
    let second = site.ok("CreateRule", &rule(&site.listener, "20", "/b", "402")).await.one("member/RuleArn").to_owned();
    let first = site.ok("CreateRule", &rule(&site.listener, "10", "/a", "401")).await.one("member/RuleArn").to_owned();
    assert_eq!(site.code("CreateRule", &rule(&site.listener, "10", "/c", "403")).await, "PriorityInUse");
    let order = async || {
        let rules = site.ok("DescribeRules", &[("ListenerArn", &site.listener)]).await;
        rules.all("Rules/member/Priority").iter().map(|it| it.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order().await, ["10", "20", "default"]);

    let taken = [("RulePriorities.member.1.RuleArn", first.as_str()), ("RulePriorities.member.1.Priority", "20")];
    assert_eq!(site.code("SetRulePriorities", &taken).await, "PriorityInUse");
    let swapped = [taken[0], taken[1], ("RulePriorities.member.2.RuleArn", &second), ("RulePriorities.member.2.Priority", "10")];
    site.ok("SetRulePriorities", &swapped).await;
    let rules = site.ok("DescribeRules", &[("ListenerArn", &site.listener)]).await;
    assert_eq!(rules.all("Rules/member/RuleArn")[..2], [second.as_str(), first.as_str()]);
    let default = rules.all("Rules/member/RuleArn")[2].to_owned();

    let changed = site
        .ok(
            "ModifyRule",
            &rule(&site.listener, "", "/z", "500")
                .map(|(name, value)| match name {
                    "ListenerArn" => ("RuleArn", first.as_str()),
                    _ => (name, value),
                })
                .into_iter()
                .filter(|(name, _)| *name != "Priority")
                .collect::<Vec<_>>(),
        )
        .await;
    assert_eq!((changed.one("PathPatternConfig/Values/member"), changed.one("StatusCode")), ("/z", "500"));
    assert_eq!(site.code("DeleteRule", &[("RuleArn", &default)]).await, "OperationNotPermitted");
    site.ok("DeleteRule", &[("RuleArn", &first)]).await;
    assert_eq!(site.code("DeleteRule", &[("RuleArn", &first)]).await, "RuleNotFound");
    assert_eq!(order().await, ["10", "default"]);
}

#[tokio::test]
async fn what_rules_cannot_do_is_said() {
    let site = Site::new().await;
    let with = |field: &'static str, value: &'static str| {
        let mut parameters = rule(&site.listener, "1", "/a", "401");
        for (name, slot) in &mut parameters {
            if *name == field {
                *slot = value;
            }
        }
        parameters
    };
    assert_eq!(site.code("CreateRule", &with("Priority", "50001")).await, "ValidationError");
    assert_eq!(site.code("CreateRule", &with("Conditions.member.1.Field", "colour")).await, "ValidationError");
    assert_eq!(site.code("CreateRule", &with("Actions.member.1.Type", "authenticate-oidc")).await, "NotImplemented");
    assert_eq!(site.code("CreateRule", &with("ListenerArn", "nonsense")).await, "ValidationError");
    assert_eq!(site.ok("DescribeRules", &[("ListenerArn", &site.listener)]).await.all("Rules/member/Priority"), ["default"]);
}

#[tokio::test]
async fn a_default_rule_changes_with_its_listener() {
    let site = Site::new().await;
    let rules = site.ok("DescribeRules", &[("ListenerArn", &site.listener)]).await;
    let default = rules.one("member/RuleArn").to_owned();
    let to_503 = [
        ("RuleArn", default.as_str()),
        ("Actions.member.1.Type", "fixed-response"),
        ("Actions.member.1.FixedResponseConfig.StatusCode", "503"),
    ];
    site.ok("ModifyRule", &to_503).await;
    let listener = site.ok("DescribeListeners", &[("ListenerArns.member.1", &site.listener)]).await;
    assert_eq!(listener.one("FixedResponseConfig/StatusCode"), "503");
    site.ok("DeleteTargetGroup", &[("TargetGroupArn", &site.group)]).await;
}

#[tokio::test]
async fn groups_are_checked_and_their_health_checks_change() {
    let site = Site::new().await;
    let vpc = site.vpc.as_str();
    for (parameters, code) in [
        (vec![("Name", "a"), ("Port", "80"), ("VpcId", vpc)], "ValidationError"),
        (vec![("Name", "a"), ("Protocol", "HTTP"), ("VpcId", vpc)], "ValidationError"),
        (vec![("Name", "a"), ("Protocol", "HTTP"), ("Port", "80")], "ValidationError"),
        (vec![("Name", "a"), ("Protocol", "HTTP"), ("Port", "80"), ("VpcId", "vpc-00000000")], "ValidationError"),
        (vec![("Name", "a_b"), ("Protocol", "HTTP"), ("Port", "80"), ("VpcId", vpc)], "ValidationError"),
        (vec![("Name", "a"), ("Protocol", "TCP"), ("Port", "80"), ("VpcId", vpc)], "NotImplemented"),
        (vec![("Name", "a"), ("TargetType", "lambda")], "NotImplemented"),
        (vec![("Name", "a"), ("Protocol", "HTTP"), ("Port", "80"), ("VpcId", vpc), ("HealthCheckPath", "x")], "ValidationError"),
    ] {
        assert_eq!(site.code("CreateTargetGroup", &parameters).await, code, "{parameters:?}");
    }
    let tools = [("Name", "t"), ("Protocol", "HTTP"), ("ProtocolVersion", ""), ("Port", "80"), ("VpcId", vpc)];
    assert_eq!(site.ok("CreateTargetGroup", &tools).await.one("ProtocolVersion"), "HTTP1");
    let changed = [("TargetGroupArn", site.group.as_str()), ("HealthCheckPath", "/up"), ("Matcher.HttpCode", "200-299")];
    let changed = site.ok("ModifyTargetGroup", &changed).await;
    assert_eq!((changed.one("member/HealthCheckPath"), changed.one("Matcher/HttpCode")), ("/up", "200-299"));
    assert_eq!(changed.one("member/HealthCheckIntervalSeconds"), "30");
}

#[tokio::test]
async fn targets_are_addresses_of_the_vpc() {
    let site = Site::new().await;
    let target = |id: &'static str| [("TargetGroupArn", site.group.clone()), ("Targets.member.1.Id", id.into())];
    for id in ["10.0.0.1", "i-0123456789abcdef0", "8.8.8.8"] {
        let parameters = target(id);
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(site.code("RegisterTargets", &parameters).await, "InvalidTarget", "{id}");
    }
    let good = target("172.31.0.9");
    let good: Vec<_> = good.iter().map(|(name, value)| (*name, value.as_str())).collect();
    site.ok("RegisterTargets", &good).await;
    site.ok("RegisterTargets", &good).await;
    let health = site.ok("DescribeTargetHealth", &[("TargetGroupArn", &site.group)]).await;
    assert_eq!((health.all("Target/Id"), health.one("Target/Port")), (vec!["172.31.0.9"], "8080"));
    assert_eq!((health.one("TargetHealth/State"), health.one("TargetHealth/Reason")), ("initial", "Elb.RegistrationInProgress"));
    let stranger = [("TargetGroupArn", site.group.as_str()), ("Targets.member.1.Id", "172.31.0.10")];
    let health = site.ok("DescribeTargetHealth", &stranger).await;
    assert_eq!((health.one("TargetHealth/State"), health.one("TargetHealth/Reason")), ("unused", "Target.NotRegistered"));
    assert_eq!(site.code("DeregisterTargets", &stranger).await, "InvalidTarget");
}

#[tokio::test]
async fn a_target_in_a_zone_without_the_balancer_is_not_used() {
    let site = Site::new().await;
    site.ok("RegisterTargets", &[("TargetGroupArn", &site.group), ("Targets.member.1.Id", "172.31.32.9")]).await;
    let health = site.ok("DescribeTargetHealth", &[("TargetGroupArn", &site.group)]).await;
    assert_eq!((health.one("Target/AvailabilityZone"), health.one("TargetHealth/State")), ("us-east-1c", "unused"));
    let all = [
        ("LoadBalancerArn", site.balancer.as_str()),
        ("Subnets.member.1", &site.subnets[0]),
        ("Subnets.member.2", &site.subnets[1]),
        ("Subnets.member.3", &site.subnets[2]),
    ];
    assert_eq!(site.ok("SetSubnets", &all).await.all("member/ZoneName").len(), 3);
    let health = site.ok("DescribeTargetHealth", &[("TargetGroupArn", &site.group)]).await;
    assert_eq!(health.one("TargetHealth/State"), "initial");
}

#[tokio::test]
async fn attributes_have_defaults_are_enforced_and_are_refused_by_name() {
    let site = Site::new().await;
    let attribute =
        |key: &'static str, value: &'static str| [("Attributes.member.1.Key", key), ("Attributes.member.1.Value", value)];
    let on = |arn: (&'static str, &str), pair: [(&'static str, &'static str); 2]| {
        [(arn.0, arn.1.to_owned()), (pair[0].0, pair[0].1.to_owned()), (pair[1].0, pair[1].1.to_owned())]
    };
    async fn code(site: &Site, operation: &str, parameters: [(&str, String); 3]) -> String {
        let parameters = parameters.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = call(&site.cloud, "elbv2", operation, &parameters).await;
        if answer.status == 200 { String::new() } else { answer.code().to_owned() }
    }
    let balancer = ("LoadBalancerArn", site.balancer.as_str());
    let change = "ModifyLoadBalancerAttributes";
    assert_eq!(code(&site, change, on(balancer, attribute("access_logs.s3.enabled", "true"))).await, "NotImplemented");
    assert_eq!(code(&site, change, on(balancer, attribute("access_logs.s3.enabled", "false"))).await, "");
    assert_eq!(code(&site, change, on(balancer, attribute("idle_timeout.timeout_seconds", "0"))).await, "ValidationError");
    assert_eq!(code(&site, change, on(balancer, attribute("deletion_protection.enabled", "true"))).await, "");
    assert_eq!(site.code("DeleteLoadBalancer", &[("LoadBalancerArn", &site.balancer)]).await, "OperationNotPermitted");
    assert_eq!(code(&site, change, on(balancer, attribute("deletion_protection.enabled", "false"))).await, "");
    site.ok("DeleteLoadBalancer", &[("LoadBalancerArn", &site.balancer)]).await;

    let group = ("TargetGroupArn", site.group.as_str());
    let change = "ModifyTargetGroupAttributes";
    assert_eq!(code(&site, change, on(group, attribute("stickiness.type", "app_cookie"))).await, "NotImplemented");
    assert_eq!(code(&site, change, on(group, attribute("deregistration_delay.timeout_seconds", "5"))).await, "");
    let shown = site.ok("DescribeTargetGroupAttributes", &[("TargetGroupArn", &site.group)]).await;
    let (keys, place) = (shown.all("member/Key"), |keys: &[&str]| keys.iter().position(|key| key.starts_with("deregistration")));
    assert_eq!(shown.all("member/Value")[place(&keys).unwrap()], "5");
}

#[tokio::test]
async fn tags_are_added_shown_and_removed() {
    let site = Site::new().await;
    let (balancer, group) = (site.balancer.as_str(), site.group.as_str());
    let both = [("ResourceArns.member.1", balancer), ("ResourceArns.member.2", group)];
    site.ok("AddTags", &[both[0], both[1], ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]).await;
    site.ok("RemoveTags", &[both[0], ("TagKeys.member.1", "a")]).await;
    let shown = site.ok("DescribeTags", &both).await;
    assert_eq!((shown.all("member/ResourceArn"), shown.all("member/Value")), (vec![balancer, group], vec!["b"]));
    let gone = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/x/0123456789abcdef";
    assert_eq!(site.code("DescribeTags", &[("ResourceArns.member.1", gone)]).await, "TargetGroupNotFound");
    assert_eq!(site.code("DescribeTags", &[("ResourceArns.member.1", "x")]).await, "ValidationError");
}

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    let site = Site::new().await;
    let stranger = site.cloud.account("999999999999");
    let found = call(&stranger, "elbv2", "DescribeLoadBalancers", &[("LoadBalancerArns.member.1", &site.balancer)]).await;
    assert_eq!(found.code(), "LoadBalancerNotFound");
    let elsewhere = site.cloud.region("eu-west-1");
    let found = call(&elsewhere, "elbv2", "DescribeTargetGroups", &[("TargetGroupArns.member.1", &site.group)]).await;
    assert_eq!(found.code(), "TargetGroupNotFound");
}

#[tokio::test]
async fn security_groups_of_a_balancer_change_and_are_held() {
    let site = Site::new().await;
    let made = ec2(&site.cloud, "CreateSecurityGroup", &[("GroupName", "lb"), ("GroupDescription", "d")]).await;
    let id = made.one("groupId");
    site.ok("SetSecurityGroups", &[("LoadBalancerArn", &site.balancer), ("SecurityGroups.member.1", id)]).await;
    let interfaces =
        ec2(&site.cloud, "DescribeNetworkInterfaces", &[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", id)]).await;
    assert_eq!(interfaces.all("item/networkInterfaceId").len(), 2);
    assert_eq!(call(&site.cloud, "ec2", "DeleteSecurityGroup", &[("GroupId", id)]).await.code(), "DependencyViolation");
}

#[tokio::test]
async fn limits_are_told_in_pages() {
    let cloud = cloud();
    let first = elb(&cloud, "DescribeAccountLimits", &[("PageSize", "5")]).await;
    let second = elb(&cloud, "DescribeAccountLimits", &[("PageSize", "5"), ("Marker", first.one("NextMarker"))]).await;
    assert_eq!((first.all("member/Name").len(), second.all("member/Name").len()), (5, 3));
    assert_eq!(call(&cloud, "elbv2", "DescribeAccountLimits", &[("PageSize", "500")]).await.code(), "ValidationError");
}

#[test]
fn every_operation_that_is_listed_has_a_row() {
    let service = svc_network::elbv2::service();
    let built: Vec<_> = service.table().map(|(name, ..)| name).collect();
    let missing: Vec<_> = service.api().operations.iter().map(|it| it.name).filter(|name| !built.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
