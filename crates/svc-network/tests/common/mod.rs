//! What the tests of this crate share: calls through the front in process, and the answers' texts by path.
#![allow(dead_code)]

use front::testing::{Bench, Reply};
use quick_xml::{Reader, events::Event};
use spine::Store;
use std::sync::Arc;

/// A cloud of the network's services.
pub fn cloud() -> Bench {
    Bench::on(Store::ephemeral(), |front, store, _| {
        front.service(svc_network::ec2::service(&Arc::new(store.clone()))).service(svc_network::elbv2::service())
    })
}

/// An answer in XML: every text with the path of elements to it, without the outermost.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    texts: Vec<(String, String)>,
}

impl Answer {
    /// Reads a reply.
    pub fn of(reply: &Reply) -> Self {
        let text = reply.text();
        let mut reader = Reader::from_str(&text);
        let (mut path, mut texts, mut held) = (Vec::new(), Vec::new(), String::new());
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
                Event::Start(start) => {
                    path.push(start.local_name().as_ref().to_owned());
                    held.clear();
                }
                Event::Text(found) => held.push_str(&found),
                Event::GeneralRef(found) => held.push_str(&unescape(&format!("&{};", &*found))),
                Event::End(_) => {
                    if !held.trim().is_empty() {
                        texts.push((path[1..].join("/"), std::mem::take(&mut held)));
                    }
                    path.pop();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Self { status: reply.status, texts }
    }

    /// All texts whose path ends so.
    pub fn all(&self, suffix: &str) -> Vec<&str> {
        let ends = |path: &str| path == suffix || path.ends_with(&format!("/{suffix}"));
        self.texts.iter().filter(|(path, _)| ends(path)).map(|(_, text)| text.as_str()).collect()
    }

    /// The first text whose path ends so.
    pub fn one(&self, suffix: &str) -> &str {
        self.all(suffix).first().copied().unwrap_or_else(|| panic!("no {suffix} in {:?}", self.texts))
    }

    /// The code of an error.
    pub fn code(&self) -> &str {
        self.one("Error/Code")
    }

    /// The message of an error.
    pub fn message(&self) -> &str {
        self.one("Error/Message")
    }
}

fn unescape(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// Calls an operation.
pub async fn call(bench: &Bench, service: &str, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    Answer::of(&bench.form(service, operation, parameters).await)
}

/// Calls an operation of EC2, which has to succeed.
pub async fn ec2(bench: &Bench, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    let reply = bench.form("ec2", operation, parameters).await;
    assert_eq!(reply.status, 200, "{operation} {parameters:?}: {}", reply.text());
    Answer::of(&reply)
}

/// Calls an operation of ELBv2, which has to succeed.
pub async fn elb(bench: &Bench, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    let reply = bench.form("elbv2", operation, parameters).await;
    assert_eq!(reply.status, 200, "{operation} {parameters:?}: {}", reply.text());
    Answer::of(&reply)
}

/// A balancer `web` with a listener at port 80 that passes everything to a group `pages` of addresses.
pub struct Site {
    /// The cloud.
    pub cloud: Bench,
    /// The default VPC.
    pub vpc: String,
    /// Its subnets, in the order of their Availability Zones.
    pub subnets: Vec<String>,
    /// The balancer's ARN; it stands in the first two subnets.
    pub balancer: String,
    /// The listener's ARN.
    pub listener: String,
    /// The group's ARN.
    pub group: String,
}

/// The default VPC and its subnets, in the order of their Availability Zones.
pub async fn network(cloud: &Bench) -> (String, Vec<String>) {
    let subnets = ec2(cloud, "DescribeSubnets", &[]).await;
    let mut pairs: Vec<_> = subnets.all("item/availabilityZone").into_iter().zip(subnets.all("item/subnetId")).collect();
    pairs.sort_unstable();
    (subnets.one("item/vpcId").to_owned(), pairs.into_iter().map(|(_, id)| id.to_owned()).collect())
}

impl Site {
    /// A new one in a new cloud.
    pub async fn new() -> Self {
        let cloud = cloud();
        let (vpc, subnets) = network(&cloud).await;
        let balancer = balancer(&cloud, "web", &subnets[..2]).await;
        let group = group(&cloud, "pages", &vpc).await;
        let forward = [
            ("LoadBalancerArn", balancer.as_str()),
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", &group),
        ];
        let made = elb(&cloud, "CreateListener", &forward).await;
        let listener = made.one("member/ListenerArn").to_owned();
        Self { cloud, vpc, subnets, balancer, listener, group }
    }

    /// Calls an operation that succeeds.
    pub async fn ok(&self, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        elb(&self.cloud, operation, parameters).await
    }

    /// The code with which an operation fails.
    pub async fn code(&self, operation: &str, parameters: &[(&str, &str)]) -> String {
        call(&self.cloud, "elbv2", operation, parameters).await.code().to_owned()
    }
}

/// Makes a balancer in two subnets: its ARN.
pub async fn balancer(cloud: &Bench, name: &str, subnets: &[String]) -> String {
    let parameters = [("Name", name), ("Subnets.member.1", &subnets[0]), ("Subnets.member.2", &subnets[1])];
    elb(cloud, "CreateLoadBalancer", &parameters).await.one("member/LoadBalancerArn").to_owned()
}

/// Makes a target group of addresses: its ARN.
pub async fn group(cloud: &Bench, name: &str, vpc: &str) -> String {
    let parameters = [("Name", name), ("Protocol", "HTTP"), ("Port", "8080"), ("VpcId", vpc), ("TargetType", "ip")];
    elb(cloud, "CreateTargetGroup", &parameters).await.one("member/TargetGroupArn").to_owned()
}
