//! The owner's questions about permissions: what a principal was allowed, and what it would be.

use super::{answer, error, json_of};
use crate::query::text;
use crate::{Body, Front, auth::question::Question};
use http::{Response, StatusCode, request::Parts};
use model::Arn;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// The longest time to look back, in seconds: about a hundred years.
const LONGEST_LOOK_S: f64 = 3.2e9;

/// `GET iam/observed?principal=ARN&since_seconds=7200`.
pub(super) async fn observed(front: &Front, head: &Parts) -> Response<Body> {
    let asked = parameters(head.uri.query().unwrap_or_default());
    let principal = asked.get("principal").and_then(|principal| principal.parse::<Arn>().ok());
    let since =
        asked.get("since_seconds").map(|seconds| seconds.parse::<f64>().ok().filter(|s| (0.0..=LONGEST_LOOK_S).contains(s)));
    match (principal, since, &front.admin) {
        (Some(principal), None | Some(Some(_)), Some(admin)) => {
            match admin.observed(&principal, since.flatten().map(Duration::from_secs_f64)).await {
                Ok(observed) => answer(StatusCode::OK, observed),
                Err(message) => error(StatusCode::INTERNAL_SERVER_ERROR, message),
            }
        }
        (_, _, None) => error(StatusCode::NOT_FOUND, "this front has no owner"),
        _ => error(
            StatusCode::BAD_REQUEST,
            "`principal` has to be the ARN of a user, a role or a session, `since_seconds` a number",
        ),
    }
}

/// What is asked by `POST iam/decide`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    principal: String,
    action: String,
    resource: Option<String>,
    #[serde(default)]
    context: BTreeMap<String, Vec<String>>,
}

/// `POST iam/decide`.
pub(super) async fn decide(front: &Front, body: Body) -> Response<Body> {
    let example = "the body has to be JSON, such as {\"principal\": \"arn:aws:iam::000000000000:user/anna\", \"action\": \"ecs:RunTask\", \"resource\": \"*\", \"context\": {\"aws:SourceIp\": [\"10.0.0.1\"]}}";
    let asked = match json_of(body, example).await.map(serde_json::from_value::<Asked>) {
        Ok(Ok(asked)) => asked,
        Ok(Err(_)) | Err(_) => return error(StatusCode::BAD_REQUEST, example),
    };
    let question = match Question::new(&asked.principal, &asked.action, asked.resource.as_deref(), asked.context) {
        Ok(question) => question,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    match question.ask(front) {
        Ok(Some(explanation)) => answer(StatusCode::OK, serde_json::json!(explanation)),
        Ok(None) => error(StatusCode::NOT_FOUND, format!("there is no {}", asked.principal)),
        Err(fault) => error(StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()),
    }
}

fn parameters(query: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (text(name), text(value)));
    query.split('&').filter_map(pair).collect()
}
