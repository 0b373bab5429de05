//! How far the replacement of a root volume is (EC2 user guide, "Replace the root volume for an Amazon EC2 instance without stopping it").

use agent_proto::machine::{MachineState, MachineStatus};
use model::ec2::{InstancePlan, InstanceSpec, InstanceState, RootReplacementState as State};

/// What is seen of a replacement.
#[derive(Clone, Copy, Debug)]
pub struct Replacing<'a> {
    /// Its id, which is that of the instance's interlude.
    pub id: &'a str,
    /// The instance; `None` if it is gone.
    pub instance: Option<(&'a InstanceSpec, &'a InstancePlan)>,
    /// The instance's machine.
    pub machine: Option<&'a MachineStatus>,
    /// The instance has the new volume.
    pub swapped: bool,
}

/// How far it is, after it was as far as `state`. What has come to its end stays there.
pub fn replacement(state: State, seen: Replacing<'_>) -> State {
    if matches!(state, State::Succeeded | State::Failed) {
        return state;
    }
    let Some((spec, plan)) = seen.instance.filter(|(_, plan)| plan.state == InstanceState::Running) else { return State::Failed };
    let under_way = plan.interlude.as_ref().is_some_and(|interlude| interlude.id == seen.id);
    let wished = spec.interludes.iter().any(|interlude| interlude.id == seen.id);
    let over = !wished || plan.interludes_done.iter().any(|done| done == seen.id);
    let runs = |machine: &MachineStatus| machine.boot >= plan.boot && matches!(machine.state, MachineState::Running { .. });
    match over {
        _ if under_way => State::InProgress,
        false => State::Pending,
        true if !seen.swapped => State::Failed,
        true if seen.machine.is_some_and(runs) => State::Succeeded,
        true => State::InProgress,
    }
}
