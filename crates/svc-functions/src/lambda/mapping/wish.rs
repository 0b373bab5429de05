//! What can be asked of a mapping (Lambda API reference, `CreateEventSourceMapping`).

use super::super::{errors, find, names::Named};
use api::lambda as sdk;
use front::{Answer, Behalf, Cx, Facts};
use logic::{event_pattern::Pattern, policy::Kind};
use model::{
    AccountId, Arn, Key, Region,
    lambda::{Function, MappingSpec},
    sqs::{Queue, QueueSpec},
};
use spine::Read;
use std::sync::Arc;

/// The most filters of a mapping, and the longest.
const MOST_FILTERS: usize = 5;
const LONGEST_FILTER: usize = 4096;

/// The largest batch that isn't gathered, and the largest of a FIFO queue.
const LARGEST_AT_ONCE: u32 = 10;

/// What both creating and changing can ask for.
pub struct Wish {
    /// `BatchSize`.
    pub batch_size: Option<i32>,
    /// `MaximumBatchingWindowInSeconds`.
    pub window: Option<i32>,
    /// `FilterCriteria`.
    pub filters: Option<sdk::FilterCriteria>,
    /// `FunctionResponseTypes`.
    pub responses: Option<Vec<sdk::FunctionResponseType>>,
    /// `ScalingConfig`.
    pub scaling: Option<sdk::ScalingConfig>,
    /// `Enabled`.
    pub enabled: Option<bool>,
}

/// Refuses parameters that SQS doesn't have, and those that aren't built.
pub fn refuse(given: &[(&str, bool)]) -> Answer<()> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(errors::not_built(format_args!("the parameter {name} of an event source mapping"))),
        None => Ok(()),
    }
}

/// Asks it of a mapping.
///
/// # Errors
/// `InvalidParameterValueException`.
pub fn apply(wish: Wish, spec: &mut MappingSpec) -> Answer<()> {
    let unsigned = |number: i32| u32::try_from(number).unwrap_or_default();
    spec.batch_size = wish.batch_size.map_or(spec.batch_size, unsigned);
    spec.window = wish.window.map_or(spec.window, unsigned);
    spec.enabled = wish.enabled.unwrap_or(spec.enabled);
    if let Some(responses) = wish.responses {
        spec.reports_failures = !responses.is_empty();
    }
    if let Some(scaling) = wish.scaling {
        spec.maximum_concurrency = scaling.maximum_concurrency.map(unsigned);
    }
    if let Some(criteria) = wish.filters {
        spec.filters = criteria.filters.unwrap_or_default().into_iter().filter_map(|filter| filter.pattern).collect();
    }
    check(spec)
}

fn check(spec: &MappingSpec) -> Answer<()> {
    let fifo = spec.queue.resource.ends_with(".fifo");
    if fifo && spec.batch_size > LARGEST_AT_ONCE {
        return Err(errors::invalid("Batch size is invalid. For FIFO queues, maximum batch size is 10."));
    }
    if fifo && spec.window > 0 {
        return Err(errors::invalid("Batching window is not supported for FIFO queues."));
    }
    if spec.batch_size > LARGEST_AT_ONCE && spec.window == 0 {
        return Err(errors::invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ));
    }
    if spec.filters.len() > MOST_FILTERS || spec.filters.iter().any(|filter| filter.len() > LONGEST_FILTER) {
        return Err(errors::invalid("Invalid filter pattern definition. A mapping has at most 5 filters of at most 4096 bytes."));
    }
    let bad = |filter: &String| Pattern::parse(filter).is_err();
    if spec.filters.iter().any(bad) { Err(errors::invalid("Invalid filter pattern definition.")) } else { Ok(()) }
}

/// Refuses a mapping that couldn't work: the queue isn't there, the function's role may not use it, or the function may take longer than
/// messages stay invisible.
///
/// # Errors
/// `InvalidParameterValueException`, and `ResourceNotFoundException` if there is no such function.
pub fn fits(cx: &Cx, read: &impl Read, function: &Named, queue: &Arn) -> Answer<()> {
    let found = find::version(read, function)?;
    let configuration = &found.row.spec.release.configuration;
    let key = queue_key(queue).filter(|key| key.region == cx.region);
    let missing = || {
        errors::invalid(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The \
             specified queue does not exist.",
        )
    };
    let record = key.as_ref().map(|key| read.spec(key)).transpose()?.flatten().ok_or_else(missing)?;
    permitted(cx, &function.key, &configuration.role, queue, &record)?;
    if record.visibility < configuration.timeout {
        let (visibility, timeout) = (record.visibility, configuration.timeout);
        return Err(errors::invalid(format!(
            "Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
        )));
    }
    Ok(())
}

/// The queue of an ARN.
pub fn queue_key(arn: &Arn) -> Option<Key<Queue>> {
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    (arn.service == "sqs" && !arn.resource.is_empty()).then(|| Key::new(&account, &region, &arn.resource))
}

fn permitted(cx: &Cx, function: &Key<Function>, role: &str, queue: &Arn, record: &Arc<QueueSpec>) -> Answer<()> {
    let behalf = Behalf { account: &function.account, role, session: &function.id, region: cx.region.as_str() };
    let facts = Facts { tags: record.tags.clone(), ..Facts::default() };
    let facts = match &record.policy {
        Some(policy) => facts.with_policy(&queue.to_string(), policy, Kind::Resource),
        None => facts,
    };
    for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"] {
        let decided = behalf.may(cx.snapshot(), cx.now, &format!("sqs:{action}"), (Some(queue), &facts))?;
        let said = format!("The function execution role does not have permissions to call {action} on SQS");
        decided.map_err(|_| errors::invalid(said))?;
    }
    Ok(())
}
