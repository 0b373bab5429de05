//! How long starts and invocations take. Not a test: `cargo nextest run -p agent --run-ignored only measure`.

use crate::lab::Lab;
use serde_json::json;
use std::time::{Duration, Instant};

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
#[ignore = "a measurement"]
async fn measure_starts_and_invocations() {
    for (runtime, code) in [("python3.11", "def handler(event, context): return event\n")] {
        let (mut cold, mut first) = (Vec::new(), Vec::new());
        let (lab, environment) = Lab::with(runtime, "app.handler", &[("app.py", code)]).await;
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
