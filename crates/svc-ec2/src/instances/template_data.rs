//! `GetLaunchTemplateData`: what a launch template would say that launches instances like this one.

use super::{
    defaults::credits_text,
    load::{self, Belongings, Disk, Loaded},
    views,
};
use crate::{errors::dry_run, records::key, tags};
use api::ec2::{
    CreditSpecification, GetLaunchTemplateDataRequest, GetLaunchTemplateDataResult, HostnameType,
    LaunchTemplateAutoRecoveryState, LaunchTemplateBlockDeviceMapping, LaunchTemplateCpuOptions, LaunchTemplateEbsBlockDevice,
    LaunchTemplateEnclaveOptions, LaunchTemplateHibernationOptions, LaunchTemplateHttpTokensState,
    LaunchTemplateIamInstanceProfileSpecification, LaunchTemplateInstanceMaintenanceOptions,
    LaunchTemplateInstanceMetadataEndpointState, LaunchTemplateInstanceMetadataOptions, LaunchTemplateInstanceMetadataTagsState,
    LaunchTemplateInstanceNetworkInterfaceSpecification, LaunchTemplatePlacement, LaunchTemplatePrivateDnsNameOptions,
    LaunchTemplateTagSpecification, LaunchTemplatesMonitoring, PrivateIpAddressSpecification, ResourceType,
    ResponseLaunchTemplateData, ShutdownBehavior, Tenancy, VolumeType,
};
use front::{Answer, Cx};
use logic::{instance::credits_of, instance_type};
use model::ec2::{Instance, InstanceSpec, MetadataOptions, NetworkInterfaceSpec, Placement, VolumeAttachment};
use spine::Tx;

/// `GetLaunchTemplateData`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &GetLaunchTemplateDataRequest) -> Answer<GetLaunchTemplateDataResult> {
    let loaded = load::living(cx, tx, &input.instance_id)?;
    dry_run(input.dry_run)?;
    let belongings = load::belongings(tx, &key::<Instance>(cx, &loaded.id), &loaded.spec)?;
    Ok(GetLaunchTemplateDataResult { launch_template_data: Some(data(&loaded, &belongings)) })
}

fn data(loaded: &Loaded, belongings: &Belongings) -> ResponseLaunchTemplateData {
    let (spec, attributes) = (&*loaded.spec, &loaded.spec.attributes);
    let attached = |disk: &Disk| disk.attachment(&loaded.id).map(|(attachment, _)| device(disk, attachment));
    let shutdown = if attributes.shutdown_terminates { ShutdownBehavior::Terminate } else { ShutdownBehavior::Stop };
    let profile = spec.profile.as_ref().map(|profile| LaunchTemplateIamInstanceProfileSpecification {
        arn: Some(profile.arn.clone()),
        ..LaunchTemplateIamInstanceProfileSpecification::default()
    });
    ResponseLaunchTemplateData {
        ebs_optimized: Some(attributes.ebs_optimized),
        iam_instance_profile: profile,
        block_device_mappings: Some(belongings.volumes.iter().filter_map(attached).collect()),
        network_interfaces: Some(belongings.interfaces.iter().map(|(_, it)| interface(spec, it)).collect()),
        image_id: Some(spec.image.clone()),
        instance_type: Some(spec.instance_type.clone()),
        key_name: spec.key.as_ref().map(|key| key.name.clone()),
        placement: Some(placement(&spec.placement)),
        disable_api_termination: Some(attributes.termination_protection),
        disable_api_stop: Some(attributes.stop_protection),
        instance_initiated_shutdown_behavior: Some(shutdown),
        user_data: spec.user_data.clone(),
        tag_specifications: tag_specifications(spec),
        ..options(spec)
    }
}

fn options(spec: &InstanceSpec) -> ResponseLaunchTemplateData {
    let attributes = &spec.attributes;
    let kind = instance_type::named(&spec.instance_type);
    let burstable = kind.is_some_and(|kind| credits_of(&kind.name, u32::try_from(kind.vcpus).unwrap_or_default()).is_some());
    let credits = CreditSpecification { cpu_credits: Some(credits_text(attributes.unlimited_credits).into()) };
    let processors = attributes.cpu_options.or(kind.map(|kind| (kind.cores, kind.threads)));
    let processors = processors.map(|(cores, threads)| LaunchTemplateCpuOptions {
        core_count: Some(cores),
        threads_per_core: Some(threads),
        ..LaunchTemplateCpuOptions::default()
    });
    let hostname = if spec.private_dns.resource_name { HostnameType::ResourceName } else { HostnameType::IpName };
    let monitoring =
        LaunchTemplatesMonitoring { enabled: Some(attributes.detailed_monitoring), ..LaunchTemplatesMonitoring::default() };
    ResponseLaunchTemplateData {
        monitoring: Some(monitoring),
        credit_specification: burstable.then_some(credits),
        cpu_options: processors,
        hibernation_options: Some(LaunchTemplateHibernationOptions { configured: Some(attributes.hibernation) }),
        metadata_options: Some(metadata(&spec.metadata)),
        enclave_options: Some(LaunchTemplateEnclaveOptions { enabled: Some(false) }),
        private_dns_name_options: Some(LaunchTemplatePrivateDnsNameOptions {
            hostname_type: Some(hostname),
            enable_resource_name_dns_a_record: Some(spec.private_dns.a_record),
            enable_resource_name_dns_aaaa_record: Some(spec.private_dns.aaaa_record),
        }),
        maintenance_options: Some(LaunchTemplateInstanceMaintenanceOptions {
            auto_recovery: LaunchTemplateAutoRecoveryState::parse(&attributes.auto_recovery),
        }),
        ..ResponseLaunchTemplateData::default()
    }
}

fn device(disk: &Disk, attachment: &VolumeAttachment) -> LaunchTemplateBlockDeviceMapping {
    let number = |value: u32| i32::try_from(value).ok();
    let performance = &disk.spec.performance;
    LaunchTemplateBlockDeviceMapping {
        device_name: Some(attachment.device.clone()),
        ebs: Some(LaunchTemplateEbsBlockDevice {
            encrypted: Some(disk.spec.encryption.is_some()),
            delete_on_termination: Some(attachment.delete_on_termination),
            // Of the other types they follow from the size, and can't be asked for.
            iops: performance.iops.filter(|_| matches!(&*performance.volume_type, "gp3" | "io1" | "io2")).and_then(number),
            snapshot_id: disk.spec.snapshot.clone(),
            volume_size: number(disk.spec.size),
            volume_type: VolumeType::parse(&performance.volume_type),
            throughput: performance.throughput.filter(|_| performance.volume_type == "gp3").and_then(number),
            ..LaunchTemplateEbsBlockDevice::default()
        }),
        ..LaunchTemplateBlockDeviceMapping::default()
    }
}

/// An interface like it: in its subnet, with its groups and addresses.
fn interface(spec: &InstanceSpec, it: &NetworkInterfaceSpec) -> LaunchTemplateInstanceNetworkInterfaceSpecification {
    let attachment = it.attachment.as_ref();
    let index = attachment.map_or(0, |attachment| attachment.device_index);
    let addresses = it.addresses().enumerate().map(|(n, address)| PrivateIpAddressSpecification {
        primary: Some(n == 0),
        private_ip_address: Some(address.address.to_string()),
    });
    LaunchTemplateInstanceNetworkInterfaceSpecification {
        associate_public_ip_address: (index == 0).then_some(spec.public_address),
        delete_on_termination: attachment.map(|attachment| attachment.delete_on_termination),
        description: Some(it.description.clone()),
        device_index: Some(index),
        groups: Some(it.groups.clone()),
        interface_type: Some("interface".into()),
        private_ip_addresses: Some(addresses.collect()),
        subnet_id: Some(it.subnet.clone()),
        network_card_index: Some(0),
        ..LaunchTemplateInstanceNetworkInterfaceSpecification::default()
    }
}

fn placement(spec: &Placement) -> LaunchTemplatePlacement {
    LaunchTemplatePlacement {
        availability_zone: Some(spec.zone.clone()),
        group_name: Some(spec.group.clone().unwrap_or_default()),
        partition_number: spec.partition,
        tenancy: Tenancy::parse(&spec.tenancy),
        ..LaunchTemplatePlacement::default()
    }
}

fn metadata(options: &MetadataOptions) -> LaunchTemplateInstanceMetadataOptions {
    let shown = views::metadata(options);
    LaunchTemplateInstanceMetadataOptions {
        http_tokens: shown.http_tokens.and_then(|it| LaunchTemplateHttpTokensState::parse(it.as_str())),
        http_put_response_hop_limit: shown.http_put_response_hop_limit,
        http_endpoint: shown.http_endpoint.and_then(|it| LaunchTemplateInstanceMetadataEndpointState::parse(it.as_str())),
        instance_metadata_tags: shown
            .instance_metadata_tags
            .and_then(|it| LaunchTemplateInstanceMetadataTagsState::parse(it.as_str())),
        ..LaunchTemplateInstanceMetadataOptions::default()
    }
}

fn tag_specifications(spec: &InstanceSpec) -> Option<Vec<LaunchTemplateTagSpecification>> {
    let tags = tags::view_if_any(&spec.tags)?;
    Some(vec![LaunchTemplateTagSpecification { resource_type: Some(ResourceType::Instance), tags: Some(tags) }])
}
