//! Environments beside each other: none sees or reaches another, and many start at once.

use crate::lab::Lab;
use agent_proto::function::Environment;
use serde_json::json;

const NETWORK: &str = r#"
import os, socket, threading
listener = socket.create_server(("0.0.0.0", 8080))
def serve():
    while True: listener.accept()[0].sendall(b"reached")
threading.Thread(target=serve, daemon=True).start()
def own():
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect(("192.0.2.1", 9))
    return probe.getsockname()[0]
def handler(event, context):
    if event is None: return own()
    try: return socket.create_connection((event, 8080), 1).recv(10).decode()
    except OSError as error: return type(error).__name__
"#;

#[tokio::test]
async fn environments_do_not_reach_each_other() {
    let (lab, one) = Lab::with("python3.11", "app.handler", &[("app.py", NETWORK)]).await;
    let other = Environment { id: lab.env.hex(32), ..one.clone() };
    lab.start(&other).await.unwrap();
    let addresses = (lab.answer(&one, json!(null)).await, lab.answer(&other, json!(null)).await);
    assert_ne!(addresses.0, addresses.1);
    assert_eq!(lab.answer(&one, addresses.0.clone()).await, "reached", "its own");
    assert_ne!(lab.answer(&one, addresses.1).await, "reached");
    assert_ne!(lab.answer(&other, addresses.0).await, "reached");
    lab.leave().await;
}

#[tokio::test]
async fn many_start_at_once_and_share_nothing() {
    let code = "import os\ndef handler(event, context):\n    path = '/tmp/mine'\n    seen = os.path.exists(path)\n    open(path, 'w').write(event)\n    return [seen, event]\n";
    let (lab, one) = Lab::with("python3.11", "app.handler", &[("app.py", code)]).await;
    let all: Vec<Environment> = (0..12).map(|_| Environment { id: lab.env.hex(32), ..one.clone() }).collect();
    let run = |environment: Environment| {
        let lab = &lab;
        async move {
            lab.start(&environment).await.unwrap();
            assert_eq!(lab.answer(&environment, json!(environment.id)).await, json!([false, environment.id]));
        }
    };
    futures::future::join_all(all.into_iter().map(run)).await;
    lab.leave().await;
}

#[tokio::test]
async fn a_log_in_json_form_has_events() {
    let code = "import logging\ndef handler(event, context):\n    logging.getLogger('own').warning('careful', extra={'colour': 'red'})\n    return 1\n";
    let change = |it: &mut Environment| {
        it.log.json = true;
        it.log.application_level = Some("INFO".into());
    };
    let (lab, environment) = Lab::changed("python3.11", "app.handler", &[("app.py", code)], change).await;
    lab.answer(&environment, json!({})).await;
    let lines = lab.log(&environment);
    let events: Vec<serde_json::Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<_> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(types, ["platform.initStart", "platform.start", "platform.report"]);
    let own = events.iter().find(|event| event["level"] == "WARNING").unwrap();
    assert_eq!(
        (&own["message"], &own["colour"], &own["requestId"]),
        (&json!("careful"), &json!("red"), &events[1]["record"]["requestId"])
    );
    lab.leave().await;
}
