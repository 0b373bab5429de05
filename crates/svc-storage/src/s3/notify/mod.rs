//! Notifications (Amazon S3 user guide, "Amazon S3 Event Notifications"): which destinations an event is told to, and in which words.
//!
//! What is to be told stands in the outbox, written in the transaction that changed the object, so that no event of an object that is
//! there is lost, and none is told of one that isn't.

mod words;

use super::{find, settings};
use api::s3 as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, AwsEvent, Cx};
use model::{
    AccountId, Arn, Env, Region, Timestamp,
    delivery::{Caller, Delivery, DeliverySpec, Request, Retry},
    s3::{BucketSpec, VersionSpec, setting},
};
use serde_json::json;
use spine::Tx;

/// What happened to an object.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// The event without `s3:`, such as `ObjectCreated:Put`.
    pub event: &'static str,
    /// EventBridge's name for it, such as `Object Created`.
    pub detail_type: &'static str,
    /// The key.
    pub key: &'a str,
    /// The version that it happened to.
    pub version: &'a VersionSpec,
    /// What else there is to tell.
    pub about: About<'a>,
}

/// What only some events tell.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// Nothing else.
    Itself,
    /// What created or deleted the object, in EventBridge's words.
    Reason(&'static str),
    /// The class that it moved to.
    Moved(&'a str),
    /// The class that it is restored from, and until when the copy is there if it is.
    Restored(&'a str, Option<Timestamp>),
}

/// Who brought it about.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who, as records say it.
    pub principal: String,
    /// The account, or the service.
    pub requester: String,
    /// From where, as an address; none of what S3 does by itself.
    pub address: Option<String>,
    /// The request's id.
    pub request: String,
    /// When.
    pub at: Timestamp,
    /// The event that the request is on the way of: `X-Amzn-Trace-Id`.
    pub trace: Option<String>,
}

impl Actor {
    /// Whoever makes the request.
    pub fn of(cx: &Cx) -> Self {
        Self {
            principal: format!("AWS:{}", cx.principal.id(&cx.account)),
            requester: cx.account.to_string(),
            address: Some(cx.context().single("aws:SourceIp").unwrap_or("127.0.0.1").to_owned()),
            request: cx.request_id.clone(),
            at: cx.now,
            trace: cx.trace.clone(),
        }
    }

    /// S3 itself.
    pub fn itself(at: Timestamp, request: String) -> Self {
        let name = "s3.amazonaws.com".to_owned();
        Self { principal: name.clone(), requester: name, address: None, request, at, trace: None }
    }
}

/// Writes into the outbox what is to be told of an event.
pub fn tell(tx: &mut Tx, (name, bucket): (&str, &BucketSpec), happened: Happened<'_>, by: &Actor, env: &Env) -> Answer<()> {
    let Some(configuration) = settings::get::<sdk::NotificationConfiguration>(bucket, setting::NOTIFICATION)? else {
        return Ok(());
    };
    let key = happened.key;
    let wanted = |events: &[sdk::Event], filter: &Option<sdk::NotificationConfigurationFilter>| {
        events.iter().any(|event| covers(event.as_str(), happened.event)) && passes(filter.as_ref(), key)
    };
    for one in configuration.queue_configurations.iter().flatten().filter(|one| wanted(&one.events, &one.filter)) {
        let record = words::record(name, bucket, happened, by, one.id.as_deref());
        deliver(tx, (name, bucket), &one.queue_arn, by, env.uuid(), |arn| send(arn, &record.to_string()))?;
    }
    for one in configuration.lambda_function_configurations.iter().flatten().filter(|one| wanted(&one.events, &one.filter)) {
        let record = words::record(name, bucket, happened, by, one.id.as_deref());
        deliver(tx, (name, bucket), &one.lambda_function_arn, by, env.uuid(), |arn| invoke(arn, &record.to_string()))?;
    }
    if configuration.event_bridge_configuration.is_some() {
        let detail = words::detail(name, happened, by);
        let event = AwsEvent { service: "s3", about: find::bucket_arn(name), detail_type: happened.detail_type, detail };
        event.tell(tx, env, (&bucket.owner, &bucket.region))?;
    }
    Ok(())
}

/// Whether a configured event, which may end in `*`, covers one that happened.
fn covers(configured: &str, happened: &str) -> bool {
    let configured = configured.trim_start_matches("s3:");
    configured.strip_suffix('*').map_or(configured == happened, |prefix| happened.starts_with(prefix))
}

fn passes(filter: Option<&sdk::NotificationConfigurationFilter>, key: &str) -> bool {
    let rules = filter.and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
    rules.into_iter().flatten().all(|rule| {
        let value = rule.value.as_deref().unwrap_or_default();
        match rule.name {
            Some(sdk::FilterRuleName::Suffix) => key.ends_with(value),
            _ => key.starts_with(value),
        }
    })
}

fn deliver(
    tx: &mut Tx,
    (name, bucket): (&str, &BucketSpec),
    arn: &str,
    by: &Actor,
    id: String,
    request: impl FnOnce(&Arn) -> Request,
) -> Answer<()> {
    let Some((arn, account, region)) = place(arn) else { return Ok(()) };
    let (call, at) = (request(&arn).traced(by.trace.clone()), by.at);
    let by = caller(name, bucket);
    let spec = DeliverySpec { call, by, wanted: at, not_before: at, retry: Retry::DAY, dead_letter: None };
    Ok(tx.create(&Delivery::key(&account, &region, id), &spec)?)
}

/// In whose name destinations are called.
pub fn caller(name: &str, bucket: &BucketSpec) -> Caller {
    Caller::Service { name: "s3.amazonaws.com".into(), source: find::bucket_arn(name), account: bucket.owner.clone() }
}

/// Where a destination is.
pub fn place(arn: &str) -> Option<(Arn, AccountId, Region)> {
    let arn: Arn = arn.parse().ok()?;
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    Some((arn, account, region))
}

/// A message to a queue.
pub fn send(queue: &Arn, body: &str) -> Request {
    let url = format!("https://sqs.{}.amazonaws.com/{}/{}", queue.region, queue.account, queue.resource);
    Request::new("sqs", "SendMessage", &json!({ "QueueUrl": url, "MessageBody": body }))
}

fn invoke(function: &Arn, payload: &str) -> Request {
    let input = json!({ "FunctionName": function.to_string(), "InvocationType": "Event", "Payload": STANDARD.encode(payload) });
    Request::new("lambda", "Invoke", &input)
}

/// The message that tells a queue that it was configured.
pub fn test_event(cx: &Cx, bucket: &str) -> String {
    let (time, host) = (rfc3339(cx.now), host_id(&cx.request_id));
    json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": time, "Bucket": bucket, "RequestId": cx.request_id, "HostId": host })
        .to_string()
}

fn host_id(request: &str) -> String {
    STANDARD.encode(request)
}

fn rfc3339(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_cover_a_family_and_filters_look_at_both_ends() {
        assert!(covers("s3:ObjectCreated:*", "ObjectCreated:Put"));
        assert!(covers("s3:ObjectCreated:Put", "ObjectCreated:Put"));
        assert!(!covers("s3:ObjectCreated:Post", "ObjectCreated:Put"));
        assert!(!covers("s3:ObjectRemoved:*", "ObjectCreated:Put"));
        let rule = |name, value: &str| sdk::FilterRule { name: Some(name), value: Some(value.into()) };
        let filter = |rules| sdk::NotificationConfigurationFilter { key: Some(sdk::S3KeyFilter { filter_rules: Some(rules) }) };
        let both = filter(vec![rule(sdk::FilterRuleName::Prefix, "in/"), rule(sdk::FilterRuleName::Suffix, ".jpg")]);
        assert!(passes(Some(&both), "in/a.jpg") && !passes(Some(&both), "in/a.png") && !passes(Some(&both), "a.jpg"));
        assert!(passes(None, "x"));
    }
}
