//! What an ARN makes of a target.

use super::super::errors::{invalid, not_built};
use model::Arn;
use wire::{Fault, Operation, Service};

/// What is called.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A function of Lambda.
    Function,
    /// A queue of SQS.
    Queue,
    /// An event bus.
    Bus,
    /// A cluster of ECS, in which tasks are run.
    Cluster,
    /// Any operation that changes something (Scheduler user guide, "Using universal targets").
    Operation(&'static Service, &'static Operation),
}

/// What universal targets can't be, by what their names begin with (user guide, "Unsupported actions").
const READING: [&str; 14] = [
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover", "batchGet",
    "retrieve",
];

/// The kind of a target, and its ARN.
///
/// # Errors
/// What is no ARN, and `501` of what can't be reached as a target yet.
pub fn kind(text: &str) -> Result<(Kind, Arn), Fault> {
    let arn: Arn = text.parse().map_err(|_| bad(text))?;
    let kind = match (arn.service.as_str(), arn.resource.split([':', '/']).next().unwrap_or_default()) {
        ("lambda", "function") => Kind::Function,
        ("sqs", _) => Kind::Queue,
        ("events", "event-bus") => Kind::Bus,
        ("ecs", "cluster") => Kind::Cluster,
        ("scheduler", "aws-sdk") => universal(&arn)?,
        (service, kind) => return Err(not_built(format_args!("targets of the kind {service}:{kind}"))),
    };
    let somewhere = matches!(kind, Kind::Operation(..)) || !arn.region.is_empty() && !arn.account.is_empty();
    if somewhere { Ok((kind, arn)) } else { Err(bad(text)) }
}

fn bad(text: &str) -> Fault {
    invalid(format!("Invalid target ARN {text}."))
}

/// `aws-sdk:sqs:sendMessage`.
fn universal(arn: &Arn) -> Result<Kind, Fault> {
    let unknown = || invalid(format!("{arn} is not a supported target: there is no such service or API action."));
    let mut parts = arn.resource.split(':').skip(1);
    let (Some(service), Some(action), None) = (parts.next(), parts.next(), parts.next()) else { return Err(unknown()) };
    let known = api::SERVICES.iter().copied().find(|known| sdk_name(known) == service).ok_or_else(unknown)?;
    if !action.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(unknown());
    }
    if READING.iter().any(|verb| reads(action, verb)) {
        return Err(invalid(format!("{arn} is not a supported target: the API action only reads.")));
    }
    let (service, operation) = front::calls::find(known.id, &upper_first(action))?;
    Ok(Kind::Operation(service, operation))
}

fn reads(action: &str, verb: &str) -> bool {
    action.strip_prefix(verb).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_uppercase()))
}

/// A service as the SDKs for Java call it: its id in lower case, without blanks.
fn sdk_name(service: &Service) -> String {
    service.service_id.to_ascii_lowercase().replace([' ', '-'], "")
}

fn upper_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn universal_targets_are_operations() {
        let found = |resource: &str| kind(&format!("arn:aws:scheduler:::aws-sdk:{resource}"));
        for (resource, id, name) in [
            ("sqs:sendMessage", "sqs", "SendMessage"),
            ("ec2:stopInstances", "ec2", "StopInstances"),
            ("ecs:updateService", "ecs", "UpdateService"),
            ("eventbridge:putEvents", "events", "PutEvents"),
        ] {
            match found(resource) {
                Ok((Kind::Operation(service, operation), _)) => assert_eq!((service.id, operation.name), (id, name)),
                other => panic!("{resource}: {other:?}"),
            }
        }
        for (resource, status) in
            [("sqs:SendMessage", 400), ("nothing:doIt", 400), ("sqs:receiveMessage", 400), ("sqs", 400), ("batch:submitJob", 501)]
        {
            assert_eq!(found(resource).expect_err(resource).status, status, "{resource}");
        }
    }
}
