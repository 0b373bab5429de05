//! Python functions: handlers, contexts, errors and logs as AWS's own runtime has them.

use crate::lab::Lab;
use agent_proto::function::Answer;
use serde_json::json;

const ECHO: &str = r#"
import os
print("loading")
def handler(event, context):
    print("got", event)
    return {
        "event": event, "colour": os.environ["COLOUR"], "uid": os.getuid(), "arn": context.invoked_function_arn, "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis() > 1000, "memory": context.memory_limit_in_mb, "trace": os.environ["_X_AMZN_TRACE_ID"],
        "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "runtime": os.environ["AWS_EXECUTION_ENV"], "pid1": os.path.exists("/proc/1/root"),
    }
"#;

#[tokio::test]
async fn a_handler_is_given_events_and_answers() {
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", ECHO)]).await;
    let answer = lab.answer(&environment, json!({"a": [1, "ä"]})).await;
    assert_eq!(answer["event"], json!({"a": [1, "ä"]}));
    assert_eq!((&answer["colour"], &answer["uid"], &answer["memory"]), (&json!("blue"), &json!(993), &json!("128")));
    assert_eq!((&answer["left"], &answer["runtime"]), (&json!(true), &json!("AWS_Lambda_python3.11")));
    assert_eq!(answer["trace"], "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0");
    let again = lab.invoke(&environment, json!(2)).await;
    assert!(matches!(again.answer, Answer::Whole(_)));
    let report = again.report.unwrap();
    assert!(report.init.is_none() && report.memory_used_mib >= 5 && report.memory_used_mib < 128, "{report:?}");
    let log = lab.log(&environment);
    let begins: Vec<&str> = log.iter().map(|line| line.split([' ', ':']).next().unwrap()).collect();
    assert_eq!(begins, ["INIT_START", "loading", "START", "got", "END", "REPORT", "START", "got", "END", "REPORT"], "{log:#?}");
    assert!(log[5].contains("\tInit Duration: ") && !log[9].contains("Init Duration"), "{log:#?}");
    assert!(String::from_utf8_lossy(&again.tail).starts_with("START RequestId: "));
    lab.host_stop(&environment).await;
    lab.leave().await;
}

#[tokio::test]
async fn what_a_handler_raises_is_told_and_the_next_invocation_works() {
    let code =
        "def handler(event, context):\n    if event == 'bad':\n        raise KeyError('no such thing')\n    return event\n";
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", code)]).await;
    let (kind, error) = lab.failure(&environment, json!("bad")).await;
    assert_eq!(
        (kind.as_str(), &error["errorType"], &error["errorMessage"]),
        ("KeyError", &json!("KeyError"), &json!("'no such thing'"))
    );
    assert_eq!(
        error["stackTrace"],
        json!(["  File \"/var/task/app.py\", line 3, in handler\n    raise KeyError('no such thing')\n"])
    );
    assert_eq!(lab.answer(&environment, json!("good")).await, "good");
    let log = lab.log(&environment);
    assert!(
        log.iter().any(|line| line.starts_with("[ERROR] KeyError: 'no such thing'\rTraceback (most recent call last):\r  File")),
        "{log:#?}"
    );
    lab.leave().await;
}

#[tokio::test]
async fn a_handler_that_is_not_there_is_said_to_be_missing() {
    for (handler, code, kind, message) in [
        ("app.missing", "", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"),
        ("other.handler", "", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("app", "", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
        (
            "app.handler",
            "def handler(:",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        ),
    ] {
        let (lab, environment) = Lab::with("python3.11", handler, &[("app.py", code)]).await;
        let (told, error) = lab.failure(&environment, json!({})).await;
        assert_eq!((told.as_str(), error["errorMessage"].as_str().unwrap()), (kind, message));
        let log = lab.log(&environment);
        assert!(
            log.iter().any(|line| line.starts_with("INIT_REPORT") && line.contains("Phase: init\tStatus: error")),
            "{log:#?}"
        );
        lab.leave().await;
    }
}

#[tokio::test]
async fn logging_is_written_as_lambda_writes_it() {
    let code = "import logging\nlogging.getLogger().setLevel('INFO')\n\
                def handler(event, context):\n    logging.info('one\\ntwo')\n    logging.debug('three')\n    return context.aws_request_id\n";
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", code)]).await;
    let id = lab.answer(&environment, json!({})).await;
    let log = lab.log(&environment);
    let line = log.iter().find(|line| line.starts_with("[INFO]\t")).unwrap_or_else(|| panic!("{log:#?}"));
    assert!(line.ends_with(&format!("Z\t{}\tone\rtwo", id.as_str().unwrap())), "{line}");
    assert!(!log.iter().any(|line| line.contains("three")));
    lab.leave().await;
}

#[tokio::test]
async fn answers_that_are_no_json_are_refused() {
    let code = "def handler(event, context):\n    return {1, 2}\n";
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", code)]).await;
    let (kind, error) = lab.failure(&environment, json!({})).await;
    assert_eq!(kind, "Runtime.MarshalError");
    assert_eq!(error["errorMessage"], "Unable to marshal response: Object of type set is not JSON serializable");
    lab.leave().await;
}

#[tokio::test]
async fn what_json_can_say_comes_back_as_it_was() {
    let (lab, environment) =
        Lab::with("python3.11", "app.handler", &[("app.py", "def handler(event, context):\n    return event\n")]).await;
    let all = [
        json!({"a": [1, -0.5, 1e300, 12345678901234567_u64], "\u{e9}\u{2028}": "\"\\\n\u{1f600}", "n": null, "t": true, "e": [{}, []]}),
        json!("alone"),
        json!(null),
        json!(7),
    ];
    for event in all {
        assert_eq!(lab.answer(&environment, event.clone()).await, event);
    }
    lab.leave().await;
}
