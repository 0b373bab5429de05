//! Options of instances that have operations of their own: monitoring, the metadata service, placement, maintenance, processors, names.

use super::{
    errors::{not_built, not_stopped},
    load::{self, Loaded},
    run::{check_cpu_options, group_of, partition_of},
    views,
};
use crate::{
    errors::{dry_run, invalid_value, missing_parameter},
    records::key,
};
use api::ec2::{
    HostTenancy, HostnameType, HttpTokensState, InstanceAutoRecoveryState, InstanceMetadataEndpointState,
    InstanceMetadataOptionsResponse, InstanceMetadataOptionsState, InstanceMetadataProtocolState, InstanceMetadataTagsState,
    InstanceMonitoring, InstanceRebootMigrationState, ModifyInstanceCpuOptionsRequest, ModifyInstanceCpuOptionsResult,
    ModifyInstanceMaintenanceOptionsRequest, ModifyInstanceMaintenanceOptionsResult, ModifyInstanceMetadataOptionsRequest,
    ModifyInstanceMetadataOptionsResult, ModifyInstancePlacementRequest, ModifyInstancePlacementResult,
    ModifyPrivateDnsNameOptionsRequest, ModifyPrivateDnsNameOptionsResult, MonitorInstancesRequest, MonitorInstancesResult,
    Monitoring, MonitoringState, UnmonitorInstancesRequest, UnmonitorInstancesResult,
};
use front::{Answer, Cx};
use model::ec2::{Instance, InstanceSpec, InstanceState};
use spine::Tx;

fn change(cx: &Cx, tx: &mut Tx, id: &str, f: impl FnOnce(&mut InstanceSpec)) -> Answer<()> {
    Ok(tx.update_spec(&key::<Instance>(cx, id), f)?)
}

/// The instance with that id, which has to be stopped.
fn stopped(cx: &Cx, tx: &Tx, id: &str) -> Answer<Loaded> {
    let loaded = load::instance(cx, tx, id)?;
    if loaded.state() == InstanceState::Stopped { Ok(loaded) } else { Err(not_stopped(id)) }
}

/// `MonitorInstances`.
pub fn monitor(cx: &Cx, tx: &mut Tx, input: &MonitorInstancesRequest) -> Answer<MonitorInstancesResult> {
    if input.metric_category_ids.as_ref().is_some_and(|ids| !ids.is_empty()) {
        return Err(not_built("MetricCategoryId"));
    }
    let monitorings = set_monitoring(cx, tx, &input.instance_ids, true, input.dry_run)?;
    Ok(MonitorInstancesResult { instance_monitorings: Some(monitorings) })
}

/// `UnmonitorInstances`.
pub fn unmonitor(cx: &Cx, tx: &mut Tx, input: &UnmonitorInstancesRequest) -> Answer<UnmonitorInstancesResult> {
    let monitorings = set_monitoring(cx, tx, &input.instance_ids, false, input.dry_run)?;
    Ok(UnmonitorInstancesResult { instance_monitorings: Some(monitorings) })
}

/// A change is shown as being under way in the answer, and as done from then on.
fn set_monitoring(cx: &Cx, tx: &mut Tx, ids: &[String], on: bool, dry: Option<bool>) -> Answer<Vec<InstanceMonitoring>> {
    let instances = load::instances(cx, tx, ids)?;
    if let Some(gone) = instances.iter().find(|loaded| loaded.is_ending()) {
        return Err(super::errors::incorrect_state(format!(
            "The instance '{}' is not in a valid state for this operation.",
            gone.id
        )));
    }
    dry_run(dry)?;
    let mut shown = Vec::new();
    for loaded in instances {
        let changed = loaded.spec.attributes.detailed_monitoring != on;
        change(cx, tx, &loaded.id, |spec| spec.attributes.detailed_monitoring = on)?;
        let state = match (changed, on) {
            (true, true) => MonitoringState::Pending,
            (true, false) => MonitoringState::Disabling,
            (false, true) => MonitoringState::Enabled,
            (false, false) => MonitoringState::Disabled,
        };
        let monitoring = Monitoring { state: Some(state), ..Monitoring::default() };
        shown.push(InstanceMonitoring { instance_id: Some(loaded.id), monitoring: Some(monitoring) });
    }
    Ok(shown)
}

/// `ModifyInstanceMetadataOptions`: what isn't said stays as it is.
pub fn metadata(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyInstanceMetadataOptionsRequest,
) -> Answer<ModifyInstanceMetadataOptionsResult> {
    if input.http_protocol_ipv6 == Some(InstanceMetadataProtocolState::Enabled) {
        return Err(not_built("HttpProtocolIpv6"));
    }
    if let Some(limit) = input.http_put_response_hop_limit.filter(|limit| !(1..=64).contains(limit)) {
        let message = format!("Value ({limit}) for parameter HttpPutResponseHopLimit is invalid. Valid values are 1 to 64");
        return Err(invalid_value(message));
    }
    let loaded = load::living(cx, tx, &input.instance_id)?;
    dry_run(input.dry_run)?;
    let mut options = loaded.spec.metadata.clone();
    if let Some(tokens) = input.http_tokens {
        options.tokens_required = tokens == HttpTokensState::Required;
    }
    if let Some(limit) = input.http_put_response_hop_limit {
        options.hop_limit = limit;
    }
    if let Some(endpoint) = input.http_endpoint {
        options.enabled = endpoint == InstanceMetadataEndpointState::Enabled;
    }
    if let Some(tags) = input.instance_metadata_tags {
        options.tags = tags == InstanceMetadataTagsState::Enabled;
    }
    let shown =
        InstanceMetadataOptionsResponse { state: Some(InstanceMetadataOptionsState::Pending), ..views::metadata(&options) };
    change(cx, tx, &loaded.id, |spec| spec.metadata = options)?;
    Ok(ModifyInstanceMetadataOptionsResult { instance_id: Some(loaded.id), instance_metadata_options: Some(shown) })
}

/// `ModifyInstancePlacement`. An empty group takes the instance out of its group.
pub fn placement(cx: &Cx, tx: &mut Tx, input: &ModifyInstancePlacementRequest) -> Answer<ModifyInstancePlacementResult> {
    for (given, parameter) in [
        (input.affinity.is_some(), "Affinity"),
        (input.host_id.is_some(), "HostId"),
        (input.host_resource_group_arn.is_some(), "HostResourceGroupArn"),
        (input.tenancy == Some(HostTenancy::Host), "Tenancy=host"),
    ] {
        if given {
            return Err(not_built(parameter));
        }
    }
    let loaded = stopped(cx, tx, &input.instance_id)?;
    if let Some(tenancy) = input.tenancy.filter(|tenancy| tenancy.as_str() != loaded.spec.placement.tenancy) {
        let message = format!("The tenancy cannot be changed from {} to {}.", loaded.spec.placement.tenancy, tenancy.as_str());
        return Err(invalid_value(message));
    }
    let mut placement = loaded.spec.placement.clone();
    if input.group_name.is_some() || input.group_id.is_some() {
        let group = group_of(cx, tx, input.group_name.as_deref(), input.group_id.as_deref())?;
        placement.partition = partition_of(group.as_ref().map(|(_, group)| &**group), input.partition_number)?;
        placement.group = group.map(|(_, group)| group.name.clone());
    } else if let Some(number) = input.partition_number {
        let group = group_of(cx, tx, placement.group.as_deref(), None)?;
        placement.partition = partition_of(group.as_ref().map(|(_, group)| &**group), Some(number))?;
    }
    change(cx, tx, &loaded.id, |spec| spec.placement = placement)?;
    Ok(ModifyInstancePlacementResult { r#return: Some(true) })
}

/// `ModifyInstanceMaintenanceOptions`.
pub fn maintenance(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyInstanceMaintenanceOptionsRequest,
) -> Answer<ModifyInstanceMaintenanceOptionsResult> {
    if input.reboot_migration == Some(InstanceRebootMigrationState::Disabled) {
        return Err(not_built("RebootMigration"));
    }
    let loaded = load::living(cx, tx, &input.instance_id)?;
    dry_run(input.dry_run)?;
    let auto_recovery = input.auto_recovery.map_or(loaded.spec.attributes.auto_recovery.clone(), |it| it.as_str().into());
    let shown = InstanceAutoRecoveryState::parse(&auto_recovery);
    change(cx, tx, &loaded.id, |spec| spec.attributes.auto_recovery = auto_recovery)?;
    Ok(ModifyInstanceMaintenanceOptionsResult {
        instance_id: Some(loaded.id),
        auto_recovery: shown,
        reboot_migration: Some(InstanceRebootMigrationState::Default),
    })
}

/// `ModifyInstanceCpuOptions`: for the next start.
pub fn processors(cx: &Cx, tx: &mut Tx, input: &ModifyInstanceCpuOptionsRequest) -> Answer<ModifyInstanceCpuOptionsResult> {
    if input.nested_virtualization.is_some() {
        return Err(not_built("NestedVirtualization"));
    }
    let cores = input.core_count.ok_or_else(|| missing_parameter("CoreCount"))?;
    let threads = input.threads_per_core.ok_or_else(|| missing_parameter("ThreadsPerCore"))?;
    let loaded = stopped(cx, tx, &input.instance_id)?;
    let kind = logic::instance_type::named(&loaded.spec.instance_type);
    let kind = kind.ok_or_else(|| invalid_value(format!("Invalid value '{}' for InstanceType.", loaded.spec.instance_type)))?;
    let options = check_cpu_options(kind, cores, threads)?;
    dry_run(input.dry_run)?;
    change(cx, tx, &loaded.id, |spec| spec.attributes.cpu_options = Some(options))?;
    Ok(ModifyInstanceCpuOptionsResult {
        instance_id: Some(loaded.id),
        core_count: Some(cores),
        threads_per_core: Some(threads),
        ..ModifyInstanceCpuOptionsResult::default()
    })
}

/// `ModifyPrivateDnsNameOptions`: another kind of host name is for the next start.
pub fn private_dns(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyPrivateDnsNameOptionsRequest,
) -> Answer<ModifyPrivateDnsNameOptionsResult> {
    let loaded = match input.private_dns_hostname_type {
        Some(_) => stopped(cx, tx, &input.instance_id)?,
        None => load::living(cx, tx, &input.instance_id)?,
    };
    dry_run(input.dry_run)?;
    change(cx, tx, &loaded.id, |spec| {
        if let Some(kind) = input.private_dns_hostname_type {
            spec.private_dns.resource_name = kind == HostnameType::ResourceName;
        }
        if let Some(record) = input.enable_resource_name_dns_a_record {
            spec.private_dns.a_record = record;
        }
        if let Some(record) = input.enable_resource_name_dns_aaaa_record {
            spec.private_dns.aaaa_record = record;
        }
    })?;
    Ok(ModifyPrivateDnsNameOptionsResult { r#return: Some(true) })
}
