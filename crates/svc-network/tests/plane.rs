//! What hosts and the edge are told of the records, and what their reports make of them.

mod common;

use agent_proto::{
    edge::{Action, Report, Table, TargetHealth, TargetReport},
    network,
};
use common::{Answer, Site, cloud, ec2, group, network as default_network};
use model::{
    AccountId, Key, Record, Region, Timestamp,
    ec2::{AttachedTo, Attachment, Instance, InstanceSpec, NetworkInterface},
    elbv2::Target,
};
use serde_json::json;
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{net::Ipv4Addr, time::Duration};
use svc_ec2::desired_networks;
use svc_network::elbv2::{Drain, Writes, observe, table};

/// What the link to the edge does, by hand.
impl Site {
    fn table(&self) -> Table {
        table(&self.cloud.store.snapshot()).unwrap()
    }

    async fn commit(&self, writes: Writes) {
        self.cloud.store.transact(|tx| writes.commit(tx)).await.unwrap();
    }

    /// The edge takes the present table, and reports nothing yet.
    async fn take(&self) {
        self.see(&Report::default()).await;
    }

    /// The edge has the present table and reports.
    async fn see(&self, report: &Report) {
        self.commit(observe(&self.table(), report, &self.cloud.store.snapshot()).unwrap()).await;
    }

    /// The edge reports on a target of the group.
    async fn report(&self, id: &str, health: TargetHealth, in_flight: u32) {
        let seen = TargetReport { id: id.into(), port: 8080, health, in_flight };
        self.see(&Report { targets: [(self.group.clone(), vec![seen])].into(), ..Report::default() }).await;
    }

    async fn reconcile(&self) -> Wake {
        let cx = ReconcileCx::new(self.cloud.store.clone(), self.cloud.env.clone());
        Drain.reconcile(&cx).await.unwrap()
    }

    async fn register(&self, id: &str) {
        self.ok("RegisterTargets", &[("TargetGroupArn", &self.group), ("Targets.member.1.Id", id)]).await;
    }

    async fn deregister(&self, id: &str) {
        self.ok("DeregisterTargets", &[("TargetGroupArn", &self.group), ("Targets.member.1.Id", id)]).await;
    }

    async fn health(&self) -> Answer {
        self.ok("DescribeTargetHealth", &[("TargetGroupArn", &self.group)]).await
    }

    fn targets(&self) -> usize {
        self.cloud.store.snapshot().specs::<Target>(Scope::All).unwrap().len()
    }
}

#[tokio::test]
async fn a_cloud_without_interfaces_has_nothing_to_build_or_serve() {
    let cloud = cloud();
    ec2(&cloud, "DescribeVpcs", &[]).await;
    assert!(desired_networks(&cloud.store.snapshot()).unwrap().is_empty());
    assert_eq!(table(&cloud.store.snapshot()).unwrap(), Table::default());
}

#[tokio::test]
async fn hosts_build_the_network_of_a_balancer() {
    let site = Site::new().await;
    let networks = desired_networks(&site.cloud.store.snapshot()).unwrap();
    let [vpc] = networks.as_slice() else { panic!("{networks:?}") };
    assert_eq!((vpc.id.as_str(), vpc.subnets.len(), vpc.interfaces.len()), (site.vpc.as_str(), 3, 2));
    assert!(vpc.subnets.iter().all(|subnet| subnet.is_public()));
    assert!(vpc.interfaces.iter().all(|it| it.attachment == network::Attachment::Edge && it.public_address.is_some()));
    let [group] = vpc.groups.as_slice() else { panic!("{:?}", vpc.groups) };
    let (all, myself) = (network::Protocol::All, network::Peer::Group(group.id.clone()));
    assert_eq!(group.ingress, [network::Rule { id: group.ingress[0].id.clone(), protocol: all, peer: myself }]);
    assert_eq!(
        group.egress,
        [network::Rule { id: group.egress[0].id.clone(), protocol: all, peer: network::Peer::Cidr(model::Cidr::ANY.into()) }]
    );
}

#[tokio::test]
async fn the_edge_is_told_of_a_balancer_with_its_group_and_names() {
    let site = Site::new().await;
    site.register("172.31.0.9").await;
    let table = site.table();
    let balancer = &table.balancers[&site.balancer];
    let addresses: Vec<Ipv4Addr> =
        desired_networks(&site.cloud.store.snapshot()).unwrap()[0].interfaces.iter().map(|it| it.address).collect();
    assert!(addresses.iter().all(|address| balancer.addresses.contains(address)));
    assert_eq!((balancer.internet_facing, balancer.idle_timeout), (true, Duration::from_secs(60)));
    let listener = &balancer.listeners[&site.listener];
    assert_eq!((listener.port, listener.rules.len()), (80, 1));
    assert_eq!(listener.rules[0].action, Action::Forward { groups: vec![(site.group.clone(), 1)], stickiness: None });
    let group = &table.target_groups[&site.group];
    assert_eq!((group.targets[0].id.as_str(), group.targets[0].port, group.targets[0].draining), ("172.31.0.9", 8080, false));
    assert_eq!((group.health_check.path.as_str(), group.health_check.matcher.as_slice()), ("/", [(200, 200)].as_slice()));
    let zone = &table.zones[&site.vpc];
    assert_eq!(zone.servers, [Ipv4Addr::new(172, 31, 0, 2), Ipv4Addr::new(169, 254, 169, 253)]);
    assert_eq!(zone.names[&balancer.dns_name], balancer.addresses);
    let [a, b, c, d] = addresses[0].octets();
    assert_eq!(zone.names[&format!("ip-{a}-{b}-{c}-{d}.ec2.internal")], [addresses[0]]);
}

#[tokio::test]
async fn rules_come_in_order_with_the_default_last() {
    let site = Site::new().await;
    for (priority, path) in [("20", "/b"), ("10", "/a")] {
        let rule = [
            ("ListenerArn", site.listener.as_str()),
            ("Priority", priority),
            ("Conditions.member.1.Field", "path-pattern"),
            ("Conditions.member.1.Values.member.1", path),
            ("Actions.member.1.Type", "redirect"),
            ("Actions.member.1.RedirectConfig.StatusCode", "HTTP_301"),
            ("Actions.member.1.RedirectConfig.Host", "example.com"),
        ];
        site.ok("CreateRule", &rule).await;
    }
    let table = site.table();
    let rules = &table.balancers[&site.balancer].listeners[&site.listener].rules;
    let paths: Vec<_> = rules.iter().map(|rule| format!("{:?}", rule.conditions)).collect();
    assert_eq!(paths, [r#"[PathPattern(["/a"])]"#, r#"[PathPattern(["/b"])]"#, "[]"]);
    let told = site.ok("DescribeRules", &[("ListenerArn", &site.listener)]).await;
    let arns: Vec<_> = rules.iter().map(|rule| rule.arn.as_str()).collect();
    assert_eq!(told.all("member/RuleArn"), arns);
}

#[tokio::test]
async fn attributes_reach_the_edge() {
    let site = Site::new().await;
    let of_balancer = [
        ("LoadBalancerArn", site.balancer.as_str()),
        ("Attributes.member.1.Key", "idle_timeout.timeout_seconds"),
        ("Attributes.member.1.Value", "7"),
        ("Attributes.member.2.Key", "routing.http2.enabled"),
        ("Attributes.member.2.Value", "false"),
    ];
    site.ok("ModifyLoadBalancerAttributes", &of_balancer).await;
    let of_group = [
        ("TargetGroupArn", site.group.as_str()),
        ("Attributes.member.1.Key", "stickiness.enabled"),
        ("Attributes.member.1.Value", "true"),
        ("Attributes.member.2.Key", "slow_start.duration_seconds"),
        ("Attributes.member.2.Value", "30"),
    ];
    site.ok("ModifyTargetGroupAttributes", &of_group).await;
    let table = site.table();
    let balancer = &table.balancers[&site.balancer];
    assert_eq!((balancer.idle_timeout, balancer.attributes.http2), (Duration::from_secs(7), false));
    let group = &table.target_groups[&site.group];
    assert_eq!((group.stickiness, group.slow_start), (Some(Duration::from_secs(86_400)), Some(Duration::from_secs(30))));
}

#[tokio::test]
async fn groups_that_nothing_uses_and_targets_out_of_reach_are_left_out() {
    let site = Site::new().await;
    let spare = group(&site.cloud, "spare", &site.vpc).await;
    site.register("172.31.0.9").await;
    site.register("172.31.32.9").await;
    let table = site.table();
    assert!(!table.target_groups.contains_key(&spare));
    assert_eq!(table.target_groups[&site.group].targets.len(), 1);
}

#[tokio::test]
async fn a_balancer_is_active_once_the_edge_has_it() {
    let site = Site::new().await;
    site.take().await;
    let shown = site.ok("DescribeLoadBalancers", &[]).await;
    assert_eq!(shown.one("State/Code"), "active");
    let again = observe(&site.table(), &Report::default(), &site.cloud.store.snapshot()).unwrap();
    assert!(again.is_empty(), "nothing new, nothing to write");
    site.see(&Report { listener_faults: [(site.listener.clone(), "port 80 is in use".into())].into(), ..Report::default() })
        .await;
    let shown = site.ok("DescribeLoadBalancers", &[]).await;
    assert_eq!((shown.one("State/Code"), shown.one("State/Reason")), ("active", "port 80 is in use"));
}

#[tokio::test]
async fn health_is_what_the_edge_reports() {
    let site = Site::new().await;
    site.register("172.31.0.9").await;
    site.take().await;
    let timeout = TargetHealth::Unhealthy { reason: "Target.Timeout".into(), description: "Request timed out".into() };
    for (health, state, reason) in [
        (TargetHealth::Initial, "initial", Some("Elb.InitialHealthChecking")),
        (TargetHealth::Healthy, "healthy", None),
        (timeout, "unhealthy", Some("Target.Timeout")),
    ] {
        site.report("172.31.0.9", health, 0).await;
        let told = site.health().await;
        assert_eq!((told.one("TargetHealth/State"), told.all("TargetHealth/Reason").first().copied()), (state, reason));
    }
    site.take().await;
    assert_eq!(site.health().await.one("TargetHealth/State"), "unhealthy", "an edge that has only begun changes nothing");
    site.ok("DeleteListener", &[("ListenerArn", &site.listener)]).await;
    site.report("172.31.0.9", TargetHealth::Healthy, 0).await;
    let told = site.health().await;
    assert_eq!((told.one("TargetHealth/State"), told.one("TargetHealth/Reason")), ("unused", "Target.NotInUse"));
    let (_, row) = site.cloud.store.snapshot().list::<Target>(Scope::All).unwrap().remove(0);
    assert_eq!(*row.observed, Default::default(), "what was seen of a target that the edge no longer has is forgotten");
}

#[tokio::test]
async fn a_target_drains_for_the_delay_while_requests_are_under_way() {
    let site = Site::new().await;
    site.register("172.31.0.9").await;
    site.take().await;
    site.report("172.31.0.9", TargetHealth::Healthy, 2).await;
    site.deregister("172.31.0.9").await;
    assert!(site.table().target_groups[&site.group].targets[0].draining);
    site.take().await;
    assert_eq!(site.health().await.one("TargetHealth/State"), "draining");
    let start = site.cloud.env.now();
    assert_eq!(site.reconcile().await, Wake::At(start + Duration::from_secs(300)));
    site.cloud.advance(Duration::from_secs(299));
    site.reconcile().await;
    assert_eq!(site.targets(), 1);
    site.cloud.advance(Duration::from_secs(1));
    assert_eq!(site.reconcile().await, Wake::Idle);
    assert_eq!(site.targets(), 0);
}

#[tokio::test]
async fn an_idle_target_is_gone_early_and_one_that_comes_back_stays() {
    let site = Site::new().await;
    site.register("172.31.0.9").await;
    site.register("172.31.0.10").await;
    site.take().await;
    site.deregister("172.31.0.9").await;
    site.deregister("172.31.0.10").await;
    site.take().await;
    site.register("172.31.0.10").await;
    site.cloud.advance(Duration::from_secs(2));
    assert_eq!(site.reconcile().await, Wake::Idle);
    let told = site.health().await;
    assert_eq!((told.all("Target/Id"), told.one("TargetHealth/State")), (vec!["172.31.0.10"], "initial"));
    assert!(!site.table().target_groups[&site.group].targets[0].draining);
}

#[tokio::test]
async fn a_target_of_a_group_that_nothing_uses_does_not_drain() {
    let site = Site::new().await;
    site.register("172.31.0.9").await;
    site.ok("DeleteListener", &[("ListenerArn", &site.listener)]).await;
    site.deregister("172.31.0.9").await;
    site.reconcile().await;
    assert_eq!(site.targets(), 0);
}

#[tokio::test]
async fn reports_on_what_is_gone_change_nothing() {
    let site = Site::new().await;
    site.register("172.31.0.9").await;
    let (before, stale) = (site.cloud.store.snapshot(), site.table());
    site.ok("DeleteLoadBalancer", &[("LoadBalancerArn", &site.balancer)]).await;
    site.ok("DeleteTargetGroup", &[("TargetGroupArn", &site.group)]).await;
    site.commit(observe(&stale, &Report::default(), &before).unwrap()).await;
    site.report("172.31.0.9", TargetHealth::Healthy, 0).await;
    assert_eq!(site.targets(), 0);
    assert_eq!(site.table(), Table::default());
}

#[test]
fn the_table_is_made_again_when_any_of_its_records_changes() {
    assert!(svc_network::elbv2::TABLE_KINDS.contains(&Target::KIND));
    assert!(svc_ec2::NETWORK_KINDS.contains(&model::ec2::NetworkInterface::KIND));
}

#[tokio::test]
async fn a_name_server_knows_instances_by_their_ids_where_they_are_to_have_records() {
    let cloud = cloud();
    let (vpc, subnets) = default_network(&cloud).await;
    ec2(&cloud, "AssociateVpcCidrBlock", &[("VpcId", &vpc), ("AmazonProvidedIpv6CidrBlock", "true")]).await;
    let mut named = Vec::new();
    for (id, a_record, aaaa_record) in [("i-1", false, false), ("i-2", true, false), ("i-3", true, true)] {
        let made = ec2(&cloud, "CreateNetworkInterface", &[("SubnetId", &subnets[0])]).await;
        let interface = made.one("networkInterface/networkInterfaceId").to_owned();
        let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        let (instance, plug) =
            (Key::<Instance>::new(&account, &region, id), Key::<NetworkInterface>::new(&account, &region, &*interface));
        let spec = instance_spec(&vpc, &interface, a_record, aaaa_record);
        let attachment = Attachment {
            id: format!("eni-attach-{id}"),
            owner: account.to_string(),
            to: AttachedTo::Instance(id.into()),
            device_index: 0,
            delete_on_termination: true,
            at: Timestamp(0),
        };
        let write = |tx: &mut spine::Tx| {
            tx.create(&instance, &spec)?;
            tx.update_spec(&plug, |it| {
                it.attachment = Some(attachment.clone());
                it.ipv6 = vec!["2001:db8::7".parse().unwrap()];
            })
        };
        cloud.store.transact(write).await.unwrap();
        named.push(cloud.store.snapshot().spec(&plug).unwrap().unwrap().address);
    }
    let table = table(&cloud.store.snapshot()).unwrap();
    let zone = &table.zones[&vpc];
    let (a, aaaa) =
        (|id: &str| zone.names.get(&format!("{id}.ec2.internal")), |id: &str| zone.ipv6.get(&format!("{id}.ec2.internal")));
    assert_eq!((a("i-1"), aaaa("i-1")), (None, None));
    assert_eq!((a("i-2"), aaaa("i-2")), (Some(&vec![named[1]]), None));
    assert_eq!((a("i-3"), aaaa("i-3")), (Some(&vec![named[2]]), Some(&vec!["2001:db8::7".parse().unwrap()])));
    let [one, two, three, four] = named[0].octets();
    assert_eq!(
        zone.names[&format!("ip-{one}-{two}-{three}-{four}.ec2.internal")],
        [named[0]],
        "all are known by their addresses"
    );
}

fn instance_spec(vpc: &str, interface: &str, a_record: bool, aaaa_record: bool) -> InstanceSpec {
    let spec = json!({
        "image": "ami-00000001",
        "boot": {"machine": "quick_start", "architecture": "x86_64", "boot_mode": null, "root_device": "/dev/xvda",
                 "platform_details": "Linux/UNIX"},
        "instance_type": "t3.micro",
        "launch": {"reservation": "r-1", "index": 0, "client_token": null, "at": 0},
        "key": null, "user_data": null, "profile": null,
        "placement": {"zone": "us-east-1a", "group": null, "partition": null, "tenancy": "default"},
        "vpc": vpc, "subnet": "subnet-1", "interfaces": [interface], "volumes": [], "instance_store": [],
        "wish": "run", "starts": 1, "reboots": 0,
        "attributes": {"termination_protection": false, "stop_protection": false, "shutdown_terminates": false,
                       "ebs_optimized": false, "ena_support": true, "hibernation": false, "detailed_monitoring": false,
                       "unlimited_credits": false, "cpu_options": null, "auto_recovery": "default"},
        "metadata": {"enabled": true, "tokens_required": true, "hop_limit": 1, "tags": false, "ipv6": false},
        "private_dns": {"resource_name": false, "a_record": a_record, "aaaa_record": aaaa_record},
        "tags": {},
    });
    serde_json::from_value(spec).unwrap()
}
