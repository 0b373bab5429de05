//! Lambda: a function in Rust is made, invoked in each of the ways, versioned and deleted.

use crate::{cloud::Cloud, queues};
use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::{
    Client,
    client::Waiters,
    operation::invoke::builders::InvokeFluentBuilder,
    primitives::Blob,
    types::{
        Architecture, DestinationConfig, Environment, FunctionCode, InvocationType,
        InvokeWithResponseStreamResponseEvent::{InvokeComplete, PayloadChunk},
        LogType, OnSuccess, Runtime,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;

const NAME: &str = "rust-function";

pub async fn run(cloud: &Cloud) -> Result<()> {
    let lambda = cloud.functions();
    let arn = create(cloud, &lambda, NAME).await?;
    context(&lambda, &arn).await?;
    failures(&lambda).await?;
    streamed(&lambda).await?;
    aliases(&lambda, &arn).await?;
    events(cloud, &lambda).await?;
    refused(cloud, &lambda).await?;
    taken_down(&lambda).await
}

/// Makes the Rust function and waits until it can be invoked; its ARN.
pub async fn create(cloud: &Cloud, lambda: &Client, name: &str) -> Result<String> {
    creation(cloud, lambda, name)?.send().await?;
    let active = lambda.wait_until_function_active_v2().function_name(name).wait(Duration::from_secs(60)).await?;
    let configuration = active.into_result()?.configuration.context("a configuration")?;
    configuration.function_arn.context("an ARN")
}

type Creation = aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;

fn creation(cloud: &Cloud, lambda: &Client, name: &str) -> Result<Creation> {
    let code = FunctionCode::builder().zip_file(Blob::new(std::fs::read(cloud.zip()?)?)).build();
    let here = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X8664 };
    let creation = lambda.create_function().function_name(name).code(code).role(cloud.role()?).architectures(here);
    let backtraces = Environment::builder().variables("RUST_BACKTRACE", "0").build();
    Ok(creation.runtime(Runtime::Providedal2023).handler("bootstrap").memory_size(256).timeout(20).environment(backtraces))
}

fn asked(lambda: &Client, event: &Value) -> InvokeFluentBuilder {
    lambda.invoke().function_name(NAME).payload(Blob::new(event.to_string()))
}

fn read(payload: Option<&Blob>) -> Result<Value> {
    Ok(serde_json::from_slice(payload.context("a payload")?.as_ref())?)
}

/// What the runtime crate reads of an invocation is what was meant.
async fn context(lambda: &Client, arn: &str) -> Result<()> {
    let client = json!({"custom": {"from": "rust"}}).to_string();
    let answer =
        asked(lambda, &json!({"a": 1})).client_context(BASE64_STANDARD.encode(client)).log_type(LogType::Tail).send().await?;
    let told = answer.payload().map(|it| String::from_utf8_lossy(it.as_ref()));
    assert_eq!((answer.status_code(), answer.function_error()), (200, None), "{told:?}");
    assert_eq!(answer.executed_version(), Some("$LATEST"));
    let said = read(answer.payload())?;
    let context = &said["context"];
    assert_eq!(
        (&said["event"], context["arn"].as_str(), context["function"].as_str()),
        (&json!({"a": 1}), Some(arn), Some(NAME))
    );
    assert_eq!((context["version"].as_str(), context["memory"].as_u64()), (Some("$LATEST"), Some(256)));
    assert_eq!(
        (context["log_group"].as_str(), context["custom"]["from"].as_str()),
        (Some("/aws/lambda/rust-function"), Some("rust"))
    );
    assert!(context["trace_id"].as_str().is_some_and(|it| it.starts_with("Root=1-")), "{context}");
    assert!(context["deadline"].as_u64().is_some_and(|it| it > 1_700_000_000_000), "{context}");
    let tail = String::from_utf8(BASE64_STANDARD.decode(answer.log_result().context("a tail")?)?)?;
    let id = context["request_id"].as_str().context("an id")?;
    ensure!(["START", "END", "REPORT"].iter().all(|line| tail.contains(&format!("{line} RequestId: {id}"))), "{tail}");
    Ok(())
}

/// An error, a panic and an exit are told as such, and the next invocation is answered.
async fn failures(lambda: &Client) -> Result<()> {
    for (event, kind, words) in [
        (json!({"fail": "no luck"}), "dyn core::error::Error", "no luck"),
        (json!({"panic": "help"}), "alloc::boxed::Box<dyn core::any::Any", "Lambda panicked: help"),
        (json!({"exit": "3"}), "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ] {
        let answer = asked(lambda, &event).send().await?;
        assert_eq!((answer.status_code(), answer.function_error()), (200, Some("Unhandled")), "{event}");
        let said = read(answer.payload())?;
        let (told, message) = (said["errorType"].as_str().unwrap_or_default(), said["errorMessage"].as_str().unwrap_or_default());
        ensure!(told.contains(kind) && message.contains(words), "{event}: {said}");
    }
    assert_eq!(read(asked(lambda, &json!(7)).send().await?.payload())?["event"], 7);
    let error =
        lambda.invoke().function_name(NAME).payload(Blob::new("junk")).send().await.expect_err("no JSON").into_service_error();
    assert!(error.is_invalid_request_content_exception(), "{error:?}");
    Ok(())
}

async fn streamed(lambda: &Client) -> Result<()> {
    let event = json!({"stream": ["one ", "two ", "three"]}).to_string();
    let mut answer = lambda.invoke_with_response_stream().function_name(NAME).payload(Blob::new(event)).send().await?;
    let (mut whole, mut complete) = (Vec::new(), None);
    while let Some(event) = answer.event_stream.recv().await? {
        match event {
            PayloadChunk(chunk) => whole.extend_from_slice(chunk.payload().context("a piece")?.as_ref()),
            InvokeComplete(end) => complete = Some(end),
            other => panic!("{other:?}"),
        }
    }
    let end = complete.context("an end")?;
    // The runtime crate begins with what a URL would make its answer's head of, and eight zeros behind it; who invokes directly sees them.
    let whole = String::from_utf8(whole)?;
    let (head, body) = whole.split_once("\0\0\0\0\0\0\0\0").context("a head")?;
    assert_eq!(serde_json::from_str::<Value>(head)?["statusCode"], 200);
    assert_eq!((body, end.error_code()), ("one two three", None));
    Ok(())
}

async fn aliases(lambda: &Client, arn: &str) -> Result<()> {
    let published = lambda.publish_version().function_name(NAME).send().await?;
    assert_eq!(published.version(), Some("1"));
    lambda.wait_until_published_version_active().function_name(NAME).qualifier("1").wait(Duration::from_secs(60)).await?;
    lambda.create_alias().function_name(NAME).name("live").function_version("1").send().await?;
    let answer = asked(lambda, &json!({})).qualifier("live").send().await?;
    let said = read(answer.payload())?;
    assert_eq!((answer.executed_version(), said["context"]["version"].as_str()), (Some("1"), Some("1")));
    assert_eq!(said["context"]["arn"], format!("{arn}:live"));
    let again = lambda.create_alias().function_name(NAME).name("live").function_version("1").send().await;
    let error = again.expect_err("there is one").into_service_error();
    assert!(error.is_resource_conflict_exception(), "{error:?}");
    Ok(())
}

/// An event is accepted at once; what became of it is told to its destination.
async fn events(cloud: &Cloud, lambda: &Client) -> Result<()> {
    let sqs = cloud.queues();
    let url = queues::create(&sqs, "rust-done").await?;
    let success = OnSuccess::builder().destination(queues::arn(&sqs, &url).await?).build();
    let destinations = DestinationConfig::builder().on_success(success).build();
    lambda.put_function_event_invoke_config().function_name(NAME).destination_config(destinations).send().await?;
    let accepted = asked(lambda, &json!({"later": true})).invocation_type(InvocationType::Event).send().await?;
    assert_eq!(accepted.status_code(), 202);
    let told: Value = serde_json::from_str(&queues::next(&sqs, &url).await?)?;
    assert_eq!((&told["requestPayload"], &told["responsePayload"]["event"]), (&json!({"later": true}), &json!({"later": true})));
    assert_eq!(told["requestContext"]["condition"], "Success");
    sqs.delete_queue().queue_url(url).send().await?;
    Ok(())
}

async fn refused(cloud: &Cloud, lambda: &Client) -> Result<()> {
    let error = lambda.get_function().function_name("none").send().await.expect_err("no such function").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let error = lambda.invoke().function_name("none").send().await.expect_err("no such function").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let error = creation(cloud, lambda, NAME)?.send().await.expect_err("there is one").into_service_error();
    assert!(error.is_resource_conflict_exception(), "{error:?}");
    let junk = FunctionCode::builder().zip_file(Blob::new("no zip")).build();
    let error = creation(cloud, lambda, "junk")?.code(junk).send().await.expect_err("no zip").into_service_error();
    assert!(error.is_invalid_parameter_value_exception(), "{error:?}");
    Ok(())
}

async fn taken_down(lambda: &Client) -> Result<()> {
    let mut names = lambda.list_functions().into_paginator().items().send();
    let mut found = false;
    while let Some(function) = names.next().await {
        found |= function?.function_name() == Some(NAME);
    }
    ensure!(found, "it isn't listed");
    lambda.delete_function().function_name(NAME).send().await?;
    let error = lambda.delete_function().function_name(NAME).send().await.expect_err("it is gone").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    Ok(())
}
