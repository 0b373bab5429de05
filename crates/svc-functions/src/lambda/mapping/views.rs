//! From a mapping's record to what the API shows.

use super::super::views::number;
use api::lambda as sdk;
use model::{Key, lambda::Mapping};
use spine::Row;
use wire::Time;

/// A mapping.
pub fn configuration(key: &Key<Mapping>, row: &Row<Mapping>) -> sdk::EventSourceMappingConfiguration {
    let spec = &row.spec;
    let filters: Vec<_> = spec.filters.iter().map(|pattern| sdk::Filter { pattern: Some(pattern.clone()) }).collect();
    let reports = spec.reports_failures.then_some(sdk::FunctionResponseType::ReportBatchItemFailures);
    sdk::EventSourceMappingConfiguration {
        uuid: Some(key.id.clone()),
        batch_size: number(spec.batch_size),
        maximum_batching_window_in_seconds: number(spec.window),
        event_source_arn: Some(spec.queue.to_string()),
        filter_criteria: (!filters.is_empty()).then_some(sdk::FilterCriteria { filters: Some(filters) }),
        scaling_config: spec.maximum_concurrency.map(|most| sdk::ScalingConfig { maximum_concurrency: number(most) }),
        function_arn: Some(key.function(spec).arn_of(spec.qualifier.as_deref()).to_string()),
        last_modified: Some(Time(spec.modified.0)),
        last_processing_result: row.observed.result.clone(),
        state: Some(spec.state(&row.plan).to_owned()),
        state_transition_reason: Some("USER_INITIATED".to_owned()),
        function_response_types: Some(reports.into_iter().collect()),
        event_source_mapping_arn: Some(key.arn().to_string()),
        ..sdk::EventSourceMappingConfiguration::default()
    }
}
