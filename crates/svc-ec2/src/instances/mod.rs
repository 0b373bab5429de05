//! Instances: machines that somebody launches, and their life until they are gone.
//!
//! **Built:** launching with all that belongs to it (volumes, interfaces, profile, placement, options), the states and their reasons, status
//! checks, scheduled events, attributes, replacement of the root volume, templates of instances, CPU credits that throttle, metering, the console's output. What is due for an instance is
//! decided in `logic::instance`; [`Instances`] writes it, and tells a host which machine it is to have.
//!
//! **Not built:** capacity reservations, Spot, dedicated hosts, IPv6, enclaves,
//! elastic accelerators, kernels of one's own, passwords of Windows: refused by name.

mod access;
mod attributes;
mod console;
mod credits;
mod defaults;
mod describe;
mod errors;
mod events;
mod hibernation;
mod hosts;
mod load;
mod options;
mod power;
mod profiles;
mod reconcile;
mod replace_root;
mod run;
mod template_data;
mod views;

pub use defaults::serial_console_enabled;
pub use events::{schedule, schedule_for};
pub use hosts::{Hosts, taken};
pub use reconcile::Instances;
pub use replace_root::RootReplacements;

use crate::access::{all, found, on};
use api::ec2;
use front::Service;
use std::sync::Arc;

/// The operations on instances.
pub fn rows(service: Service, hosts: &Arc<Hosts>) -> Service {
    let service = replace_root::rows(console_rows(describe_rows(service), hosts));
    default_rows(profile_rows(option_rows(attribute_rows(power_rows(service, hosts)))))
}

fn describe_rows(service: Service) -> Service {
    service
        .op::<ec2::DescribeInstances>(all(), describe::instances)
        .op::<ec2::GetLaunchTemplateData>(on(|cx, i| access::one(cx, &i.instance_id)), template_data::get)
        .op::<ec2::DescribeInstanceStatus>(all(), describe::statuses)
        .op::<ec2::DescribeInstanceTopology>(all(), describe::topology)
        .op::<ec2::DescribeInstanceImageMetadata>(all(), describe::image_metadata)
}

fn power_rows(service: Service, hosts: &Arc<Hosts>) -> Service {
    let (launching, starting) = (hosts.clone(), hosts.clone());
    service
        .op::<ec2::RunInstances>(access::run(), move |cx, tx, i| run::run(&launching, cx, tx, i))
        .op::<ec2::StartInstances>(on(|cx, i| access::many(cx, &i.instance_ids)), move |cx, tx, i| {
            power::start(&starting, cx, tx, i)
        })
        .op::<ec2::StopInstances>(on(|cx, i| access::many(cx, &i.instance_ids)), power::stop)
        .op::<ec2::RebootInstances>(on(|cx, i| access::many(cx, &i.instance_ids)), power::reboot)
        .op::<ec2::TerminateInstances>(on(|cx, i| access::many(cx, &i.instance_ids)), power::terminate)
}

fn console_rows(service: Service, hosts: &Arc<Hosts>) -> Service {
    service
        .op_async::<ec2::GetConsoleOutput, _, _>(on(|cx, i| access::one(cx, &i.instance_id)), hosts, console::output)
        .op_async::<ec2::GetConsoleScreenshot, _, _>(on(|cx, i| access::one(cx, &i.instance_id)), hosts, console::screenshot)
        .op::<ec2::GetPasswordData>(on(|cx, i| access::one(cx, &i.instance_id)), console::password)
        .op::<ec2::ModifyInstanceEventStartTime>(on(|cx, i| access::one(cx, &i.instance_id)), events::modify_start)
        .op::<ec2::ReportInstanceStatus>(all(), events::report)
}

fn attribute_rows(service: Service) -> Service {
    service
        .op::<ec2::DescribeInstanceAttribute>(on(|cx, i| access::one(cx, &i.instance_id)), attributes::describe)
        .op::<ec2::ModifyInstanceAttribute>(on(|cx, i| access::one(cx, &i.instance_id)), attributes::modify)
        .op::<ec2::ResetInstanceAttribute>(on(|cx, i| access::one(cx, &i.instance_id)), attributes::reset)
        .op::<ec2::DescribeInstanceCreditSpecifications>(all(), credits::describe)
        .op::<ec2::ModifyInstanceCreditSpecification>(
            on(|cx, i| {
                let named = i.instance_credit_specifications.iter().map(|one| one.instance_id.clone());
                access::many(cx, &named.collect::<Vec<_>>())
            }),
            credits::modify,
        )
}

fn option_rows(service: Service) -> Service {
    service
        .op::<ec2::MonitorInstances>(on(|cx, i| access::many(cx, &i.instance_ids)), options::monitor)
        .op::<ec2::UnmonitorInstances>(on(|cx, i| access::many(cx, &i.instance_ids)), options::unmonitor)
        .op::<ec2::ModifyInstanceMetadataOptions>(on(|cx, i| access::one(cx, &i.instance_id)), options::metadata)
        .op::<ec2::ModifyInstancePlacement>(on(|cx, i| access::one(cx, &i.instance_id)), options::placement)
        .op::<ec2::ModifyInstanceMaintenanceOptions>(on(|cx, i| access::one(cx, &i.instance_id)), options::maintenance)
        .op::<ec2::ModifyInstanceCpuOptions>(on(|cx, i| access::one(cx, &i.instance_id)), options::processors)
        .op::<ec2::ModifyPrivateDnsNameOptions>(on(|cx, i| access::one(cx, &i.instance_id)), options::private_dns)
}

fn profile_rows(service: Service) -> Service {
    service
        .op::<ec2::AssociateIamInstanceProfile>(on(|cx, i| access::one(cx, &i.instance_id)), profiles::associate)
        .op::<ec2::ReplaceIamInstanceProfileAssociation>(
            found(|cx, snapshot, i| access::associated(cx, snapshot, &i.association_id)),
            profiles::replace,
        )
        .op::<ec2::DisassociateIamInstanceProfile>(
            found(|cx, snapshot, i| access::associated(cx, snapshot, &i.association_id)),
            profiles::disassociate,
        )
        .op::<ec2::DescribeIamInstanceProfileAssociations>(all(), profiles::describe)
}

fn default_rows(service: Service) -> Service {
    service
        .op::<ec2::GetDefaultCreditSpecification>(all(), defaults::get_credits)
        .op::<ec2::ModifyDefaultCreditSpecification>(all(), defaults::modify_credits)
        .op::<ec2::GetInstanceMetadataDefaults>(all(), defaults::get_metadata)
        .op::<ec2::ModifyInstanceMetadataDefaults>(all(), defaults::modify_metadata)
        .op::<ec2::GetSerialConsoleAccessStatus>(all(), defaults::serial_console)
        .op::<ec2::EnableSerialConsoleAccess>(all(), defaults::enable_serial_console)
        .op::<ec2::DisableSerialConsoleAccess>(all(), defaults::disable_serial_console)
}
