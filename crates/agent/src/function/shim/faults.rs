//! How a function can fail, and the JSON with which its caller is told (Lambda developer guide, "Troubleshoot execution issues"). Pure.

use super::keeper::Ending;
use bytes::Bytes;
use model::Timestamp;
use serde_json::json;
use std::time::Duration;

/// The largest answer of a function that doesn't stream: 6 MB and some.
pub const MOST_ANSWER: usize = 6_291_556;

/// How a function has failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The runtime, or the handler, has said so: an error type, and JSON.
    Told(String, Bytes),
    /// The runtime has ended.
    Exit(Ending),
    /// An extension has ended.
    ExtensionCrash(Ending),
    /// It took so long.
    TimedOut(Duration),
    /// There is nothing to execute, or it can't be executed.
    Entrypoint(String),
    /// It answered more than may be.
    TooLarge,
    /// The runtime has broken off in the midst of its answer.
    Truncated,
    /// What runs it has failed.
    Internal(String),
}

impl Fault {
    /// Its error type.
    pub fn kind(&self) -> &str {
        match self {
            Self::Told(kind, _) => kind,
            Self::Exit(_) => "Runtime.ExitError",
            Self::ExtensionCrash(_) => "Extension.Crash",
            Self::TimedOut(_) => "Sandbox.Timedout",
            Self::Entrypoint(_) => "Runtime.InvalidEntrypoint",
            Self::TooLarge => "Function.ResponseSizeTooLarge",
            Self::Truncated => "Runtime.TruncatedResponse",
            Self::Internal(_) => "Sandbox.Failure",
        }
    }

    /// What happened, without the request; none where the runtime has said it all.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Told(..) => None,
            Self::Exit(ending) => Some(format!("Runtime exited {}", said(*ending))),
            Self::ExtensionCrash(ending) => Some(format!("Extension exited {}", said(*ending))),
            Self::TimedOut(after) => Some(format!("Task timed out after {:.2} seconds", after.as_secs_f64())),
            Self::Entrypoint(why) | Self::Internal(why) => Some(why.clone()),
            Self::TooLarge => Some(format!("Response payload size exceeded maximum allowed payload size ({MOST_ANSWER} bytes).")),
            Self::Truncated => Some("The runtime broke off its response".into()),
        }
    }

    /// The JSON for the caller.
    pub fn payload(&self, request: &str) -> Bytes {
        let message = match (self, self.message()) {
            (Self::Told(_, payload), _) => return payload.clone(),
            (_, None) => String::new(),
            (Self::TooLarge, Some(message)) => message,
            (_, Some(message)) => format!("RequestId: {request} Error: {message}"),
        };
        json!({"errorType": self.kind(), "errorMessage": message}).to_string().into()
    }

    /// The lines that Lambda itself writes to the log about it.
    pub fn lines(&self, request: &str, now: Timestamp) -> Vec<String> {
        match self {
            Self::Told(..) | Self::TooLarge => Vec::new(),
            Self::TimedOut(_) => vec![format!("{} {request} {}", super::words::time(now), self.message().unwrap_or_default())],
            _ => vec![format!("RequestId: {request} Error: {}", self.message().unwrap_or_default()), self.kind().to_owned()],
        }
    }

    /// How `REPORT` says it.
    pub fn status(&self) -> &'static str {
        match self {
            Self::TimedOut(_) => "timeout",
            Self::Told(..) | Self::TooLarge | Self::Truncated => "error",
            _ => "failure",
        }
    }

    /// Whether the environment's processes have to be ended after it.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Told(..) | Self::TooLarge | Self::Truncated)
    }
}

/// As Go, in which Lambda's own is written, says how a process has ended.
fn said(ending: Ending) -> String {
    match ending {
        Ending::Exited(0) => "without providing a reason".into(),
        Ending::Exited(code) => format!("with error: exit status {code}"),
        Ending::Killed(signal) => format!("with error: signal: {}", signal_name(signal)),
    }
}

fn signal_name(signal: i32) -> String {
    match signal {
        libc::SIGHUP => "hangup".into(),
        libc::SIGINT => "interrupt".into(),
        libc::SIGQUIT => "quit".into(),
        libc::SIGILL => "illegal instruction".into(),
        libc::SIGTRAP => "trace/breakpoint trap".into(),
        libc::SIGABRT => "aborted".into(),
        libc::SIGBUS => "bus error".into(),
        libc::SIGFPE => "floating point exception".into(),
        libc::SIGKILL => "killed".into(),
        libc::SIGSEGV => "segmentation fault".into(),
        libc::SIGPIPE => "broken pipe".into(),
        libc::SIGTERM => "terminated".into(),
        libc::SIGSYS => "bad system call".into(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(fault: &Fault) -> String {
        let payload: serde_json::Value = serde_json::from_slice(&fault.payload("r-1")).unwrap();
        payload["errorMessage"].as_str().unwrap().to_owned()
    }

    #[test]
    fn callers_are_told_in_lambdas_words() {
        let exit = Fault::Exit(Ending::Exited(1));
        assert_eq!(message(&exit), "RequestId: r-1 Error: Runtime exited with error: exit status 1");
        assert_eq!(message(&Fault::Exit(Ending::Killed(9))), "RequestId: r-1 Error: Runtime exited with error: signal: killed");
        assert_eq!(message(&Fault::Exit(Ending::Exited(0))), "RequestId: r-1 Error: Runtime exited without providing a reason");
        let late = Fault::TimedOut(Duration::from_secs(3));
        assert_eq!(message(&late), "RequestId: r-1 Error: Task timed out after 3.00 seconds");
        assert_eq!(late.lines("r-1", Timestamp(0)), ["1970-01-01T00:00:00.000Z r-1 Task timed out after 3.00 seconds"]);
        assert_eq!(message(&Fault::TooLarge), "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
    }

    #[test]
    fn what_the_handler_says_goes_on_as_it_is() {
        let told = Fault::Told("KeyError".into(), "{\"a\":1}".into());
        assert_eq!((told.payload("r"), told.kind(), told.is_fatal()), (Bytes::from("{\"a\":1}"), "KeyError", false));
    }
}
