//! `hillfog edge`, the hidden command by which the server starts the edge.

use crate::{
    networks::Networks,
    process::{self, Config, StartError},
};
use model::Env;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

/// Runs `edge --runtime DIR --data DIR [--loopback DNS-PORT]` and returns when the edge has ended. `args` are those after `edge`.
///
/// The edge leaves the session of whoever started it, so that it stays when that one's terminal goes. With `--loopback` every VPC is
/// the host's own network: for tests without privileges.
pub fn main(args: impl IntoIterator<Item = impl Into<OsString>>) -> ExitCode {
    let config = match parse(args.into_iter().map(Into::into)) {
        Ok(config) => config,
        Err(problem) => return failed(&problem),
    };
    // It fails only for who leads a session already, which is as good.
    let _ = nix::unistd::setsid();
    let _ = tracing_subscriber::fmt().with_env_filter(filter()).with_ansi(false).with_writer(std::io::stderr).try_init();
    allow_many_sockets();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    match runtime.block_on(process::run(config, Env::system(), terminated())) {
        Ok(()) | Err(StartError::Running(_)) => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string()),
    }
}

/// The limit that a process begins with is for interactive use. Where it can't be raised it stays.
fn allow_many_sockets() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

fn failed(problem: &str) -> ExitCode {
    eprintln!("hillfog edge: {problem}");
    ExitCode::FAILURE
}

fn filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_env("HILLFOG_LOG").unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"))
}

async fn terminated() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}

fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Config, String> {
    let (mut runtime, mut data, mut networks) = (None, None, None);
    let mut args = args.into_iter();
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{} needs a value", name.display()));
        match name.to_str() {
            Some("--runtime") => runtime = Some(PathBuf::from(value()?)),
            Some("--data") => data = Some(PathBuf::from(value()?)),
            Some("--loopback") => networks = Some(Networks::Loopback { dns_port: port(&value()?)? }),
            _ => return Err(format!("unknown argument {}", name.display())),
        }
    }
    let runtime = runtime.ok_or("--runtime is missing")?;
    let networks = networks.unwrap_or_else(|| Networks::Namespaces(runtime.join("netns")));
    Ok(Config { data: data.ok_or("--data is missing")?, runtime, networks })
}

fn port(text: &OsString) -> Result<u16, String> {
    text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("{} is no port", text.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Config, String> {
        parse(args.iter().map(OsString::from))
    }

    #[test]
    fn arguments() {
        let config = parsed(&["--runtime", "/r", "--data", "/d"]).unwrap();
        assert!(matches!(config.networks, Networks::Namespaces(folder) if folder == std::path::Path::new("/r/netns")));
        let config = parsed(&["--data", "/d", "--loopback", "5353", "--runtime", "/r"]).unwrap();
        assert!(matches!(config.networks, Networks::Loopback { dns_port: 5353 }));
        for wrong in [&["--runtime", "/r"][..], &["--data"], &["--what"], &["--runtime", "/r", "--data", "/d", "--loopback", "x"]]
        {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
