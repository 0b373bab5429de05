//! The environment variables of a function's processes (Lambda developer guide, "Defined runtime environment variables"). Pure.

use super::{
    ENDPOINT,
    job::{Job, Program},
};
use std::collections::BTreeMap;

/// By name.
pub type Variables = BTreeMap<String, String>;

/// Where the Runtime API is.
pub const RUNTIME_API: &str = "127.0.0.1:9001";

/// The variables of the runtime, or of an extension.
pub fn of(job: &Job, runtime: bool) -> Variables {
    let mut all = image(&job.program);
    all.extend(general(job));
    all.extend(job.environment.variables.clone());
    all.extend(reserved(job));
    if runtime {
        all.extend(runtimes_own(job));
    }
    all
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Variables {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What an image says.
fn image(program: &Program) -> Variables {
    let Program::Command { variables, .. } = program else { return Variables::new() };
    variables.iter().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What the function's owner may set otherwise. An image has its own paths.
fn general(job: &Job) -> Variables {
    let mut all = pairs([("LANG", "en_US.UTF-8"), ("TZ", ":UTC"), ("AWS_ENDPOINT_URL", ENDPOINT)]);
    if job.environment.runtime.is_some() {
        all.extend(pairs([
            ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
            ("LD_LIBRARY_PATH", "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"),
        ]));
    }
    match family(job) {
        "nodejs" => all.extend([("NODE_PATH".to_owned(), node_path(job))]),
        "python" => all.extend(pairs([("PYTHONPATH", "/var/runtime")])),
        "ruby" => all.extend(pairs([("GEM_PATH", "/opt/ruby/gems:/var/runtime"), ("RUBYLIB", "/opt/ruby/lib:/var/runtime")])),
        _ => {}
    }
    all
}

/// `python` of `python3.12`.
fn family(job: &Job) -> &str {
    let runtime = job.environment.runtime.as_deref().unwrap_or_default();
    runtime.split(|c: char| c.is_ascii_digit() || c == '.').next().unwrap_or_default()
}

fn node_path(job: &Job) -> String {
    let version: String = job.environment.runtime.iter().flat_map(|name| name.chars()).filter(char::is_ascii_digit).collect();
    format!("/opt/nodejs/node{version}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task")
}

/// What nobody sets but Lambda.
fn reserved(job: &Job) -> Variables {
    let environment = &job.environment;
    let initialization = if environment.provisioned { "provisioned-concurrency" } else { "on-demand" };
    let memory = environment.memory_mib.to_string();
    let mut all = pairs([
        ("AWS_ACCESS_KEY_ID", &environment.credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &environment.credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", &environment.credentials.token),
        ("AWS_REGION", &environment.region),
        ("AWS_DEFAULT_REGION", &environment.region),
        ("AWS_LAMBDA_FUNCTION_NAME", &environment.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &environment.version),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", initialization),
        ("AWS_LAMBDA_RUNTIME_API", RUNTIME_API),
    ]);
    if environment.log.json {
        all.extend(pairs([("AWS_LAMBDA_LOG_FORMAT", "JSON")]));
        all.extend(environment.log.application_level.iter().map(|level| ("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.clone())));
    } else {
        all.extend(pairs([("AWS_LAMBDA_LOG_FORMAT", "Text")]));
    }
    all
}

/// What extensions don't have.
fn runtimes_own(job: &Job) -> Variables {
    let environment = &job.environment;
    let mut all = pairs([
        ("AWS_LAMBDA_LOG_GROUP_NAME", environment.log.group.as_str()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", environment.log.stream.as_str()),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ]);
    all.extend(environment.handler.iter().map(|handler| ("_HANDLER".to_owned(), handler.clone())));
    let known = environment.runtime.iter().filter(|name| !name.starts_with("provided"));
    all.extend(known.map(|name| ("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{name}"))));
    all
}
