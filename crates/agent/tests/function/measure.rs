//! How long starts and invocations take. Not a test: `cargo nextest run -p agent --run-ignored only measure`.

use crate::lab::Lab;
use serde_json::json;
use std::time::{Duration, Instant};

/// A runtime that takes no time to begin.
const SHELL: &str = "#!/bin/bash\nwhile true; do\nexec 3<>/dev/tcp/127.0.0.1/9001\n\
    printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3\n\
    while read -r line <&3; do line=${line%$'\\r'}; [ -z \"$line\" ] && break\n\
    case $line in lambda-runtime-aws-request-id:*) id=${line#*: };; content-length:*) length=${line#*: };; esac; done\n\
    read -r -N $length event <&3\n\
    printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %s\\r\\n\\r\\n%s' $id $length \"$event\" >&3\n\
    read -r line <&3\nexec 3>&-\ndone\n";

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
#[ignore = "a measurement"]
async fn measure_starts_and_invocations() {
    let python = ("app.py", "def handler(event, context): return event\n");
    let shell = ("bootstrap", SHELL);
    for (runtime, file) in [("python3.11", python), ("provided.al2023", shell)] {
        let (mut cold, mut first) = (Vec::new(), Vec::new());
        let (lab, environment) = Lab::with(runtime, "app.handler", &[file]).await;
        lab.host().0.warm_up().await;
        for _ in 0..20 {
            let one = agent_proto::function::Environment { id: lab.env.hex(32), ..environment.clone() };
            let begin = Instant::now();
            let init = lab.start(&one).await.unwrap();
            cold.push(begin.elapsed());
            lab.answer(&one, json!(1)).await;
            first.push(begin.elapsed());
            println!("start {:?}, init {init:?}, answered {:?}", cold.last().unwrap(), first.last().unwrap());
            lab.host_stop(&one).await;
            lab.host().0.warm_up().await;
        }
        let mut warm = Vec::new();
        for _ in 0..1000 {
            let begin = Instant::now();
            lab.answer(&environment, json!(1)).await;
            warm.push(begin.elapsed());
        }
        println!("{runtime}: start {:?}, to first answer {:?}, warm {:?}", median(cold), median(first), median(warm));
        lab.leave().await;
    }
}
