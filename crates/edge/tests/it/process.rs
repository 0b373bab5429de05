//! The edge as a process: it outlives who started it, and is found again.

use crate::support::*;
use agent_proto::edge::Edge;
use edge::Link;
use model::Env;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// The names of the variable and the test by which this test program is made to be an edge.
const ARGUMENTS: &str = "HILLFOG_TEST_EDGE_ARGUMENTS";

/// Not a test: it is what [`program`] runs.
#[test]
#[ignore = "it is an edge, not a test"]
fn an_edge() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    let _ = edge::main(arguments.split_whitespace().skip(1));
}

/// A program that is an edge, as `hillfog edge` is.
fn program(folder: &Path) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let script = folder.join("hillfog");
    let text = format!("#!/bin/sh\n{ARGUMENTS}=\"$*\" exec {} --exact process::an_edge --ignored --nocapture\n", this.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

fn pid(folder: &Path) -> Option<i32> {
    fs::read_to_string(folder.join("run/edge.pid")).ok()?.trim().parse().ok()
}

fn alive(pid: i32) -> bool {
    // A zombie has been killed already, and waits for its parent, which is this process.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn it_is_started_found_again_restarted_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = link_config(folder.path(), &program(folder.path()));
    config.args = vec!["--loopback".into(), free_port().to_string().into()];
    let mut table = table(vec![]);
    table.listener().rules[0].action = fixed("here");

    let link = Link::start(config.clone(), Env::system());
    link.apply(table.clone()).await.unwrap();
    assert_eq!(body(&get(table.at(), "a", "/").await), "here");
    let first = pid(folder.path()).unwrap();

    // The server is gone; the edge is not, and the next server finds it.
    drop(link);
    assert_eq!(body(&get(table.at(), "a", "/").await), "here");
    let link = Link::start(config.clone(), Env::system());
    table.listener().rules[0].action = fixed("there");
    link.apply(table.clone()).await.unwrap();
    assert_eq!(body(&get(table.at(), "a", "/").await), "there");
    assert_eq!(pid(folder.path()), Some(first));

    // The edge is killed; the link starts another, which serves what was served.
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(first), nix::sys::signal::Signal::SIGKILL).unwrap();
    until("another edge is started", || pid(folder.path()).is_some_and(|pid| pid != first && alive(pid))).await;
    assert_eq!(body(&get(table.at(), "a", "/").await), "there");

    let last = pid(folder.path()).unwrap();
    link.shutdown().await.unwrap();
    until("the edge is gone", || !alive(last)).await;
    assert!(!folder.path().join("run/edge.sock").exists());
    Link::shut_down(&config, &Env::system()).await.expect("nobody to end is no error");
}

#[tokio::test]
async fn one_that_is_still_starting_is_the_only_one_and_is_ended_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let edge = program(&path);
    // It says that it was started, and goes on when there is something to read.
    let (starts, gate, slow) = (path.join("starts"), path.join("gate"), path.join("slow"));
    nix::unistd::mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script =
        format!("#!/bin/sh\necho $$ >>{}\nread _ <{}\nexec {} \"$@\"\n", starts.display(), gate.display(), edge.display());
    fs::write(&slow, script).unwrap();
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).unwrap();
    let mut config = link_config(&path, &slow);
    config.args = vec!["--loopback".into(), free_port().to_string().into()];

    // Two servers, the second of which comes when the first one's edge hasn't got anywhere.
    let first = Link::start(config.clone(), Env::system());
    let unheard = async |link: &Link| {
        let waiting = tokio::time::timeout(Duration::from_millis(200), link.apply(table(vec![]))).await;
        assert!(waiting.is_err(), "nobody has acknowledged a table yet");
    };
    unheard(&first).await;
    until("one is started", || starts.exists()).await;
    drop(first);
    unheard(&Link::start(config.clone(), Env::system())).await;
    let env = Env::system();
    let (ended, ()) = tokio::join!(Link::shut_down(&config, &env), async {
        tokio::task::spawn_blocking(move || fs::write(gate, "go\n").unwrap()).await.unwrap();
    });
    ended.unwrap();
    let started: Vec<i32> = fs::read_to_string(starts).unwrap().lines().map(|pid| pid.parse().unwrap()).collect();
    assert!(started.len() == 1 && !alive(started[0]), "{started:?}");
    assert!(!path.join("run/edge.sock").exists());
}

#[tokio::test]
async fn none_is_started_as_long_as_there_is_nothing_to_serve() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = link_config(folder.path(), &program(folder.path()));
    config.args = vec!["--loopback".into(), free_port().to_string().into()];

    let link = Link::start(config, Env::system());
    link.apply(agent_proto::edge::Table::default()).await.expect("nothing is served at once");
    assert_eq!(pid(folder.path()), None);

    link.apply(table(vec![])).await.unwrap();
    let edge = pid(folder.path()).unwrap();
    // One that runs learns that nothing is wanted any more, and stays.
    link.apply(agent_proto::edge::Table::default()).await.unwrap();
    assert!(alive(edge));
    link.shutdown().await.unwrap();
}

#[tokio::test]
async fn it_serves_from_its_own_table_before_any_server_comes() {
    let mut table = table(vec![]);
    table.listener().rules[0].action = fixed("from disk");
    let mut world = World::serving(&table).await;
    world.stop_edge().await;
    // A link to nowhere in the place of the link.
    world.link = Link::start(link_config("/nonexistent".as_ref(), "/nonexistent".as_ref()), Env::system());
    world.start_edge();
    assert_eq!(body(&get(table.at(), "a", "/").await), "from disk");
    world.stop_edge().await;
}

#[tokio::test]
async fn a_second_edge_ends_at_once() {
    let world = World::serving(&table(vec![])).await;
    let config = edge::Config {
        runtime: world.folder.path().join("run"),
        data: world.folder.path().join("data"),
        networks: edge::Networks::Loopback { dns_port: 0 },
    };
    let second = edge::run(config, Env::system(), std::future::pending()).await;
    assert!(matches!(second, Err(edge::StartError::Running(_))), "{second:?}");
}
