//! `RunInstances`: a request is read whole before anything is made of it, and then all records are made in one transaction: the instances,
//! their volumes, their interfaces.

mod disks;
mod image;
mod make;
mod network;
mod options;
mod place;
mod refuse;
mod token;
mod wanted;

pub use disks::instance_store;
pub use image::launchable;
pub use options::{check_cpu_options, user_data};
pub use place::{group_of, partition_of};

use super::{errors::no_capacity, hosts::Hosts, load, reconcile::machine_kind, views};
use crate::{
    errors::{dry_run, invalid_value},
    quotas,
    records::{key, place as here},
    templates,
};
use api::ec2::{Reservation, RunInstancesRequest};
use front::{Answer, Cx};
use logic::placement::{hosts::Spot, machines};
use model::ec2::{ImageSpec, Instance};
use spine::{Read, Tx};
use wanted::Wanted;

/// `RunInstances`.
pub fn run(hosts: &Hosts, cx: &Cx, tx: &mut Tx, asked: &RunInstancesRequest) -> Answer<Reservation> {
    let asked = &*place::said(asked);
    let input = templates::merged(cx, tx, asked)?;
    refuse::unbuilt(&input)?;
    let counts = counts(&input)?;
    if let Some(instances) = token::repeated(cx, tx, asked)? {
        return reservation(cx, tx, &instances);
    }
    let mut wanted = Wanted::read(cx, tx, &input, counts.1)?;
    if let Some((template, version)) = templates::origin(cx, tx, asked)? {
        wanted.tags.instance.insert("aws:ec2launchtemplate:id".into(), template);
        wanted.tags.instance.insert("aws:ec2launchtemplate:version".into(), version.to_string());
    }
    let counts = (counts.0, quotas::within_vcpus(cx, wanted.kind, counts)?);
    let spots = room(hosts, cx, &wanted, counts)?;
    network::check_quota(cx, &wanted.network, counts.0)?;
    disks::check(cx, tx, &wanted, counts.0.into())?;
    dry_run(input.dry_run)?;
    let made = make::instances(cx, tx, &wanted, counts.0, &spots)?;
    token::remember(cx, tx, asked, &made)?;
    reservation(cx, tx, &made)
}

/// The least and the greatest number of instances.
fn counts(input: &RunInstancesRequest) -> Answer<(u32, u32)> {
    let read = |count: i32, name: &str| {
        let positive = u32::try_from(count).ok().filter(|count| *count > 0);
        positive.ok_or_else(|| invalid_value(format!("Value ({count}) for parameter {name} is invalid. Minimum value is 1.")))
    };
    let (least, most) = (read(input.min_count, "minCount")?, read(input.max_count, "maxCount")?);
    if least <= most {
        return Ok((least, most));
    }
    Err(invalid_value(format!(
        "Value ({least}) for parameter minCount is invalid. The minimum count must not exceed the maximum count ({most})."
    )))
}

/// The places of those that have room. The capacity is that of the moment at which the request came: it is given away several times over, so that
/// requests needn't wait for each other.
fn room(hosts: &Hosts, cx: &Cx, wanted: &Wanted, (least, most): (u32, u32)) -> Answer<Vec<Spot>> {
    let zone = &wanted.placement.zone;
    check_processor(hosts, wanted.kind)?;
    check_runs(hosts, &wanted.image.spec)?;
    let room = hosts.room(cx, cx.snapshot(), wanted.kind, &wanted.placement, most)?;
    if room.len() < least as usize { Err(no_capacity(&wanted.kind.name, zone)) } else { Ok(room) }
}

/// Refuses a type of another processor than the host's.
pub fn check_processor(hosts: &Hosts, kind: &logic::instance_type::InstanceType) -> Answer<()> {
    let Some(host) = hosts.capabilities() else { return Ok(()) };
    if kind.architectures.iter().any(|architecture| machines::runs(&host, architecture)) {
        return Ok(());
    }
    let message = format!(
        "The requested configuration is currently not supported. Please check the documentation for supported configurations. \
         ({} has {} processors, and this cloud's are {}.)",
        kind.name,
        kind.architectures.join(" or "),
        host.architecture
    );
    Err(super::errors::unsupported(message))
}

/// Refuses an image that the host has nothing to run with.
fn check_runs(hosts: &Hosts, image: &ImageSpec) -> Answer<()> {
    let kind = machine_kind(image.machine, image.boot_mode.as_deref(), &image.architecture);
    match hosts.refuses(&kind) {
        Some(why) => Err(super::errors::unsupported(format!("The requested configuration is currently not supported: {why}."))),
        None => Ok(()),
    }
}

fn reservation(cx: &Cx, tx: &Tx, ids: &[String]) -> Answer<Reservation> {
    let mut shown = Vec::new();
    let mut reservation = String::new();
    for id in ids {
        let key = key::<Instance>(cx, id);
        // One that was terminated long ago is forgotten, though its request is remembered.
        let Some(row) = tx.get(&key)? else { continue };
        let loaded = load::Loaded::of(id, &row);
        reservation.clone_from(&loaded.spec.launch.reservation);
        let belongings = load::belongings(tx, &key, &loaded.spec)?;
        shown.push(views::instance(here(cx), &loaded, &belongings));
    }
    Ok(views::reservation(here(cx), &reservation, shown))
}
