//! The life of environments: frozen in between, found again, ended without a trace.

use crate::lab::Lab;
use agent_proto::function::{FunctionFault, FunctionHost};
use serde_json::json;

impl Lab {
    pub async fn host_stop(&self, environment: &agent_proto::function::Environment) {
        self.host().stop(&environment.id).await.unwrap();
        let gone = self.host().invoke(&environment.id, self.invocation(&json!({}))).await;
        assert!(matches!(gone, Err(FunctionFault::Gone(_))));
    }
}

const COUNT: &str = "count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return count\n";

#[tokio::test]
async fn a_server_that_comes_back_finds_environments_as_they_are() {
    let (mut lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", COUNT)]).await;
    assert_eq!(lab.answer(&environment, json!({})).await, 1);
    lab.open().await;
    let found = lab.host().found().await;
    assert_eq!(found.len(), 1);
    assert!(found[0].environment == environment && !found[0].busy);
    assert_eq!(lab.answer(&environment, json!({})).await, 2, "it is the same process");
    lab.leave().await;
}

#[tokio::test]
async fn nothing_runs_between_invocations() {
    let code = "import threading, time\nticks = 0\ndef tick():\n    global ticks\n    while True:\n        ticks += 1\n        time.sleep(0.01)\n\
                threading.Thread(target=tick, daemon=True).start()\ndef handler(event, context):\n    return ticks\n";
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", code)]).await;
    let before = lab.answer(&environment, json!({})).await.as_u64().unwrap();
    lab.env.sleep(std::time::Duration::from_secs(2)).await;
    let after = lab.answer(&environment, json!({})).await.as_u64().unwrap();
    assert!(after - before < 100, "{before} to {after}: some ticks before it is frozen, and after it goes on");
    lab.leave().await;
}

#[tokio::test]
async fn an_environment_whose_shim_dies_is_said_to_have_ended() {
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", COUNT)]).await;
    let mut ended = lab.host().ended().unwrap();
    let folder = lab.folder.path().to_str().unwrap().to_owned();
    let shims = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|process| std::fs::read_to_string(process.path().join("cmdline")).unwrap_or_default().contains(&folder));
    for shim in shims {
        let pid = shim.file_name().to_string_lossy().parse().unwrap();
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }
    assert_eq!(ended.recv().await.as_ref(), Some(&environment.id));
    lab.leave().await;
}
