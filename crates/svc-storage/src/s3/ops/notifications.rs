//! Which destinations a bucket tells of what happens in it.

use crate::s3::{Storage, errors, find, notify, ops::configure::change, settings};
use api::s3 as sdk;
use front::{Answer, Cx};
use model::{delivery::Request, s3::setting};
use serde_json::json;
use spine::Tx;
use std::sync::Arc;
use wire::Fault;

/// The configuration.
pub fn get(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetBucketNotificationConfigurationRequest,
) -> Answer<sdk::NotificationConfiguration> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Ok(settings::get(&bucket, setting::NOTIFICATION)?.unwrap_or_default())
}

/// Sets the configuration, once every destination takes what the bucket sends.
pub async fn put(cx: Cx, s3: Arc<Storage>, input: sdk::PutBucketNotificationConfigurationRequest) -> Answer<()> {
    let mut configuration = input.notification_configuration;
    if configuration.topic_configurations.as_ref().is_some_and(|all| !all.is_empty()) {
        return Err(errors::not_built("notifications to SNS"));
    }
    name(&cx, &mut configuration);
    check(&configuration)?;
    let bucket = find::bucket(&cx, &s3.store.snapshot(), &input.bucket, input.expected_bucket_owner.as_ref())?;
    let known = settings::get::<sdk::NotificationConfiguration>(&bucket, setting::NOTIFICATION)?.unwrap_or_default();
    if input.skip_destination_validation != Some(true) {
        for (kind, arn, request) in destinations(&cx, &input.bucket, &configuration, &known) {
            let valid = match notify::place(&arn) {
                Some((_, account, region)) => {
                    s3.calls.make(&notify::caller(&input.bucket, &bucket), (&account, &region), &request).await
                }
                None => return Err(errors::invalid_argument("The ARN could not be parsed", kind, arn)),
            };
            if let Err(fault) = valid {
                tracing::debug!(%fault, arn, "a destination of notifications refuses");
                return Err(unable(kind, &arn, &fault));
            }
        }
    }
    s3.store
        .transact(|tx| {
            change(&cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
                settings::set(bucket, setting::NOTIFICATION, configuration.clone());
                Ok(())
            })
        })
        .await
}

fn unable(kind: &'static str, arn: &str, fault: &Fault) -> Fault {
    let fault = errors::invalid_argument(
        "Unable to validate the following destination configurations",
        kind,
        format!("{arn}, {}", fault.message),
    );
    Fault { internal: None, ..fault }
}

/// Every configuration has a name; S3 names those that haven't.
fn name(cx: &Cx, configuration: &mut sdk::NotificationConfiguration) {
    let queues = configuration.queue_configurations.iter_mut().flatten().map(|one| &mut one.id);
    let functions = configuration.lambda_function_configurations.iter_mut().flatten().map(|one| &mut one.id);
    for id in queues.chain(functions).filter(|id| id.is_none()) {
        *id = Some(cx.env.uuid());
    }
}

/// One configuration, as the checks see it.
type One<'a> = (&'a Option<String>, &'a [sdk::Event], &'a Option<sdk::NotificationConfigurationFilter>);

fn all(configuration: &sdk::NotificationConfiguration) -> Vec<One<'_>> {
    let queues = configuration.queue_configurations.iter().flatten().map(|one| (&one.id, one.events.as_slice(), &one.filter));
    let functions = configuration.lambda_function_configurations.iter().flatten();
    queues.chain(functions.map(|one| (&one.id, one.events.as_slice(), &one.filter))).collect()
}

fn check(configuration: &sdk::NotificationConfiguration) -> Answer<()> {
    let all = all(configuration);
    for (_, events, filter) in &all {
        if events.is_empty() {
            return Err(errors::malformed_xml());
        }
        let told = [
            "s3:ObjectCreated",
            "s3:ObjectRemoved",
            "s3:ObjectTagging",
            "s3:ObjectAcl",
            "s3:LifecycleExpiration",
            "s3:LifecycleTransition",
            "s3:ObjectRestore",
        ];
        if let Some(event) = events.iter().find(|event| !told.iter().any(|known| event.as_str().starts_with(known))) {
            return Err(errors::not_built(format_args!("the event {}", event.as_str())));
        }
        let rules = || filter.iter().filter_map(|filter| filter.key.as_ref()?.filter_rules.as_ref()).flatten();
        for name in [sdk::FilterRuleName::Prefix, sdk::FilterRuleName::Suffix] {
            if rules().filter(|rule| rule.name == Some(name)).count() > 1 {
                let message = format!("Cannot specify more than one {} rule in a filter.", name.as_str());
                return Err(errors::invalid_argument(message, "FilterRule", name.as_str()));
            }
        }
    }
    for (index, one) in all.iter().enumerate() {
        if let Some(other) = all[index + 1..].iter().find(|other| overlaps(one, other)) {
            return Err(errors::invalid_argument(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                "Id",
                other.0.clone().unwrap_or_default(),
            ));
        }
        if all[index + 1..].iter().any(|other| one.0 == other.0) {
            return Err(errors::invalid_argument(
                "Same ID used for multiple configurations. IDs must be unique",
                "Id",
                one.0.clone().unwrap_or_default(),
            ));
        }
    }
    Ok(())
}

/// Whether two configurations may be told of one event: by its kind, and by prefix and suffix.
fn overlaps(one: &One<'_>, other: &One<'_>) -> bool {
    let family = |event: &sdk::Event| event.as_str().trim_end_matches('*').to_owned();
    let shared =
        one.1.iter().any(|a| other.1.iter().any(|b| family(a).starts_with(&family(b)) || family(b).starts_with(&family(a))));
    let rule = |of: &One<'_>, name| {
        let rules = of.2.as_ref().and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
        let found = rules.into_iter().flatten().find(|rule| rule.name == Some(name));
        found.and_then(|rule| rule.value.clone()).unwrap_or_default()
    };
    let (a, b) = (rule(one, sdk::FilterRuleName::Prefix), rule(other, sdk::FilterRuleName::Prefix));
    let (c, d) = (rule(one, sdk::FilterRuleName::Suffix), rule(other, sdk::FilterRuleName::Suffix));
    shared && (a.starts_with(&b) || b.starts_with(&a)) && (c.ends_with(&d) || d.ends_with(&c))
}

/// What shows of each new destination that it takes what is sent.
fn destinations(
    cx: &Cx,
    bucket: &str,
    configuration: &sdk::NotificationConfiguration,
    known: &sdk::NotificationConfiguration,
) -> Vec<(&'static str, String, Request)> {
    let queues = configuration
        .queue_configurations
        .iter()
        .flatten()
        .filter(|one| !known.queue_configurations.iter().flatten().any(|old| old.queue_arn == one.queue_arn));
    let queues = queues.filter_map(|one| {
        let (arn, ..) = notify::place(&one.queue_arn)?;
        Some(("QueueArn", one.queue_arn.clone(), notify::send(&arn, &notify::test_event(cx, bucket))))
    });
    let functions = configuration.lambda_function_configurations.iter().flatten().map(|one| {
        let input = json!({ "FunctionName": one.lambda_function_arn, "InvocationType": "DryRun" });
        ("LambdaFunctionArn", one.lambda_function_arn.clone(), Request::new("lambda", "Invoke", &input))
    });
    queues.chain(functions).collect()
}
