//! API Gateway: an HTTP API in front of the Rust function, asked over HTTP.

use crate::{cloud::Cloud, functions, web};
use anyhow::{Context, Result};
use aws_sdk_apigatewayv2::{
    Client,
    types::{IntegrationType, ProtocolType},
};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

const FUNCTION: &str = "rust-pets";

pub async fn run(cloud: &Cloud) -> Result<()> {
    let (apis, lambda) = (cloud.apis(), cloud.functions());
    let function = functions::create(cloud, &lambda, FUNCTION).await?;
    let made = apis.create_api().name("rust-pets").protocol_type(ProtocolType::Http).send().await?;
    let (id, address) = (made.api_id().context("an id")?, made.api_endpoint().context("an address")?);
    built(&apis, id, &function).await?;
    let ask = async |path: &str, body: &'static str| answer(cloud, &format!("{address}{path}"), body).await;

    let wanted = ask("/pets/7", "").await?;
    assert_eq!((wanted.status().as_u16(), message(&wanted)), (500, json!("Internal Server Error")), "it may not be invoked yet");
    let permission = lambda.add_permission().function_name(FUNCTION).statement_id("api").action("lambda:InvokeFunction");
    permission.principal("apigateway.amazonaws.com").send().await?;
    let pet = ask("/pets/7?a=1&a=2", "a body").await?;
    assert_eq!((pet.status().as_u16(), pet.headers()["x-made-in"].to_str()?), (201, "rust"));
    assert_eq!(json(&pet), json!({"pet": "7", "body": "a body", "query": {"a": "1,2"}}));
    let broken = ask("/panic", "").await?;
    assert_eq!((broken.status().as_u16(), message(&broken)), (500, json!("Internal Server Error")));
    let nothing = ask("/nothing", "").await?;
    assert_eq!((nothing.status().as_u16(), message(&nothing)), (404, json!("Not Found")));

    apis.delete_api().api_id(id).send().await?;
    lambda.delete_function().function_name(FUNCTION).send().await?;
    let error = apis.get_api().api_id(id).send().await.expect_err("it is gone").into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
    Ok(())
}

async fn built(apis: &Client, id: &str, function: &str) -> Result<()> {
    let behind = apis.create_integration().api_id(id).integration_type(IntegrationType::AwsProxy).integration_uri(function);
    let behind = behind.payload_format_version("2.0").send().await?;
    let target = format!("integrations/{}", behind.integration_id().context("an id")?);
    for route in ["POST /pets/{id}", "GET /pets/{id}", "GET /panic"] {
        apis.create_route().api_id(id).route_key(route).target(&target).send().await?;
    }
    apis.create_stage().api_id(id).stage_name("$default").auto_deploy(true).send().await?;
    let routes = apis.get_routes().api_id(id).send().await?;
    assert_eq!(routes.items().len(), 3);
    Ok(())
}

/// `POST` where there is something to say.
async fn answer(cloud: &Cloud, address: &str, body: &'static str) -> Result<Response<Bytes>> {
    let request = if body.is_empty() { Request::get(address) } else { Request::post(address) };
    web::send(cloud, request.header("content-type", "text/plain").body(Bytes::from(body))?).await
}

fn json(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

fn message(answer: &Response<Bytes>) -> Value {
    json(answer)["message"].clone()
}
