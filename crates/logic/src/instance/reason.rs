//! Why an instance is in its state, in the words of `stateReason` and `stateTransitionReason` (EC2 API reference, "StateReason").

use model::{
    Timestamp,
    ec2::{Ending, StateReason},
};

/// Somebody stopped or terminated it.
pub fn shut_down_by_user() -> StateReason {
    reason("Client.UserInitiatedShutdown", "User initiated shutdown")
}

/// Somebody had it hibernate.
pub fn hibernated_by_user() -> StateReason {
    reason("Client.UserInitiatedHibernate", "User initiated hibernate")
}

/// Its own system shut it down.
pub fn shut_down_by_itself() -> StateReason {
    reason("Client.InstanceInitiatedShutdown", "Instance initiated shutdown")
}

/// A scheduled event stopped it.
pub fn scheduled_stop() -> StateReason {
    reason("Server.ScheduledStop", "Stopped due to scheduled retirement")
}

/// A volume's snapshot is gone.
pub fn snapshot_not_found() -> StateReason {
    reason("Client.InvalidSnapshot.NotFound", "The specified snapshot was not found")
}

/// A volume's KMS key is disabled, about to be deleted, or gone.
pub fn invalid_kms_key() -> StateReason {
    reason("Client.InvalidKMSKey.InvalidState", "The KMS key provided is in an incorrect state")
}

/// It could not be brought up, or died; `why` is a sentence for people.
pub fn internal_error(why: &str) -> StateReason {
    reason("Server.InternalError", why)
}

fn reason(code: &str, words: &str) -> StateReason {
    StateReason { code: code.into(), message: format!("{code}: {words}") }
}

/// `User initiated (2026-01-01 00:00:00 GMT)`; what nobody asked for has the reason's code, and what the instance did itself nothing.
pub fn transition(ending: &Ending) -> String {
    match ending.reason.code.as_str() {
        "Client.UserInitiatedShutdown" | "Client.UserInitiatedHibernate" => format!("User initiated ({})", moment(ending.at)),
        code if code.starts_with("Server.") => code.to_owned(),
        _ => String::new(),
    }
}

fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%Y-%m-%d %H:%M:%S GMT").to_string()).unwrap_or_default()
}
