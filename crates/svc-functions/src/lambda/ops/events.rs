//! How a function's events are treated: how long they wait, how often they are tried, and who is told (Lambda developer guide,
//! "Asynchronous invocation").

use crate::lambda::{
    configuration, errors, find,
    names::{self, Named},
    page::{Asked, page},
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    lambda::{EventInvoke, EventInvokeSpec, Function},
};
use spine::{Read, Scope, Tx};

/// What a request says.
struct Wish<'a> {
    maximum_age: Option<i32>,
    maximum_retries: Option<i32>,
    destinations: Option<&'a sdk::DestinationConfig>,
}

impl Wish<'_> {
    /// Laid over what is so.
    fn over(&self, cx: &Cx, so_far: EventInvokeSpec) -> EventInvokeSpec {
        let number = |given: Option<i32>| given.and_then(|given| u32::try_from(given).ok());
        let some = |given: &Option<String>| given.clone().filter(|arn| !arn.is_empty());
        let to = self.destinations;
        let success = to.and_then(|to| to.on_success.as_ref()).map(|to| some(&to.destination));
        let failure = to.and_then(|to| to.on_failure.as_ref()).map(|to| some(&to.destination));
        EventInvokeSpec {
            modified: cx.now,
            maximum_age: number(self.maximum_age).or(so_far.maximum_age),
            maximum_retries: number(self.maximum_retries).or(so_far.maximum_retries),
            on_success: success.unwrap_or(so_far.on_success),
            on_failure: failure.unwrap_or(so_far.on_failure),
        }
    }

    fn is_empty(&self) -> bool {
        self.maximum_age.is_none() && self.maximum_retries.is_none() && self.destinations.is_none()
    }
}

const NOTHING: EventInvokeSpec = EventInvokeSpec {
    modified: model::Timestamp(0),
    maximum_age: None,
    maximum_retries: None,
    on_success: None,
    on_failure: None,
};

fn target(cx: &Cx, read: &impl Read, name: &str, qualifier: Option<&str>) -> Answer<(Named, Key<EventInvoke>)> {
    let named = names::parse(cx, name, qualifier)?;
    find::existing(read, &named).map_err(|_| errors::not_found("The function doesn't exist."))?;
    let key = named.key.event_invoke(named.published());
    Ok((named, key))
}

/// `PutFunctionEventInvokeConfig`.
pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutFunctionEventInvokeConfigRequest) -> Answer<sdk::FunctionEventInvokeConfig> {
    let wish = Wish {
        maximum_age: input.maximum_event_age_in_seconds,
        maximum_retries: input.maximum_retry_attempts,
        destinations: input.destination_config.as_ref(),
    };
    if wish.is_empty() {
        return Err(errors::invalid("You must specify at least one of error handling or destination setting."));
    }
    let (named, key) = target(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    set(cx, tx, &named, &key, wish.over(cx, NOTHING))
}

/// `UpdateFunctionEventInvokeConfig`.
pub fn update(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::UpdateFunctionEventInvokeConfigRequest,
) -> Answer<sdk::FunctionEventInvokeConfig> {
    let wish = Wish {
        maximum_age: input.maximum_event_age_in_seconds,
        maximum_retries: input.maximum_retry_attempts,
        destinations: input.destination_config.as_ref(),
    };
    let (named, key) = target(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    let so_far = existing(tx, &key)?;
    set(cx, tx, &named, &key, wish.over(cx, so_far))
}

fn existing(read: &impl Read, key: &Key<EventInvoke>) -> Answer<EventInvokeSpec> {
    let missing = || errors::not_found(format!("The function {} doesn't have an EventInvokeConfig", key.target()));
    Ok((*read.spec(key)?.ok_or_else(missing)?).clone())
}

fn set(
    cx: &Cx,
    tx: &mut Tx,
    named: &Named,
    key: &Key<EventInvoke>,
    spec: EventInvokeSpec,
) -> Answer<sdk::FunctionEventInvokeConfig> {
    let role = find::version(tx, named)?.row.spec.release.configuration.role.clone();
    for destination in [&spec.on_success, &spec.on_failure].into_iter().flatten() {
        check(cx, &named.key, &role, destination)?;
    }
    tx.set_spec(key, &spec)?;
    Ok(shown(key, &spec))
}

/// Refuses a destination that can't be one, or to which the function's role may not send.
fn check(cx: &Cx, function: &Key<Function>, role: &str, destination: &str) -> Answer<()> {
    let invalid = || errors::invalid(format!("The destination ARN {destination} is invalid."));
    if destination.starts_with("kafka://") {
        return Err(errors::not_built("destinations of Kafka"));
    }
    let arn: Arn = destination.parse().map_err(|_| invalid())?;
    match (arn.service.as_str(), arn.resource.as_str()) {
        ("lambda", resource) if resource.starts_with("function:") => {
            if Key::<Function>::of_arn(&arn).is_some_and(|(key, _)| key == *function) {
                return Err(errors::invalid("You can't specify the function as a destination for itself."));
            }
        }
        ("sqs", resource) if !resource.ends_with(".fifo") => {}
        ("events", resource) if resource.starts_with("event-bus/") => {}
        ("sns" | "s3", _) => return Err(errors::not_built(format_args!("destinations of {}", arn.service))),
        _ => return Err(invalid()),
    }
    configuration::may_send(cx, role, &arn)
}

fn shown(key: &Key<EventInvoke>, spec: &EventInvokeSpec) -> sdk::FunctionEventInvokeConfig {
    let number = |number: Option<u32>| number.and_then(crate::lambda::views::number);
    sdk::FunctionEventInvokeConfig {
        last_modified: Some(super::time(spec.modified)),
        function_arn: Some(key.target().to_string()),
        maximum_retry_attempts: number(spec.maximum_retries),
        maximum_event_age_in_seconds: number(spec.maximum_age),
        destination_config: Some(sdk::DestinationConfig {
            on_success: Some(sdk::OnSuccess { destination: spec.on_success.clone() }),
            on_failure: Some(sdk::OnFailure { destination: spec.on_failure.clone() }),
        }),
    }
}

/// `GetFunctionEventInvokeConfig`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetFunctionEventInvokeConfigRequest) -> Answer<sdk::FunctionEventInvokeConfig> {
    let (_, key) = target(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    Ok(shown(&key, &existing(tx, &key)?))
}

/// `DeleteFunctionEventInvokeConfig`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteFunctionEventInvokeConfigRequest) -> Answer<()> {
    let (_, key) = target(cx, tx, &input.function_name, input.qualifier.as_deref())?;
    existing(tx, &key)?;
    Ok(tx.delete(&key)?)
}

/// `ListFunctionEventInvokeConfigs`.
pub fn list(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListFunctionEventInvokeConfigsRequest,
) -> Answer<sdk::ListFunctionEventInvokeConfigsResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function).map_err(|_| errors::not_found("The function doesn't exist."))?;
    let all = tx.specs::<EventInvoke>(Scope::Prefix(&function.account, &function.region, &function.children()))?;
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(all, &asked, |(key, _)| key.qualifier().to_owned())?;
    let configs = page.iter().map(|(key, spec)| shown(key, spec)).collect();
    Ok(sdk::ListFunctionEventInvokeConfigsResponse { function_event_invoke_configs: Some(configs), next_marker })
}
