//! What an ARN makes of a target.

use super::super::errors::{bad_arn, not_built};
use model::Arn;
use wire::Fault;

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A function of Lambda.
    Function,
    /// A queue of SQS.
    Queue,
    /// Another event bus.
    Bus,
    /// A log group.
    LogGroup,
    /// A cluster, in which tasks are run.
    Cluster,
    /// Something that is done to a machine or a volume (EventBridge user guide, "Event bus targets").
    Machine(MachineAction),
}

/// What can be done to machines and volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineAction {
    /// `CreateSnapshot` of a volume.
    CreateSnapshot,
    /// `RebootInstances`.
    Reboot,
    /// `StopInstances`.
    Stop,
    /// `TerminateInstances`.
    Terminate,
}

impl Kind {
    /// Whether rules act on it as a role only: it has no policy of its own that could let EventBridge in.
    pub fn needs_role(self) -> bool {
        matches!(self, Kind::Bus | Kind::Cluster | Kind::Machine(_))
    }
}

/// The kind of a target, and its ARN.
///
/// # Errors
/// What is no ARN, and `501` of what can't be reached as a target yet.
pub fn kind(text: &str) -> Result<(Kind, Arn), Fault> {
    let arn: Arn = text.parse().map_err(|_| bad_arn(text))?;
    let kind = match (arn.service.as_str(), arn.resource.split(['/', ':']).next().unwrap_or_default()) {
        ("lambda", "function") => Kind::Function,
        ("sqs", _) => Kind::Queue,
        ("events", "event-bus") => Kind::Bus,
        ("events", "target") => Kind::Machine(action(&arn.resource).ok_or_else(|| bad_arn(text))?),
        ("logs", "log-group") => Kind::LogGroup,
        ("ecs", "cluster") => Kind::Cluster,
        (service, kind) => return Err(not_built(format_args!("targets of the kind {service}:{kind}"))),
    };
    if arn.account.is_empty() || arn.region.is_empty() { Err(bad_arn(text)) } else { Ok((kind, arn)) }
}

fn action(resource: &str) -> Option<MachineAction> {
    Some(match resource.strip_prefix("target/")? {
        "create-snapshot" => MachineAction::CreateSnapshot,
        "reboot-instance" => MachineAction::Reboot,
        "stop-instance" => MachineAction::Stop,
        "terminate-instance" => MachineAction::Terminate,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_tell_what_a_target_is() {
        let kinds = [
            ("arn:aws:lambda:us-east-1:111122223333:function:f:live", Kind::Function),
            ("arn:aws:sqs:us-east-1:111122223333:jobs", Kind::Queue),
            ("arn:aws:events:us-east-1:111122223333:event-bus/other", Kind::Bus),
            ("arn:aws:logs:us-east-1:111122223333:log-group:/aws/events/x", Kind::LogGroup),
            ("arn:aws:ecs:us-east-1:111122223333:cluster/c", Kind::Cluster),
            ("arn:aws:events:us-east-1:111122223333:target/stop-instance", Kind::Machine(MachineAction::Stop)),
        ];
        for (arn, wanted) in kinds {
            assert_eq!(kind(arn).expect(arn).0, wanted);
        }
        assert_eq!(kind("arn:aws:sns:us-east-1:111122223333:topic").expect_err("not built").status, 501);
        assert_eq!(kind("arn:aws:events:us-east-1:111122223333:target/dance").expect_err("unknown").status, 400);
        assert_eq!(kind("queue").expect_err("no ARN").status, 400);
    }
}
