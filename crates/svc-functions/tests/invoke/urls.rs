//! Function URLs.

use crate::support::{Cloud, key};
use agent_proto::function::{Answer, FunctionError, Invoked, Piece};
use bytes::Bytes;
use front::testing::Reply;
use http::{Method, Request};
use model::{
    Key,
    lambda::{Cors, InvokeMode, PolicySpec, Url, UrlAuth, UrlName, UrlNameSpec, UrlSpec},
};
use serde_json::{Value, json};
use spine::StoreError;
use std::sync::Arc;
use svc_functions::testing::{Handler, failed, whole};
use tokio::sync::mpsc;

const HOST: &str = "abcd.lambda-url.us-east-1.localhost:4566";

impl Cloud {
    /// A function with a URL that everybody may call.
    async fn at_a_url(handler: Handler, change: impl Fn(&mut UrlSpec)) -> Self {
        let cloud = Self::new(handler).await;
        cloud.create("f").await;
        let now = cloud.bench.env.now();
        let (auth, mode) = (UrlAuth::None, InvokeMode::Buffered);
        let mut spec = UrlSpec { id: "abcd".into(), created: now, modified: now, auth, mode, cors: None };
        change(&mut spec);
        let url: Key<Url> = key("f").url(None);
        let name = UrlNameSpec { account: url.account.clone(), region: url.region.clone(), url: url.id.clone() };
        let open = json!({"Sid": "open", "Effect": "Allow", "Principal": "*", "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"],
            "Resource": key("f").arn().to_string(), "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}});
        let policy = PolicySpec { revision: "r".into(), statements: vec![open] };
        let write = cloud.bench.store.transact::<_, StoreError>(|tx| {
            tx.create(&url, &spec)?;
            tx.create(&Key::<UrlName>::of_id("abcd"), &name)?;
            tx.create(&key("f").policy(None), &policy)
        });
        write.await.unwrap();
        cloud
    }

    async fn ask(&self, method: Method, path: &str, body: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.bench.send(request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()).await
    }
}

/// Functions that answer with that.
fn answering(answer: Value) -> Handler {
    Arc::new(move |_, _| {
        let answer = answer.to_string();
        Box::pin(async move { whole(answer) })
    })
}

#[tokio::test]
async fn a_request_becomes_an_event() {
    let cloud = Cloud::at_a_url(svc_functions::testing::echo(), |_| {}).await;
    let headers = [("content-type", "text/plain"), ("cookie", "a=1; b=2"), ("user-agent", "curl/8")];
    let reply = cloud.ask(Method::POST, "/some/path?x=1&x=2&y=%26", "hello", &headers).await;
    let event = reply.json();
    assert_eq!((reply.status, &event["version"], &event["routeKey"]), (200, &json!("2.0"), &json!("$default")));
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/some/path"), &json!("x=1&x=2&y=%26")));
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "&"}));
    assert_eq!((&event["cookies"], &event["body"]), (&json!(["a=1", "b=2"]), &json!("hello")));
    let context = &event["requestContext"];
    assert_eq!(
        (&context["accountId"], &context["apiId"], &context["stage"]),
        (&json!("anonymous"), &json!("abcd"), &json!("$default"))
    );
    assert_eq!(
        (&context["domainName"], &context["http"]["method"]),
        (&json!("abcd.lambda-url.us-east-1.localhost"), &json!("POST"))
    );
    assert_eq!(context["requestId"], reply.headers["x-amzn-requestid"].to_str().unwrap());
    assert_eq!(reply.headers["content-type"], "application/json");
}

#[tokio::test]
async fn an_answer_can_say_everything() {
    let answer = json!({"statusCode": 201, "headers": {"X-Own": "1", "Content-Type": "image/png"}, "body": "AAE=",
        "isBase64Encoded": true, "cookies": ["a=1", "b=2"]});
    let cloud = Cloud::at_a_url(answering(answer), |_| {}).await;
    let reply = cloud.ask(Method::GET, "/", "", &[]).await;
    assert_eq!((reply.status, &reply.body[..]), (201, &[0, 1][..]));
    assert_eq!((&reply.headers["x-own"], &reply.headers["content-type"]), (&"1".parse().unwrap(), &"image/png".parse().unwrap()));
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 2);
}

#[tokio::test]
async fn what_goes_wrong_is_not_told() {
    let cloud = Cloud::at_a_url(Arc::new(|_, _| Box::pin(async { failed("Error", "secret") })), |_| {}).await;
    let reply = cloud.ask(Method::GET, "/", "", &[]).await;
    assert_eq!((reply.status, reply.text().as_str()), (502, "Internal Server Error"));
    let cloud = Cloud::at_a_url(answering(json!({"statusCode": "nonsense"})), |_| {}).await;
    assert_eq!(cloud.ask(Method::GET, "/", "", &[]).await.status, 502);
}

#[tokio::test]
async fn only_those_come_in_whom_the_url_lets() {
    let cloud = Cloud::at_a_url(answering(json!("in")), |spec| spec.auth = UrlAuth::AwsIam).await;
    let reply = cloud.ask(Method::GET, "/", "", &[]).await;
    let expected = "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
    assert_eq!((reply.status, reply.json()["Message"].as_str()), (403, Some(expected)));
    assert_eq!(reply.headers["x-amzn-errortype"], "AccessDeniedException");
    let scope = |service: &str| {
        let credential = format!("111122223333/20260101/us-east-1/{service}/aws4_request");
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00")
    };
    let date = ("x-amz-date", "20260101T000000Z");
    let reply = cloud.ask(Method::GET, "/", "", &[date, ("authorization", &scope("lambda"))]).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "in"));
    assert_eq!(cloud.ask(Method::GET, "/", "", &[date, ("authorization", &scope("sqs"))]).await.status, 403);
}

#[tokio::test]
async fn a_url_that_nobody_may_call_is_closed() {
    let cloud = Cloud::at_a_url(answering(json!("in")), |_| {}).await;
    let key = key("f").policy(None);
    cloud.bench.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await.unwrap();
    assert_eq!(cloud.ask(Method::GET, "/", "", &[]).await.status, 403);
}

#[tokio::test]
async fn who_may_use_the_url_must_be_allowed_to_invoke_the_function_by_it_too() {
    let cloud = Cloud::at_a_url(answering(json!("in")), |_| {}).await;
    let key = key("f").policy(None);
    let allow = |action: &str, via: &str| {
        let condition = json!({"Bool": {"lambda:InvokedViaFunctionUrl": via}});
        json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition})
    };
    for (action, via, status) in
        [("lambda:GetFunction", "true", 403), ("lambda:InvokeFunction", "false", 403), ("lambda:InvokeFunction", "true", 200)]
    {
        let statements = vec![allow("lambda:InvokeFunctionUrl", "true"), allow(action, via)];
        let policy = PolicySpec { revision: "2".into(), statements };
        cloud.bench.store.transact::<_, StoreError>(|tx| tx.put_spec(&key, &policy)).await.unwrap();
        assert_eq!(cloud.ask(Method::GET, "/", "", &[]).await.status, status, "{action} {via}");
    }
}

#[tokio::test]
async fn browsers_are_told_who_may_ask() {
    let cors = Cors {
        origins: Some(vec!["https://a.example".into()]),
        methods: Some(vec!["GET".into(), "PUT".into()]),
        max_age: Some(60),
        ..Cors::default()
    };
    let cloud = Cloud::at_a_url(answering(json!("in")), move |spec| spec.cors = Some(cors.clone())).await;
    let asks = [("origin", "https://a.example"), ("access-control-request-method", "PUT")];
    let reply = cloud.ask(Method::OPTIONS, "/", "", &asks).await;
    assert_eq!((reply.status, cloud.host.counts().0), (200, 0));
    assert_eq!(reply.headers["access-control-allow-origin"], "https://a.example");
    assert_eq!(reply.headers["access-control-allow-methods"], "GET,PUT");
    assert_eq!(reply.headers["access-control-max-age"], "60");
    let reply = cloud.ask(Method::GET, "/", "", &asks[..1]).await;
    assert_eq!(
        (reply.text().as_str(), &reply.headers["access-control-allow-origin"]),
        ("in", &"https://a.example".parse().unwrap())
    );
    assert!(
        !cloud
            .ask(Method::GET, "/", "", &[("origin", "https://b.example")])
            .await
            .headers
            .contains_key("access-control-allow-origin")
    );
}

/// Functions that answer in those pieces.
fn streaming(content_type: &'static str, pieces: Vec<Piece>) -> Handler {
    Arc::new(move |_, invocation| {
        assert!(invocation.streams);
        let all = pieces.clone();
        Box::pin(async move {
            let (sender, pieces) = mpsc::channel(all.len() + 1);
            for piece in all {
                sender.send(piece).await.unwrap();
            }
            let answer = Answer::Pieces { content_type: Some(content_type.into()), pieces };
            Ok(Invoked { answer, report: None, tail: Bytes::new(), over: false })
        })
    })
}

fn end() -> Piece {
    let (duration, billed) = Default::default();
    let report = agent_proto::function::Report { duration, billed, memory_used_mib: 1, init: None };
    Piece::End { report, tail: Bytes::new() }
}

#[tokio::test]
async fn a_stream_is_passed_on() {
    let pieces = vec![Piece::Data("one ".into()), Piece::Data("two".into()), end()];
    let stream = |spec: &mut UrlSpec| spec.mode = InvokeMode::ResponseStream;
    let cloud = Cloud::at_a_url(streaming("text/html", pieces), stream).await;
    let reply = cloud.ask(Method::GET, "/", "", &[]).await;
    assert_eq!(
        (reply.status, reply.text().as_str(), &reply.headers["content-type"]),
        (200, "one two", &"text/html".parse().unwrap())
    );

    let prelude = r#"{"statusCode": 418, "headers": {"x-own": "1"}, "cookies": ["a=1"]}"#;
    let pieces =
        vec![Piece::Data(prelude.into()), Piece::Data(Bytes::from_static(&[0; 3])), Piece::Data("\0\0\0\0\0body".into()), end()];
    let cloud = Cloud::at_a_url(streaming("application/vnd.awslambda.http-integration-response", pieces), stream).await;
    let reply = cloud.ask(Method::GET, "/", "", &[]).await;
    assert_eq!((reply.status, reply.text().as_str()), (418, "body"));
    assert_eq!((&reply.headers["x-own"], &reply.headers["set-cookie"]), (&"1".parse().unwrap(), &"a=1".parse().unwrap()));

    let error = FunctionError { kind: "Oops".into(), payload: Bytes::new() };
    let cloud = Cloud::at_a_url(streaming("text/html", vec![Piece::Failed(error)]), stream).await;
    assert_eq!(cloud.ask(Method::GET, "/", "", &[]).await.status, 502);
}
