//! The state that the API shows, with its number, its name and its reason.

use super::reason;
use model::ec2::{Ending, InstancePlan, InstanceSpec, InstanceState, StateReason, Wish};

/// The state of an instance: what its plan has reached, unless somebody has asked for something else since.
pub fn state(spec: &InstanceSpec, plan: &InstancePlan) -> InstanceState {
    match (&spec.wish, plan.state) {
        (_, InstanceState::Terminated) => InstanceState::Terminated,
        (Wish::Terminate(_), _) => InstanceState::ShuttingDown,
        (_, _) if plan.start < spec.starts => InstanceState::Pending,
        (Wish::Stop(_), InstanceState::Stopped) => InstanceState::Stopped,
        (Wish::Stop(_), InstanceState::ShuttingDown) => InstanceState::ShuttingDown,
        (Wish::Stop(_), _) => InstanceState::Stopping,
        (Wish::Run, reached) => reached,
    }
}

/// The number of a state: the low byte of `InstanceState$Code`.
pub fn state_code(state: InstanceState) -> i32 {
    match state {
        InstanceState::Pending => 0,
        InstanceState::Running => 16,
        InstanceState::ShuttingDown => 32,
        InstanceState::Terminated => 48,
        InstanceState::Stopping => 64,
        InstanceState::Stopped => 80,
    }
}

/// The name of a state.
pub fn state_name(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Pending => "pending",
        InstanceState::Running => "running",
        InstanceState::ShuttingDown => "shutting-down",
        InstanceState::Terminated => "terminated",
        InstanceState::Stopping => "stopping",
        InstanceState::Stopped => "stopped",
    }
}

/// Why it is in the state that is shown.
pub fn state_reason(spec: &InstanceSpec, plan: &InstancePlan) -> Option<StateReason> {
    match unheard(spec, plan) {
        Some(ending) => Some(ending.reason.clone()),
        None if state(spec, plan) == InstanceState::Pending => None,
        None => plan.reason.clone(),
    }
}

/// `StateTransitionReason` for the state that is shown.
pub fn state_transition(spec: &InstanceSpec, plan: &InstancePlan) -> String {
    match unheard(spec, plan) {
        Some(ending) => reason::transition(ending),
        None if state(spec, plan) == InstanceState::Pending => String::new(),
        None => plan.transition.clone(),
    }
}

/// The ending that was asked for and that the plan doesn't know of yet.
fn unheard<'a>(spec: &'a InstanceSpec, plan: &InstancePlan) -> Option<&'a Ending> {
    let early = matches!(plan.state, InstanceState::Pending | InstanceState::Running);
    match &spec.wish {
        Wish::Stop(ending) if early && plan.start == spec.starts => Some(ending),
        Wish::Terminate(ending) if early || matches!(plan.state, InstanceState::Stopping | InstanceState::Stopped) => {
            Some(ending)
        }
        _ => None,
    }
}
