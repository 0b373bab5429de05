//! How a workload goes on its host: what is next, given how far its containers have come.
//!
//! [`Progress`] is all that the host's agent knows of a workload. [`Progress::observe`] takes in what happened, [`Progress::next`] gives the steps
//! to be carried out now and notes them as begun, [`Progress::wake`] says when time alone will call for the next look. Which workloads run on
//! which host is decided elsewhere (`task`, `placement`), and whether an unhealthy one is replaced, too: ECS's agent reports
//! health and leaves the task running (ECS developer guide, "Determine task health using container health checks").

mod depend;
mod health;
mod next;
mod observe;
mod progress;
#[cfg(test)]
mod tests;

pub use health::HealthTrack;
pub use observe::Event;
pub use progress::{Found, ImageStage, Progress, Stage, Track};

/// Something that the agent has to do for a workload. Each is begun once; how it went comes back as an [`Event`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Join the network and make what the containers have in common.
    Join,
    /// Pull a container's image.
    Pull(String),
    /// Start a container.
    Start(String),
    /// Run a container's health check.
    Check(String),
    /// Ask a container to end.
    Ask(String),
    /// Kill a container.
    Kill(String),
    /// Leave the network and remove everything but status and output.
    Clean,
}
