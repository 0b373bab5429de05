//! Functions that are container images: they bring what asks for invocations.

use crate::{lab::Lab, support::workload};
use agent_proto::function::{Code, Environment};
use serde_json::json;

/// A runtime in shell.
const RUNTIME: &str = r#"
api=http://127.0.0.1:9001/2018-06-01/runtime/invocation
while true; do
  event=$(wget -S -q -O - $api/next 2>/tmp/head)
  id=$(sed -n 's/.*lambda-runtime-aws-request-id: *//Ip' /tmp/head | tr -d '\r')
  touch /own 2>/dev/null && written=true || written=false
  wget -q -O /dev/null --post-data "{\"event\": $event, \"folder\": \"$PWD\", \"said\": \"$SAID\", \"argument\": \"$0\", \"written\": $written, \"uid\": $(id -u)}" $api/$id/response
done
"#;

#[tokio::test]
async fn an_image_brings_its_own_runtime() {
    if !workload::can_run("an_image_brings_its_own_runtime") {
        return;
    }
    let mut lab = Lab::new();
    let config = json!({"Entrypoint": ["sh", "-c", RUNTIME], "Cmd": ["from-image"], "Env": ["PATH=/bin", "SAID=by the image"], "WorkingDir": "/bin"});
    let digest = lab.image(config);
    let zip = lab.zip(&[("unused", "")]);
    let code = |command: Option<Vec<String>>| Code::Image {
        reference: "work:latest".into(),
        namespace: "ecr/x".into(),
        digest: digest.clone(),
        entry_point: None,
        command,
        working_directory: None,
    };
    let plain = Environment { runtime: None, handler: None, code: code(None), ..lab.environment("provided", "", zip) };
    lab.open().await;
    for (command, argument) in [(None, "from-image"), (Some(vec!["from-config".to_owned()]), "from-config")] {
        let environment = Environment { id: lab.env.hex(32), code: code(command), ..plain.clone() };
        lab.start(&environment).await.unwrap();
        let answer = lab.answer(&environment, json!(7)).await;
        let expected =
            json!({"event": 7, "folder": "/bin", "said": "by the image", "argument": argument, "written": false, "uid": 993});
        assert_eq!(answer, expected);
    }
    lab.leave().await;
}
