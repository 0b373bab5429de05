//! The last steps of a container's process before it becomes the user's program.

use super::{init, seccomp::Program};
use libcontainer::workload::{Executor, ExecutorError, ExecutorValidationError, default::get_executor};
use nix::{
    sys::{
        prctl,
        signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
    },
    unistd::write,
};
use oci_spec::runtime::Spec;
use std::os::fd::{BorrowedFd, RawFd};

/// Executes the program under its filters. Everything that could be shared with the shim has been given up before.
#[derive(Clone)]
pub struct Confined {
    /// System call filters, applied in this order.
    pub filters: Vec<Program>,
    /// A small init becomes process 1, the program its child.
    pub init: bool,
    /// The write end of a pipe that closes when the program runs, and is told why if it doesn't.
    pub report: RawFd,
}

impl Confined {
    fn run(&self, spec: &Spec) -> Result<(), ExecutorError> {
        let failed = |error: String| ExecutorError::Other(error);
        // The container must not outlive the process that keeps its output and its exit status.
        prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| failed(error.to_string()))?;
        reset_signals();
        if self.init {
            init::split(self.report).map_err(failed)?;
        }
        for filter in &self.filters {
            seccompiler::apply_filter(filter).map_err(|error| failed(error.to_string()))?;
        }
        get_executor().exec(spec)
    }
}

impl Executor for Confined {
    fn exec(&self, spec: &Spec) -> Result<(), ExecutorError> {
        let result = self.run(spec);
        if let Err(error) = &result {
            // SAFETY: the descriptor was inherited and nothing has closed it.
            let report = unsafe { BorrowedFd::borrow_raw(self.report) };
            let _ = write(report, explain(error).as_bytes());
        }
        result
    }

    fn validate(&self, spec: &Spec) -> Result<(), ExecutorValidationError> {
        get_executor().validate(spec)
    }
}

fn explain(error: &ExecutorError) -> String {
    match error {
        ExecutorError::Execution(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

/// Ignored signals stay ignored over an exec: Rust ignores `SIGPIPE`, and the shim more than that.
pub fn reset_signals() {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator().filter(|signal| !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP)) {
        // SAFETY: the default action runs no code of ours.
        let _ = unsafe { sigaction(signal, &default) };
    }
    let _ = SigSet::empty().thread_set_mask();
}
