//! Interludes: reboots with something in their middle, for which the system is down.

use super::Step;
use agent_proto::machine::MachineState;
use model::ec2::{InstancePlan, InstanceSpec, InstanceState, InterludePlan};

/// What is due for the interludes of an instance that runs, whose machine is so on its present boot. `done`: the work of the one that is under way
/// is.
pub(super) fn step(spec: &InstanceSpec, plan: &InstancePlan, machine: Option<&MachineState>, done: bool) -> Option<Step> {
    let Some(under_way) = &plan.interlude else {
        let next = spec.interludes.iter().find(|it| !plan.interludes_done.contains(&it.id));
        let runs = matches!(machine, Some(MachineState::Running { .. }));
        return next.filter(|_| runs).map(|it| Step::Pause(it.id.clone()));
    };
    let id = under_way.id.clone();
    Some(match (under_way.down, machine) {
        // However it came to its end.
        (false, Some(MachineState::Off { .. })) => Step::Down(id),
        (true, _) if done => Step::Finish(id),
        _ => Step::Rest,
    })
}

pub(super) fn begin(plan: &mut InstancePlan, id: &str) {
    plan.interlude = Some(InterludePlan { id: id.into(), down: false });
}

pub(super) fn end(spec: &InstanceSpec, plan: &mut InstancePlan, id: &str) {
    plan.interlude = None;
    plan.interludes_done.push(id.into());
    plan.interludes_done.retain(|done| spec.interludes.iter().any(|it| it.id == *done));
}

/// Whether the moment of an interlude has come: its system is down. One that has ended for another reason is, too; and where nobody waits for it
/// any more it is past.
pub fn is_open(spec: &InstanceSpec, plan: &InstancePlan, id: &str) -> bool {
    let down = plan.interlude.as_ref().is_some_and(|under_way| under_way.id == id && under_way.down);
    let wished = spec.interludes.iter().any(|it| it.id == id);
    let off = matches!(plan.state, InstanceState::Stopped | InstanceState::Terminated);
    down || off || !wished || plan.interludes_done.iter().any(|done| done == id)
}
