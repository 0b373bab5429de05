//! `CreateEventSourceMapping`, `GetEventSourceMapping`, `ListEventSourceMappings`, `UpdateEventSourceMapping`,
//! `DeleteEventSourceMapping`.

use super::{
    super::{
        errors, names,
        ops::tags,
        page::{Asked, page},
    },
    views::configuration,
    wish::{self, Wish},
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    lambda::{Mapping, MappingSpec},
};
use spine::{Read, Row, Scope, Tx};

/// What decisions about a mapping are about.
pub fn on(cx: &Cx, uuid: &str) -> Vec<Arn> {
    vec![at(cx, uuid).arn()]
}

fn at(cx: &Cx, uuid: &str) -> Key<Mapping> {
    Key::new(&cx.account, &cx.region, uuid)
}

/// `CreateEventSourceMapping`.
pub fn create(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::CreateEventSourceMappingRequest,
) -> Answer<sdk::EventSourceMappingConfiguration> {
    refuse_on_create(input)?;
    let queue = source(input.event_source_arn.as_deref())?;
    let function = names::parse(cx, &input.function_name, None)?;
    let mut spec = MappingSpec {
        queue,
        function: function.key.id.clone(),
        qualifier: function.qualifier.clone(),
        revision: 1,
        modified: cx.now,
        enabled: true,
        deleting: false,
        batch_size: 10,
        window: 0,
        filters: Vec::new(),
        reports_failures: false,
        maximum_concurrency: None,
        tags: input.tags.clone().unwrap_or_default(),
    };
    tags::check(&spec.tags)?;
    let wish = Wish {
        batch_size: input.batch_size,
        window: input.maximum_batching_window_in_seconds,
        filters: input.filter_criteria.clone(),
        responses: input.function_response_types.clone(),
        scaling: input.scaling_config.clone(),
        enabled: input.enabled,
    };
    wish::apply(wish, &mut spec)?;
    wish::fits(cx, tx, &function, &spec.queue)?;
    unique(cx, tx, &spec)?;
    let key = at(cx, &cx.env.uuid());
    tx.create(&key, &spec)?;
    shown(tx, &key)
}

/// What the model's type of a request has that isn't for queues, or isn't built.
fn refuse_on_create(input: &sdk::CreateEventSourceMappingRequest) -> Answer<()> {
    wish::refuse(&[
        ("KMSKeyArn", input.kms_key_arn.is_some()),
        ("MetricsConfig", input.metrics_config.is_some()),
        ("LoggingConfig", input.logging_config.is_some()),
        ("ParallelizationFactor", input.parallelization_factor.is_some()),
        ("StartingPosition", input.starting_position.is_some()),
        ("StartingPositionTimestamp", input.starting_position_timestamp.is_some()),
        ("DestinationConfig", input.destination_config.is_some()),
        ("MaximumRecordAgeInSeconds", input.maximum_record_age_in_seconds.is_some()),
        ("BisectBatchOnFunctionError", input.bisect_batch_on_function_error.is_some()),
        ("MaximumRetryAttempts", input.maximum_retry_attempts.is_some()),
        ("TumblingWindowInSeconds", input.tumbling_window_in_seconds.is_some()),
        ("Topics", input.topics.is_some()),
        ("Queues", input.queues.is_some()),
        ("SourceAccessConfigurations", input.source_access_configurations.is_some()),
        ("SelfManagedEventSource", input.self_managed_event_source.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", input.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", input.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", input.document_db_event_source_config.is_some()),
        ("ProvisionedPollerConfig", input.provisioned_poller_config.is_some()),
    ])
}

fn source(arn: Option<&str>) -> Answer<Arn> {
    let text = arn.ok_or_else(|| errors::invalid("EventSourceArn is required."))?;
    let arn: Arn = text.parse().map_err(|_| errors::invalid("Unrecognized event source."))?;
    match arn.service.as_str() {
        "sqs" => Ok(arn),
        service => Err(errors::not_built(format_args!("event sources of {service}"))),
    }
}

/// A queue is mapped to a function once.
fn unique(cx: &Cx, read: &impl Read, spec: &MappingSpec) -> Answer<()> {
    let same =
        |other: &MappingSpec| (&other.queue, &other.function, &other.qualifier) == (&spec.queue, &spec.function, &spec.qualifier);
    let all = read.specs::<Mapping>(Scope::Region(&cx.account, &cx.region))?;
    match all.iter().find(|(_, other)| same(other)) {
        Some((key, _)) => Err(errors::conflict(format!(
            "An event source mapping with SQS arn (\" {} \") and function (\" {} \") already exists. Please update or delete the existing \
             mapping with UUID {}",
            spec.queue, spec.function, key.id
        ))),
        None => Ok(()),
    }
}

/// `GetEventSourceMapping`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetEventSourceMappingRequest) -> Answer<sdk::EventSourceMappingConfiguration> {
    shown(tx, &at(cx, &input.uuid))
}

/// `ListEventSourceMappings`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListEventSourceMappingsRequest) -> Answer<sdk::ListEventSourceMappingsResponse> {
    let function = input.function_name.as_deref().map(|name| names::parse(cx, name, None)).transpose()?;
    let wanted = |spec: &MappingSpec| {
        let by_queue = input.event_source_arn.as_ref().is_none_or(|arn| *arn == spec.queue.to_string());
        by_queue && function.as_ref().is_none_or(|it| it.key.id == spec.function && it.qualifier == spec.qualifier)
    };
    let all = tx.list::<Mapping>(Scope::Region(&cx.account, &cx.region))?;
    let found: Vec<_> = all.into_iter().filter(|(_, row)| wanted(&row.spec)).collect();
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (found, next_marker) = page(found, &asked, |(key, _)| key.id.clone())?;
    let mappings = found.iter().map(|(key, row)| configuration(key, row)).collect();
    Ok(sdk::ListEventSourceMappingsResponse { next_marker, event_source_mappings: Some(mappings) })
}

/// `UpdateEventSourceMapping`.
pub fn update(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::UpdateEventSourceMappingRequest,
) -> Answer<sdk::EventSourceMappingConfiguration> {
    refuse_on_update(input)?;
    let key = at(cx, &input.uuid);
    let mut spec = (*changeable(tx, &key)?.spec).clone();
    if let Some(name) = &input.function_name {
        let function = names::parse(cx, name, None)?;
        (spec.function, spec.qualifier) = (function.key.id.clone(), function.qualifier.clone());
    }
    let wish = Wish {
        batch_size: input.batch_size,
        window: input.maximum_batching_window_in_seconds,
        filters: input.filter_criteria.clone(),
        responses: input.function_response_types.clone(),
        scaling: input.scaling_config.clone(),
        enabled: input.enabled,
    };
    wish::apply(wish, &mut spec)?;
    let function = names::Named { key: key.function(&spec), qualifier: spec.qualifier.clone() };
    wish::fits(cx, tx, &function, &spec.queue)?;
    (spec.revision, spec.modified) = (spec.revision + 1, cx.now);
    tx.put_spec(&key, &spec)?;
    shown(tx, &key)
}

fn refuse_on_update(input: &sdk::UpdateEventSourceMappingRequest) -> Answer<()> {
    wish::refuse(&[
        ("KMSKeyArn", input.kms_key_arn.is_some()),
        ("MetricsConfig", input.metrics_config.is_some()),
        ("LoggingConfig", input.logging_config.is_some()),
        ("ParallelizationFactor", input.parallelization_factor.is_some()),
        ("DestinationConfig", input.destination_config.is_some()),
        ("MaximumRecordAgeInSeconds", input.maximum_record_age_in_seconds.is_some()),
        ("BisectBatchOnFunctionError", input.bisect_batch_on_function_error.is_some()),
        ("MaximumRetryAttempts", input.maximum_retry_attempts.is_some()),
        ("TumblingWindowInSeconds", input.tumbling_window_in_seconds.is_some()),
        ("SourceAccessConfigurations", input.source_access_configurations.is_some()),
        ("AmazonManagedKafkaEventSourceConfig", input.amazon_managed_kafka_event_source_config.is_some()),
        ("SelfManagedKafkaEventSourceConfig", input.self_managed_kafka_event_source_config.is_some()),
        ("DocumentDBEventSourceConfig", input.document_db_event_source_config.is_some()),
        ("ProvisionedPollerConfig", input.provisioned_poller_config.is_some()),
    ])
}

/// `DeleteEventSourceMapping`. The reconciler ends the poller, then deletes the record.
pub fn delete(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::DeleteEventSourceMappingRequest,
) -> Answer<sdk::EventSourceMappingConfiguration> {
    let key = at(cx, &input.uuid);
    changeable(tx, &key)?;
    tx.update_spec(&key, |spec| spec.deleting = true)?;
    shown(tx, &key)
}

fn found(read: &impl Read, key: &Key<Mapping>) -> Answer<Row<Mapping>> {
    read.get(key)?.ok_or_else(errors::nothing)
}

/// A mapping that isn't on its way out.
fn changeable(read: &impl Read, key: &Key<Mapping>) -> Answer<Row<Mapping>> {
    let row = found(read, key)?;
    match row.spec.deleting {
        true => Err(wire::Fault::client(
            "ResourceInUseException",
            "Cannot update the event source mapping because it is not in ready state.",
        )),
        false => Ok(row),
    }
}

fn shown(read: &impl Read, key: &Key<Mapping>) -> Answer<sdk::EventSourceMappingConfiguration> {
    Ok(configuration(key, &found(read, key)?))
}
