//! Where the output of environments goes: a stream of the function's log group for each (Lambda developer guide, "Sending Lambda function logs to
//! CloudWatch Logs").
//!
//! The pump of CloudWatch Logs reads what the host keeps, and remembers how far it has come, so that nothing is lost or doubled however the
//! server ends. What the execution role may not write is read all the same, and thrown away.

use agent_proto::{function::Environment, record::LOCAL_HOST};
use front::{Behalf, Facts};
use model::{
    Arn, Env, Key, Timestamp,
    lambda::Version,
    logs::{LogGroup, LogGroupSpec, LogSource, LogSourceSpec, LogStream, LogStreamSpec, stream_id},
};
use spine::{Read, Snapshot, StoreError, Tx};
use wire::{Fault, Time};

/// What the host calls the output of an environment.
pub const OUTPUT: &str = "function";
/// What the ids of the sources of environments begin with; those of containers begin with their workload's.
const SOURCES: &str = "lambda/";

/// `2026/01/31/[$LATEST]<id>`.
pub fn stream_name(version: &str, id: &str, now: Timestamp) -> String {
    let day = Time(now.0).to_the_second();
    format!("{}/[{version}]{id}", day[..10].replace('-', "/"))
}

/// The source of an environment's output.
pub fn source(version: &Key<Version>, id: &str) -> Key<LogSource> {
    Key::new(&version.account, &version.region, format!("{SOURCES}{id}"))
}

/// The environment whose output it is, if it is one's.
pub fn environment_of(source: &Key<LogSource>) -> Option<&str> {
    source.id.strip_prefix(SOURCES)
}

/// Whether the role may write to the stream, and make what isn't there of it.
pub fn may_write(
    snapshot: &Snapshot,
    version: &Key<Version>,
    environment: &Environment,
    role: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let group = &environment.log.group;
    let arn =
        |stream: &str| Arn::new("logs", &version.region, &version.account, format!("log-group:{group}:log-stream:{stream}"));
    let (group_arn, stream_arn) = (arn(""), arn(&environment.log.stream));
    let there = snapshot.exists(&Key::<LogGroup>::new(&version.account, &version.region, group.clone()))?;
    let makes_group = (!there).then_some(("logs:CreateLogGroup", &group_arn));
    let needs = makes_group.into_iter().chain([("logs:CreateLogStream", &stream_arn), ("logs:PutLogEvents", &stream_arn)]);
    let behalf = Behalf { account: &version.account, role, session: &environment.name, region: version.region.as_str() };
    for (action, resource) in needs {
        if behalf.may(snapshot, now, action, (Some(resource), &Facts::default()))?.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Has an environment's output read from now on; into its stream, which is made with its group, if the role `may` write there. It may be done
/// again.
pub fn open(tx: &mut Tx, env: &Env, version: &Key<Version>, environment: &Environment, may: bool) -> Result<(), StoreError> {
    let (account, region, log) = (&version.account, &version.region, &environment.log);
    let source = source(version, &environment.id);
    if tx.exists(&source)? {
        return Ok(());
    }
    if may {
        let group = Key::<LogGroup>::new(account, region, log.group.clone());
        if !tx.exists(&group)? {
            tx.create(&group, &new_group(env))?;
        }
        let stream = Key::<LogStream>::new(account, region, stream_id(&log.group, &log.stream));
        if !tx.exists(&stream)? {
            tx.create(&stream, &LogStreamSpec { uid: env.hex(32), created: env.now() })?;
        }
    }
    let spec = LogSourceSpec {
        host: LOCAL_HOST.into(),
        workload: environment.id.clone(),
        container: OUTPUT.into(),
        group: log.group.clone(),
        stream: log.stream.clone(),
    };
    tx.create(&source, &spec)
}

fn new_group(env: &Env) -> LogGroupSpec {
    LogGroupSpec {
        uid: env.hex(32),
        created: env.now(),
        retention_days: None,
        deletion_protected: false,
        tags: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_by_day_and_version() {
        let now = Timestamp(1_767_225_600_000);
        assert_eq!(stream_name("$LATEST", "0f", now), "2026/01/01/[$LATEST]0f");
    }
}
