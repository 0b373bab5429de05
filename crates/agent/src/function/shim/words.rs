//! The lines that Lambda itself writes to a function's log, as text and as JSON (Lambda developer guide, "Lambda telemetry API Event schema
//! reference" and "JSON and plain text log formats"). Pure.

use agent_proto::function::Report;
use model::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// Something that has happened to an environment.
#[derive(Clone, Debug, PartialEq)]
pub enum Platform {
    /// `INIT_START`.
    InitStart {
        /// Such as `python:3.12.1`.
        version: String,
        /// The function.
        function: String,
        /// Its version.
        function_version: String,
        /// `on-demand` or `provisioned-concurrency`.
        kind: &'static str,
        /// `init`, or `invoke` when it had to be done again.
        phase: &'static str,
    },
    /// The runtime has been initialized, or has failed to be.
    InitDone {
        /// As in [`Platform::InitStart`].
        kind: &'static str,
        /// As in [`Platform::InitStart`].
        phase: &'static str,
        /// How it failed: status and error type.
        failed: Option<(&'static str, String)>,
    },
    /// `START`.
    Start {
        /// The request.
        request: String,
        /// The function's version.
        version: String,
    },
    /// The initialization is over, that of the extensions too.
    InitReport {
        /// As in [`Platform::InitStart`].
        kind: &'static str,
        /// As in [`Platform::InitStart`].
        phase: &'static str,
        /// What it took.
        took: Duration,
        /// How it failed: status and error type.
        failed: Option<(&'static str, String)>,
    },
    /// The runtime has answered, or has failed to.
    RuntimeDone {
        /// The request.
        request: String,
        /// What it took.
        took: Duration,
        /// What it has answered.
        answered: Answered,
        /// How it failed: status and error type.
        failed: Option<(&'static str, String)>,
    },
    /// `END` and `REPORT`.
    Report {
        /// The request.
        request: String,
        /// What it took.
        report: Report,
        /// What was given.
        memory_mib: u32,
        /// How it failed: status and error type.
        failed: Option<(&'static str, String)>,
    },
    /// An extension is there.
    Extension {
        /// Its name.
        name: String,
        /// Its events.
        events: Vec<&'static str>,
    },
    /// Somebody listens.
    Subscription {
        /// Who.
        name: String,
        /// To what.
        types: Vec<String>,
    },
    /// Lines that there was no room for.
    Dropped {
        /// How many.
        lines: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// Something that people should know.
    Notice(String),
}

/// What a runtime has answered, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Answered {
    /// Its size.
    pub bytes: u64,
    /// When the invocation began.
    pub begin: Timestamp,
    /// After what time the answer began to come, and for how long it came; none, if there was no answer.
    pub came: Option<(Duration, Duration)>,
}

impl Answered {
    fn spans(&self) -> Value {
        let Some((latency, duration)) = self.came else { return json!([]) };
        let span = |name: &str, start: Timestamp, took: Duration| json!({"name": name, "start": time(start), "durationMs": number(took)});
        json!([span("responseLatency", self.begin, latency), span("responseDuration", self.begin + latency, duration)])
    }
}

/// How much something matters (Lambda developer guide, "Log-level filtering").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `TRACE`
    Trace,
    /// `DEBUG`
    Debug,
    /// `INFO`
    Info,
    /// `WARN`
    Warn,
    /// `ERROR`
    Error,
    /// `FATAL`
    Fatal,
}

impl Level {
    /// The level of that name, in any case. Python's names of two of them are others.
    pub fn read(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" | "WARNING" => Self::Warn,
            "ERROR" => Self::Error,
            "FATAL" | "CRITICAL" => Self::Fatal,
            _ => return None,
        })
    }

    /// Whether a line of a function is one that matters that much. An object without a level that is known is information; what isn't an
    /// object has none, and always matters.
    pub fn covers(self, line: &[u8]) -> bool {
        let Ok(Value::Object(line)) = serde_json::from_slice(line) else { return true };
        let level = line.get("level").and_then(Value::as_str).and_then(Self::read);
        level.unwrap_or(Self::Info) >= self
    }
}

impl Platform {
    /// The lines of a log in text form.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::InitStart { version, phase: "init", .. } => vec![format!("INIT_START Runtime Version: {version}\t")],
            Self::InitReport { took, phase, failed: Some((status, kind)), .. } => {
                vec![format!(
                    "INIT_REPORT Init Duration: {} ms\tPhase: {phase}\tStatus: {status}\tError Type: {kind}",
                    millis(*took)
                )]
            }
            Self::Start { request, version } => vec![format!("START RequestId: {request} Version: {version}")],
            Self::Report { request, report, memory_mib, failed } => {
                vec![format!("END RequestId: {request}"), report_line(request, report, *memory_mib, failed.as_ref())]
            }
            Self::Extension { name, events } => {
                vec![format!("EXTENSION\tName: {name}\tState: Ready\tEvents: [{}]", events.join(", "))]
            }
            Self::Subscription { name, types } => {
                vec![format!("TELEMETRY\tName: {name}\tState: Subscribed\tTypes: [{}]", types.join(", "))]
            }
            Self::Notice(text) => vec![text.clone()],
            Self::InitStart { .. }
            | Self::InitDone { .. }
            | Self::InitReport { .. }
            | Self::RuntimeDone { .. }
            | Self::Dropped { .. } => Vec::new(),
        }
    }

    /// Whether a log in JSON form has it where `level` is what the system's logs are limited to (Lambda developer guide, "System log level
    /// event mapping").
    pub fn is_shown(&self, level: Option<&str>) -> bool {
        self.level() >= level.and_then(Level::read).unwrap_or(Level::Info)
    }

    fn level(&self) -> Level {
        match self {
            Self::InitDone { failed: Some(_), .. }
            | Self::InitReport { failed: Some(_), .. }
            | Self::RuntimeDone { failed: Some(_), .. }
            | Self::Report { failed: Some(_), .. }
            | Self::Dropped { .. } => Level::Warn,
            Self::InitDone { .. } | Self::InitReport { kind: "on-demand", .. } | Self::RuntimeDone { .. } => Level::Debug,
            Self::InitStart { .. }
            | Self::InitReport { .. }
            | Self::Start { .. }
            | Self::Report { .. }
            | Self::Extension { .. }
            | Self::Subscription { .. }
            | Self::Notice(_) => Level::Info,
        }
    }

    /// The type of its event; none of what isn't Lambda's.
    pub fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Self::InitStart { .. } => "platform.initStart",
            Self::InitDone { .. } => "platform.initRuntimeDone",
            Self::InitReport { .. } => "platform.initReport",
            Self::Start { .. } => "platform.start",
            Self::RuntimeDone { .. } => "platform.runtimeDone",
            Self::Report { .. } => "platform.report",
            Self::Extension { .. } => "platform.extension",
            Self::Subscription { .. } => "platform.telemetrySubscription",
            Self::Dropped { .. } => "platform.logsDropped",
            Self::Notice(_) => return None,
        })
    }

    /// Its event, as telemetry and logs in JSON form have it. What isn't Lambda's is a line of a log.
    pub fn event(&self, now: Timestamp) -> Value {
        match (self, self.kind()) {
            (Self::Notice(text), _) => json!({"timestamp": time(now), "level": "INFO", "message": text}),
            (_, kind) => json!({"time": time(now), "type": kind, "record": self.record()}),
        }
    }

    fn record(&self) -> Value {
        match self {
            Self::InitStart { version, function, function_version, kind, phase } => json!({
                "initializationType": kind, "phase": phase, "runtimeVersion": version, "functionName": function, "functionVersion": function_version,
            }),
            Self::InitDone { kind, phase, failed, .. } => {
                with_failure(json!({"initializationType": kind, "phase": phase}), failed.as_ref())
            }
            Self::InitReport { kind, phase, took, failed } => {
                let metrics = json!({"durationMs": number(*took)});
                with_failure(json!({"initializationType": kind, "phase": phase, "metrics": metrics}), failed.as_ref())
            }
            Self::Start { request, version } => json!({"requestId": request, "version": version}),
            Self::RuntimeDone { request, took, answered, failed } => {
                let metrics = json!({"durationMs": number(*took), "producedBytes": answered.bytes});
                with_failure(json!({"requestId": request, "metrics": metrics, "spans": answered.spans()}), failed.as_ref())
            }
            Self::Report { request, report, memory_mib, failed } => {
                let mut metrics = json!({
                    "durationMs": number(report.duration), "billedDurationMs": report.billed.as_millis() as u64,
                    "memorySizeMB": memory_mib, "maxMemoryUsedMB": report.memory_used_mib,
                });
                if let Some(init) = report.init {
                    metrics["initDurationMs"] = number(init).into();
                }
                with_failure(json!({"requestId": request, "metrics": metrics}), failed.as_ref())
            }
            Self::Extension { name, events } => json!({"name": name, "state": "Ready", "events": events}),
            Self::Subscription { name, types } => json!({"name": name, "state": "Subscribed", "types": types}),
            Self::Dropped { lines, bytes } => {
                json!({"droppedRecords": lines, "droppedBytes": bytes, "reason": "the log could not be kept"})
            }
            Self::Notice(_) => Value::Null,
        }
    }
}

fn with_failure(mut record: Value, failed: Option<&(&'static str, String)>) -> Value {
    record["status"] = failed.map_or("success", |(status, _)| status).into();
    if let Some((_, kind)) = failed {
        record["errorType"] = kind.as_str().into();
    }
    record
}

fn report_line(request: &str, report: &Report, memory_mib: u32, failed: Option<&(&'static str, String)>) -> String {
    let mut line = format!(
        "REPORT RequestId: {request}\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {memory_mib} MB\tMax Memory Used: {} MB\t",
        millis(report.duration),
        report.billed.as_millis(),
        report.memory_used_mib,
    );
    if let Some(init) = report.init {
        line += &format!("Init Duration: {} ms\t", millis(init));
    }
    if let Some((status, kind)) = failed {
        line += &format!("Status: {status}\tError Type: {kind}");
    }
    line
}

/// Milliseconds with two digits.
fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

/// Milliseconds with three digits, as a number.
fn number(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// A moment in RFC 3339, with milliseconds.
pub fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// What is billed: the time of the initialization, where the environment was started for the invocation, and of the handler, in whole
/// milliseconds.
pub fn billed(duration: Duration, init: Option<Duration>) -> Duration {
    let micros = duration.as_micros() + init.unwrap_or_default().as_micros();
    Duration::from_millis(micros.div_ceil(1000).max(1) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(init: Option<Duration>) -> Report {
        let duration = Duration::from_micros(1234);
        Report { duration, billed: billed(duration, init), memory_used_mib: 36, init }
    }

    #[test]
    fn reports_are_lambdas() {
        let init = Some(Duration::from_micros(100_120));
        let first = Platform::Report { request: "r".into(), report: report(init), memory_mib: 128, failed: None };
        assert_eq!(
            first.lines(),
            [
                "END RequestId: r",
                "REPORT RequestId: r\tDuration: 1.23 ms\tBilled Duration: 102 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 100.12 ms\t"
            ]
        );
        let event = first.event(Timestamp(0));
        assert_eq!(event["record"]["metrics"]["initDurationMs"], 100.12);
        assert_eq!(event["record"]["status"], "success");
        let late = Platform::Report {
            request: "r".into(),
            report: report(None),
            memory_mib: 128,
            failed: Some(("timeout", "Sandbox.Timedout".into())),
        };
        assert!(late.lines()[1].ends_with("Max Memory Used: 36 MB\tStatus: timeout\tError Type: Sandbox.Timedout"));
    }

    #[test]
    fn levels_choose_what_is_shown() {
        let start = Platform::Start { request: "r".into(), version: "1".into() };
        assert!(start.is_shown(None) && start.is_shown(Some("DEBUG")) && !start.is_shown(Some("WARN")));
        let done =
            |failed| Platform::RuntimeDone { request: "r".into(), took: Duration::ZERO, answered: Answered::default(), failed };
        assert!(!done(None).is_shown(None) && done(None).is_shown(Some("DEBUG")));
        assert!(done(Some(("timeout", "Sandbox.Timedout".into()))).is_shown(Some("WARN")));
        let init = |kind| Platform::InitReport { kind, phase: "init", took: Duration::ZERO, failed: None };
        assert!(!init("on-demand").is_shown(None) && init("provisioned-concurrency").is_shown(None));
        let subscribed = Platform::Subscription { name: "x".into(), types: Vec::new() };
        assert!(subscribed.is_shown(None) && !subscribed.is_shown(Some("WARN")));
    }

    #[test]
    fn lines_of_functions_have_levels() {
        for (line, matters) in [
            (r#"{"level": "error", "x": 1}"#, true),
            (r#"{"level": "WARNING"}"#, true),
            (r#"{"level": "info"}"#, false),
            (r#"{"message": "no level"}"#, false),
            (r#"{"level": "strange"}"#, false),
            ("plain text", true),
            (r#""level""#, true),
        ] {
            assert_eq!(Level::Warn.covers(line.as_bytes()), matters, "{line}");
        }
    }

    #[test]
    fn an_answer_says_when_it_came() {
        let came = Some((Duration::from_millis(7), Duration::from_micros(1500)));
        let done = Platform::RuntimeDone {
            request: "r".into(),
            took: Duration::from_millis(9),
            answered: Answered { bytes: 3, begin: Timestamp(1000), came },
            failed: None,
        };
        let event = done.event(Timestamp(2000));
        assert_eq!(event["record"]["metrics"], json!({"durationMs": 9.0, "producedBytes": 3}));
        assert_eq!(
            event["record"]["spans"],
            json!([
                {"name": "responseLatency", "start": "1970-01-01T00:00:01.000Z", "durationMs": 7.0},
                {"name": "responseDuration", "start": "1970-01-01T00:00:01.007Z", "durationMs": 1.5},
            ])
        );
        assert_eq!(Platform::Notice("an older Python".into()).kind(), None);
    }
}
