//! The APIs as a runtime of one's own sees them: `provided` with a bootstrap that speaks bare HTTP and does what it shouldn't.

use crate::lab::Lab;
use agent_proto::function::{Answer, Environment, Piece};
use logic::arrival::{Arrival, PREFIX};
use serde_json::json;
use std::time::Duration;

/// What bootstraps begin with. (The host has Python at `/usr/bin`; `provided` means that the function brings what it likes.)
const BEGIN: &str = r#"#!/usr/bin/python3 -S
import http.client, json, os, socket, sys, time
def ask(method, path, body=None, headers={}, api="2018-06-01/runtime"):
    connection = http.client.HTTPConnection("127.0.0.1", 9001)
    connection.request(method, "/%s/%s" % (api, path), body, headers)
    answer = connection.getresponse()
    return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
def next():
    status, headers, body = ask("GET", "invocation/next")
    return headers.get("lambda-runtime-aws-request-id"), headers, json.loads(body)
def respond(id, body, headers={}): return ask("POST", "invocation/%s/response" % id, json.dumps(body), headers)
"#;

async fn provided(rest: &str) -> (Lab, Environment) {
    let bootstrap = format!("{BEGIN}{rest}");
    Lab::changed("provided.al2023", "any", &[("bootstrap", &bootstrap)], |it| it.timeout = Duration::from_secs(15)).await
}

#[tokio::test]
async fn a_bootstrap_of_ones_own_is_given_events() {
    let (lab, environment) = provided(
        "while True:\n    id, headers, event = next()\n    respond(id, {'event': event, 'arn': headers['lambda-runtime-invoked-function-arn'], 'handler': os.environ['_HANDLER'], 'mode': os.environ.get('AWS_EXECUTION_ENV')})\n",
    )
    .await;
    let answer = lab.answer(&environment, json!([1])).await;
    assert_eq!(answer, json!({"event": [1], "arn": environment.arn, "handler": "any", "mode": null}));
    lab.leave().await;
}

#[tokio::test]
async fn what_may_not_be_said_is_refused_as_documented() {
    let (lab, environment) = provided(
        "seen = []\ndef note(answer): seen.append([answer[0], json.loads(answer[2])['errorType']])\n\
         note(respond('early', 1))\n\
         id, _, _ = next()\nnote(respond('another', 1))\nrespond(id, 'first')\nnote(respond(id, 'twice'))\n\
         note(ask('POST', 'init/error', '{}'))\n\
         raw = socket.create_connection(('127.0.0.1', 9001))\nraw.sendall(b'\\x00\\xffgarbage\\r\\n\\r\\n' * 10)\nraw.close()\n\
         seen.append(ask('GET', 'nonsense')[0])\n\
         while True:\n    id, _, _ = next()\n    respond(id, seen)\n",
    )
    .await;
    assert_eq!(lab.answer(&environment, json!({})).await, "first");
    let invalid = json!([403, "InvalidStateTransition"]);
    let seen = lab.answer(&environment, json!({})).await;
    assert_eq!(seen, json!([invalid, [400, "InvalidRequestID"], invalid, invalid, 404]));
    lab.leave().await;
}

#[tokio::test]
async fn a_runtime_that_closes_its_answer_in_the_middle_has_failed() {
    let (lab, environment) = provided(
        "while True:\n    id, _, event = next()\n    if event == 'good':\n        respond(id, event)\n        continue\n\
        \x20   raw = socket.create_connection(('127.0.0.1', 9001))\n\
        \x20   raw.sendall(('POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100\\r\\n\\r\\nhalf' % id).encode())\n\
        \x20   raw.close()\n    time.sleep(0.2)\n",
    )
    .await;
    let (kind, _) = lab.failure(&environment, json!("bad")).await;
    assert_eq!(kind, "Runtime.TruncatedResponse");
    assert_eq!(lab.answer(&environment, json!("good")).await, "good");
    lab.leave().await;
}

#[tokio::test]
async fn an_answer_after_the_time_out_is_nobodys() {
    // The answer is left to a process of another session, which would give it while the next invocation runs.
    let bootstrap = format!(
        "{BEGIN}import subprocess\nwhile True:\n    id, _, event = next()\n    if event == 'late':\n\
        \x20       subprocess.Popen(['/usr/bin/python3', '-S', '-c', 'import http.client, time; time.sleep(5); http.client.HTTPConnection(\"127.0.0.1\", 9001).request(\"POST\", \"/2018-06-01/runtime/invocation/%s/response\", \"1\")' % id], start_new_session=True)\n\
        \x20       time.sleep(1000)\n\
        \x20   time.sleep(event)\n    respond(id, event)\n"
    );
    let files = [("bootstrap", bootstrap.as_str())];
    let (lab, environment) = Lab::changed("provided.al2023", "any", &files, |it| it.timeout = Duration::from_secs(4)).await;
    let (kind, _) = lab.failure(&environment, json!("late")).await;
    assert_eq!(kind, "Sandbox.Timedout");
    for _ in 0..3 {
        assert_eq!(lab.answer(&environment, json!(0.6)).await, 0.6, "over the time at which the late answer would come");
    }
    lab.leave().await;
}

#[tokio::test]
async fn a_function_without_a_bootstrap_is_told_so() {
    let (lab, environment) = Lab::with("provided.al2", "any", &[("other", "")]).await;
    let (kind, error) = lab.failure(&environment, json!({})).await;
    assert_eq!(kind, "Runtime.InvalidEntrypoint");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Couldn't find valid bootstrap(s): [/var/runtime/bootstrap /var/task/bootstrap /opt/bootstrap]"),
        "{message}"
    );
    lab.leave().await;
}

#[tokio::test]
async fn answers_are_streamed_where_that_is_wanted() {
    let (lab, environment) = provided(
        "while True:\n    id, _, event = next()\n    raw = socket.create_connection(('127.0.0.1', 9001))\n\
        \x20   raw.sendall(('POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: text/x\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\nTransfer-Encoding: chunked\\r\\nTrailer: Lambda-Runtime-Function-Error-Type\\r\\n\\r\\n3\\r\\none\\r\\n' % id).encode())\n\
        \x20   time.sleep(0.2)\n    raw.sendall(b'3\\r\\ntwo\\r\\n0\\r\\n' + (b'Lambda-Runtime-Function-Error-Type: Own.Error\\r\\n' if event == 'bad' else b'') + b'\\r\\n')\n\
        \x20   raw.recv(1000)\n    raw.close()\n",
    )
    .await;
    for (event, last) in [("good", None), ("bad", Some("Own.Error"))] {
        let invocation = agent_proto::function::Invocation { streams: true, ..lab.invocation(&json!(event)) };
        let invoked = agent_proto::function::FunctionHost::invoke(lab.host(), &environment.id, invocation).await.unwrap();
        let Answer::Pieces { content_type, mut pieces } = invoked.answer else { panic!("{invoked:?}") };
        assert_eq!(content_type.as_deref(), Some("text/x"));
        let (mut parts, mut failed, mut ended) = (Vec::new(), None, false);
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Data(data) => parts.push(data),
                Piece::Failed(error) => failed = Some(error.kind),
                Piece::End { tail, .. } => {
                    assert!(tail.windows(6).any(|word| word == b"REPORT"), "the log's tail comes behind: {tail:?}");
                    ended = true;
                }
            }
        }
        assert_eq!((parts.len(), parts.concat(), ended), (2, b"onetwo".to_vec(), true));
        assert_eq!(failed.as_deref(), last);
    }
    let whole = lab.invoke(&environment, json!("good")).await;
    assert!(matches!(whole.answer, Answer::Whole(payload) if payload == "onetwo"), "who wants it whole has it whole");
    lab.leave().await;
}

#[tokio::test]
async fn a_runtime_that_never_asks_is_given_ten_seconds_and_then_the_time_of_the_invocation() {
    let bootstrap = format!("{BEGIN}time.sleep(1000)\n");
    let begin = std::time::Instant::now();
    let files = [("bootstrap", bootstrap.as_str())];
    let (lab, environment) = Lab::changed("provided.al2023", "any", &files, |it| it.timeout = Duration::from_secs(1)).await;
    assert!(begin.elapsed() >= Duration::from_secs(10));
    let (kind, error) = lab.failure(&environment, json!({})).await;
    assert_eq!(kind, "Sandbox.Timedout");
    assert!(error["errorMessage"].as_str().unwrap().ends_with("Task timed out after 1.00 seconds"), "{error}");
    let log = lab.log(&environment);
    let reports: Vec<_> = log.iter().filter(|line| line.starts_with("INIT_REPORT")).collect();
    assert!(reports[0].contains("Phase: init\tStatus: timeout") && reports[1].contains("Phase: invoke"), "{log:#?}");
    lab.leave().await;
}

#[tokio::test]
async fn the_clouds_api_is_reached_through_the_environments_own_door() {
    let (lab, environment) = provided(
        "while True:\n    id, _, event = next()\n    try:\n        raw = socket.create_connection(('169.254.170.2', 4566), 5)\n        raw.sendall(b'ping')\n        respond(id, raw.recv(10).decode())\n    except OSError as error:\n        respond(id, str(error))\n",
    )
    .await;
    let listener = tokio::net::UnixListener::bind(lab.api()).unwrap();
    let (answer, ()) = tokio::join!(lab.answer(&environment, json!({})), async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut prefix = [0; PREFIX];
        stream.read_exact(&mut prefix).await.unwrap();
        let mut rest = vec![0; Arrival::rest(&prefix).unwrap()];
        stream.read_exact(&mut rest).await.unwrap();
        assert_eq!(Arrival::read(&rest).unwrap().endpoint, None, "no endpoint's policy is asked");
        let mut ping = [0; 4];
        stream.read_exact(&mut ping).await.unwrap();
        stream.write_all(b"pong").await.unwrap();
    });
    assert_eq!(answer, "pong");
    lab.leave().await;
}

#[tokio::test]
async fn an_environment_sees_nothing_of_the_host() {
    let (lab, environment) = provided(
        "def tried(what):\n    try:\n        what()\n        return 'done'\n    except OSError as error:\n        return error.errno\n\
         while True:\n    id, _, event = next()\n    respond(id, {\n\
        \x20       'root': tried(lambda: open('/x', 'w')), 'task': tried(lambda: open('/var/task/x', 'w')), 'usr': tried(lambda: open('/usr/x', 'w')),\n\
        \x20       'tmp': tried(lambda: open('/tmp/x', 'w')), 'home': os.path.exists('/root/.bashrc'), 'shadow': os.path.exists('/etc/shadow'),\n\
        \x20       'processes': sorted(int(it) for it in os.listdir('/proc') if it.isdigit())[0], 'one': tried(lambda: os.kill(1, 9)),\n\
        \x20       'environ': tried(lambda: open('/proc/1/environ').read()), 'hostname': socket.gethostname(), 'links': [name for _, name in socket.if_nameindex()],\n\
        \x20       'groups': os.path.exists('/sys/fs/cgroup'), 'host': tried(lambda: socket.create_connection(('127.0.0.1', PORT), 1)), 'status': [line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp:'))],\n\
        \x20   })\n"
            .replace("PORT", "22")
            .as_str(),
    )
    .await;
    let seen = lab.answer(&environment, json!({})).await;
    for name in ["root", "task", "usr"] {
        assert_eq!(seen[name], 30, "{name} can only be read: {seen}");
    }
    assert_eq!(
        (&seen["tmp"], &seen["home"], &seen["shadow"], &seen["groups"]),
        (&json!("done"), &json!(false), &json!(false), &json!(false))
    );
    assert_eq!((&seen["one"], &seen["environ"], &seen["host"]), (&json!(1), &json!(13), &json!(111)), "{seen}");
    assert_eq!((&seen["hostname"], &seen["links"]), (&json!("localhost"), &json!(["lo", "eth0"])));
    let none = "0000000000000000";
    assert_eq!(seen["status"], json!([none, none, "1", "2"]), "no capability, no way to one, a filter");
    lab.leave().await;
}

const EXTENSION: &str = r#"
status, headers, body = ask("POST", "extension/register", json.dumps({"events": ["INVOKE", "SHUTDOWN"]}), {"Lambda-Extension-Name": "watch"}, "2020-01-01")
id = headers["lambda-extension-identifier"]
server = socket.create_server(("0.0.0.0", 4243))
print("telemetry", ask("PUT", "telemetry", json.dumps({"schemaVersion": "2022-12-13", "types": ["platform", "function"], "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25}, "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:4243"}}), {"Lambda-Extension-Identifier": id}, "2022-07-01")[0], flush=True)
import threading
def listen():
    while True:
        connection, _ = server.accept()
        data = b""
        while b"\r\n\r\n" not in data: data += connection.recv(65536)
        head, data = data.split(b"\r\n\r\n", 1)
        length = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")][0]
        while len(data) < length: data += connection.recv(65536)
        print("heard", " ".join(event["type"] for event in json.loads(data)), flush=True)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.close()
threading.Thread(target=listen, daemon=True).start()
while True:
    _, _, body = ask("GET", "extension/event/next", None, {"Lambda-Extension-Identifier": id}, "2020-01-01")
    event = json.loads(body)
    print("event", event["eventType"], event.get("shutdownReason"), flush=True)
    if event["eventType"] == "SHUTDOWN": sys.exit(0)
"#;

#[tokio::test]
async fn extensions_are_told_of_invocations_and_of_the_end() {
    let bootstrap = format!("{BEGIN}while True:\n    id, _, event = next()\n    respond(id, event)\n");
    let extension = format!("{BEGIN}{EXTENSION}");
    let mut lab = Lab::new();
    let zip = lab.zip(&[("bootstrap", &bootstrap)]);
    let layers = vec![lab.zip(&[("other", "")]), lab.zip(&[("extensions/watch", &extension)])];
    let environment = Environment { layers, memory_mib: 512, ..lab.environment("provided.al2023", "any", zip) };
    lab.open().await;
    lab.start(&environment).await.unwrap();
    assert_eq!(lab.answer(&environment, json!(1)).await, 1);
    lab.host_stop(&environment).await;
    let log = lab.log(&environment);
    assert!(log.contains(&"EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]".to_owned()), "{log:#?}");
    assert!(log.contains(&"event INVOKE None".to_owned()) && log.contains(&"event SHUTDOWN spindown".to_owned()), "{log:#?}");
    assert!(
        log.contains(&"telemetry 200".to_owned())
            && log.iter().any(|line| line.starts_with("heard ") && line.contains("platform.start")),
        "{log:#?}"
    );
    lab.leave().await;
}

#[tokio::test]
async fn later_layers_lie_upon_earlier_ones_and_their_programs_are_found() {
    let bootstrap = format!(
        "{BEGIN}import subprocess\nwhile True:\n    id, _, _ = next()\n    \
         respond(id, [open('/opt/' + name).read() for name in ('both', 'one', 'two')] + [subprocess.check_output('which-layer').decode()])\n"
    );
    let mut lab = Lab::new();
    let zip = lab.zip(&[("bootstrap", &bootstrap)]);
    let one = lab.zip(&[("both", "first"), ("one", "1"), ("bin/which-layer", "#!/bin/sh\nprintf first\n")]);
    let two = lab.zip(&[("both", "second"), ("two", "2"), ("bin/which-layer", "#!/bin/sh\nprintf second\n")]);
    let environment = Environment { layers: vec![one, two], ..lab.environment("provided.al2023", "any", zip) };
    lab.open().await;
    lab.start(&environment).await.unwrap();
    assert_eq!(lab.answer(&environment, json!(1)).await, json!(["second", "1", "2", "second"]));
    lab.leave().await;
}

#[tokio::test]
async fn an_extension_that_ends_fails_the_function() {
    let bootstrap = format!("{BEGIN}while True:\n    id, _, event = next()\n    respond(id, event)\n");
    let mut lab = Lab::new();
    let zip = lab.zip(&[("bootstrap", &bootstrap)]);
    let layers = vec![lab.zip(&[("extensions/gone", "#!/bin/sh\nexit 3\n")])];
    let environment = Environment { layers, ..lab.environment("provided.al2023", "any", zip) };
    lab.open().await;
    lab.start(&environment).await.unwrap();
    let (kind, error) = lab.failure(&environment, json!(1)).await;
    assert_eq!(kind, "Extension.Crash");
    assert!(error["errorMessage"].as_str().unwrap().contains("exit status 3"), "{error}");
    lab.leave().await;
}
