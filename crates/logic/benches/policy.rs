//! How long a decision takes for a caller with ten policies of twenty statements, read once; beside it, what reading them takes.
//!
//! Once the policies are about ten services, as most callers' are, and once they are all about the one that is asked.

use criterion::{Criterion, criterion_group, criterion_main};
use logic::policy::{Attached, Caller, CallerKind, Context, Kind, Policies, Policy, Request, ResourceRule, decide};
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;

const SERVICES: [&str; 10] = ["ecs", "ecr", "logs", "events", "sts", "lambda", "ec2", "sqs", "sns", "dynamodb"];

/// Twenty statements on a service: some with wildcards, some with variables and conditions, every fifth a denial.
fn document(service: &str) -> String {
    let statement = |number: usize| {
        let mut statement = json!({
            "Sid": format!("S{number}"),
            "Effect": if number % 5 == 4 { "Deny" } else { "Allow" },
            "Action": [format!("{service}:Describe{number}*"), format!("{service}:Get{number}"), format!("{service}:*{number}Tags")],
            "Resource": [format!("arn:aws:{service}:*:123456789012:thing/team-{number}-*"), format!("arn:aws:{service}:eu-west-1:*:other/*/{number}")],
        });
        match number % 3 {
            0 => statement["Condition"] = json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
            1 => statement["Condition"] = json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}}),
            _ => {}
        }
        statement
    };
    json!({"Version": "2012-10-17", "Statement": (0..20).map(statement).collect::<Vec<_>>()}).to_string()
}

fn attached(text: &str) -> Attached {
    Attached {
        name: "arn:aws:iam::123456789012:policy/p".into(),
        policy: Arc::new(Policy::parse(text, Kind::Identity).expect("a policy")),
    }
}

/// What the front knows of a request.
fn context() -> Context {
    let mut context = Context::new();
    for number in 0..12 {
        context.set(format!("aws:Key{number}"), "value");
    }
    context.set("aws:SourceIp", "10.1.2.3").set("aws:PrincipalTag/team", "blue").set("aws:ResourceTag/team", "blue");
    context
}

fn ten_services(criterion: &mut Criterion) {
    bench(criterion, "ten services", SERVICES);
}

fn one_service(criterion: &mut Criterion) {
    bench(criterion, "one service", ["sqs"; 10]);
}

fn bench(criterion: &mut Criterion, name: &str, services: [&str; 10]) {
    let documents = services.map(document);
    let policies = Policies { identity: documents.iter().map(|text| attached(text)).collect(), ..Policies::default() };
    let context = context();
    let caller = Caller { arn: "arn:aws:iam::123456789012:user/anna", account: "123456789012", kind: CallerKind::User };
    let mut group = criterion.benchmark_group(name);
    let mut ask = |name: &str, action: &str, resource: &str, allowed: bool| {
        let request = Request { caller, action, resource, resource_account: None, context: &context };
        let decided = || decide(black_box(&request), &policies, None, ResourceRule::Either);
        assert_eq!(decided().allowed, allowed);
        group.bench_function(name, |bencher| bencher.iter(decided));
    };
    ask("allowed", "sqs:Describe18Queue", "arn:aws:sqs:eu-west-1:123456789012:thing/team-18-x", true);
    ask("implicitly denied", "sqs:DeleteQueue", "arn:aws:sqs:eu-west-1:123456789012:thing/x", false);
    ask("of no service that is named", "kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/x", false);
    ask("explicitly denied", "sqs:Get19", "arn:aws:sqs:eu-west-1:123456789012:other/x/19", false);
    group.bench_function("reading the ten documents", |bencher| {
        bencher.iter(|| documents.iter().map(|text| attached(black_box(text))).collect::<Vec<_>>());
    });
    group.finish();
}

criterion_group!(benches, ten_services, one_service);
criterion_main!(benches);
