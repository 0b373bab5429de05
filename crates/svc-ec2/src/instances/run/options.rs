//! What a request says of attributes, the metadata service and user data.

use crate::{
    errors::{invalid_combination, invalid_value, missing_parameter},
    instances::{
        defaults,
        errors::{not_built, unsupported},
        hibernation,
    },
};
use api::ec2::{
    CpuOptionsRequest, HostnameType, HttpTokensState, InstanceMarketOptionsRequest, InstanceMetadataEndpointState,
    InstanceMetadataOptionsRequest, InstanceMetadataProtocolState, InstanceMetadataTagsState, MarketType,
    PrivateDnsNameOptionsRequest, RunInstancesRequest, ShutdownBehavior,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx};
use logic::{
    instance::credits_of,
    instance_type::{InstanceType, Optimized},
};
use model::ec2::{ImageSpec, InstanceAttributes, MetadataOptions, PrivateDnsOptions, PurchaseOption};
use spine::Read;

/// The largest user data, decoded (EC2 user guide, "Run commands when you launch an EC2 instance with user data input").
const LARGEST_USER_DATA: usize = 16 * 1024;

/// What can be changed later.
pub fn attributes(
    cx: &Cx,
    read: &impl Read,
    input: &RunInstancesRequest,
    kind: &InstanceType,
    image: &ImageSpec,
) -> Answer<InstanceAttributes> {
    let ebs_optimized = input.ebs_optimized == Some(true);
    if ebs_optimized && kind.ebs.optimized == Optimized::Unsupported {
        let message = "EBS-optimized instances are not supported for your requested configuration. Please check the documentation for \
                       supported configurations.";
        return Err(unsupported(message));
    }
    let hibernates = input.hibernation_options.as_ref().and_then(|options| options.configured) == Some(true);
    if hibernates {
        hibernation::check(kind, image)?;
    }
    let recovery = input.maintenance_options.as_ref().and_then(|options| options.auto_recovery);
    Ok(InstanceAttributes {
        termination_protection: input.disable_api_termination == Some(true),
        stop_protection: input.disable_api_stop == Some(true),
        shutdown_terminates: input.instance_initiated_shutdown_behavior == Some(ShutdownBehavior::Terminate),
        ebs_optimized,
        ena_support: image.ena_support,
        hibernation: hibernates,
        detailed_monitoring: input.monitoring.as_ref().is_some_and(|monitoring| monitoring.enabled),
        unlimited_credits: unlimited(cx, read, input, kind)?,
        cpu_options: input.cpu_options.as_ref().map(|options| cpu_options(options, kind)).transpose()?.flatten(),
        auto_recovery: recovery.map_or("default", |recovery| recovery.as_str()).into(),
    })
}

/// Whether its credits are unlimited: as the request says, else as its family does in this account and region.
fn unlimited(cx: &Cx, read: &impl Read, input: &RunInstancesRequest, kind: &InstanceType) -> Answer<bool> {
    let asked = input.credit_specification.as_ref().map(|asked| asked.cpu_credits.as_str());
    let burstable = credits_of(&kind.name, u32::try_from(kind.vcpus).unwrap_or_default());
    match (asked, burstable) {
        (Some(_), None) => {
            let message = format!("The instance type {} does not support the parameter CreditSpecification.", kind.name);
            Err(invalid_combination(message))
        }
        (Some(asked), Some(_)) => defaults::credits(asked),
        (None, None) => Ok(false),
        (None, Some(credits)) => defaults::unlimited(cx, read, kind, credits),
    }
}

fn cpu_options(asked: &CpuOptionsRequest, kind: &InstanceType) -> Answer<Option<(i32, i32)>> {
    match (asked.core_count, asked.threads_per_core) {
        (None, None) => Ok(None),
        (Some(cores), Some(threads)) => check_cpu_options(kind, cores, threads).map(Some),
        (None, Some(_)) => Err(missing_parameter("CpuOptions.CoreCount")),
        (Some(_), None) => Err(missing_parameter("CpuOptions.ThreadsPerCore")),
    }
}

/// Refuses numbers of cores and threads that a type can't have.
pub fn check_cpu_options(kind: &InstanceType, cores: i32, threads: i32) -> Answer<(i32, i32)> {
    let can_cores = kind.valid_cores.as_ref().map_or_else(|| vec![kind.cores], |valid| valid.list());
    let can_threads = kind.valid_threads.clone().unwrap_or_else(|| vec![kind.threads]);
    for (value, valid, name) in [(cores, can_cores, "CoreCount"), (threads, can_threads, "ThreadsPerCore")] {
        if !valid.contains(&value) {
            let message =
                format!("Value ({value}) for parameter CpuOptions.{name} is invalid for the instance type {}.", kind.name);
            return Err(invalid_value(message));
        }
    }
    Ok((cores, threads))
}

/// The metadata service: as the request says, else as the image demands, else as the account has it in this region.
pub fn metadata(
    cx: &Cx,
    read: &impl Read,
    asked: Option<&InstanceMetadataOptionsRequest>,
    image: &ImageSpec,
) -> Answer<MetadataOptions> {
    let defaults = default_metadata(cx, read, image.imds_v2)?;
    let Some(asked) = asked else { return Ok(defaults) };
    if asked.http_protocol_ipv6 == Some(InstanceMetadataProtocolState::Enabled) {
        return Err(not_built("MetadataOptions.HttpProtocolIpv6"));
    }
    let hop_limit = asked.http_put_response_hop_limit.unwrap_or(defaults.hop_limit);
    if !(1..=64).contains(&hop_limit) {
        let message = format!("Value ({hop_limit}) for parameter HttpPutResponseHopLimit is invalid. Valid values are 1 to 64");
        return Err(invalid_value(message));
    }
    Ok(MetadataOptions {
        enabled: asked.http_endpoint.map_or(defaults.enabled, |state| state == InstanceMetadataEndpointState::Enabled),
        tokens_required: asked.http_tokens.map_or(defaults.tokens_required, |state| state == HttpTokensState::Required),
        hop_limit,
        tags: asked.instance_metadata_tags.map_or(defaults.tags, |state| state == InstanceMetadataTagsState::Enabled),
        ipv6: false,
    })
}

/// The metadata service of who says nothing: an image that demands tokens has a hop limit of 2, so that containers reach it.
fn default_metadata(cx: &Cx, read: &impl Read, imds_v2: bool) -> Answer<MetadataOptions> {
    let account = defaults::read(cx, read)?;
    Ok(MetadataOptions {
        enabled: account.endpoint_enabled.unwrap_or(true),
        tokens_required: imds_v2 || account.tokens_required == Some(true),
        hop_limit: account.hop_limit.unwrap_or(if imds_v2 { 2 } else { 1 }),
        tags: account.metadata_tags.unwrap_or(false),
        ipv6: false,
    })
}

/// How its capacity is bought: on demand, which nobody needs to say. A market of another kind is refused by name.
pub fn purchase(asked: Option<&InstanceMarketOptionsRequest>) -> Answer<PurchaseOption> {
    match asked.and_then(|asked| asked.market_type) {
        None if asked.is_none_or(|asked| asked.spot_options.is_none()) => Ok(PurchaseOption::OnDemand),
        Some(MarketType::Spot) | None => Err(not_built("InstanceMarketOptions.MarketType=spot")),
        Some(other) => Err(not_built(&format!("InstanceMarketOptions.MarketType={}", other.as_str()))),
    }
}

/// What its host name is made of: what is asked for, and for the rest what its subnet says.
pub fn private_dns(asked: Option<&PrivateDnsNameOptionsRequest>, subnet: &PrivateDnsOptions) -> PrivateDnsOptions {
    let Some(asked) = asked else { return subnet.clone() };
    let resource_name = asked.hostname_type.map(|kind| kind == HostnameType::ResourceName);
    PrivateDnsOptions {
        resource_name: resource_name.unwrap_or(subnet.resource_name),
        a_record: asked.enable_resource_name_dns_a_record.unwrap_or(subnet.a_record),
        aaaa_record: asked.enable_resource_name_dns_aaaa_record.unwrap_or(subnet.aaaa_record),
    }
}

/// User data, which comes in base64: checked, and as it came. An empty text is none.
pub fn user_data(text: &str) -> Answer<Option<String>> {
    let compact: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(&compact).map_err(|_| invalid_value("Invalid BASE64 encoding of user data."))?;
    if bytes.len() > LARGEST_USER_DATA {
        return Err(invalid_value(format!("User data is limited to {LARGEST_USER_DATA} bytes")));
    }
    Ok(Some(compact).filter(|text| !text.is_empty()))
}
