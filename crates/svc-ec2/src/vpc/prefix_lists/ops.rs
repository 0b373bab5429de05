//! Prefix lists are made, changed version by version, and deleted.

use super::{own, users, views::view};
use crate::{
    errors::{dry_run, has_dependencies, invalid_combination, invalid_value, missing_parameter, refuse},
    records::{key, place},
    resource::Resource,
    tags,
    vpc::{
        blocks::block,
        tokens::{Asked, asked},
    },
};
use api::ec2::{
    AddPrefixListEntry, CreateManagedPrefixListRequest, CreateManagedPrefixListResult, DeleteManagedPrefixListRequest,
    DeleteManagedPrefixListResult, ManagedPrefixList, ModifyManagedPrefixListRequest, ModifyManagedPrefixListResult,
    PrefixListState, RestoreManagedPrefixListVersionRequest, RestoreManagedPrefixListVersionResult,
};
use front::Cx;
use model::ec2::{PrefixList, PrefixListChange, PrefixListEntry, PrefixListSpec, PrefixListVersion};
use spine::Tx;
use wire::Fault;

/// How many entries a list can have at most (VPC user guide, "Amazon VPC quotas").
const MOST: i32 = 1000;

/// `CreateManagedPrefixList`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateManagedPrefixListRequest) -> Result<CreateManagedPrefixListResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[("AddressFamily IPv6", input.address_family.eq_ignore_ascii_case("ipv6"))])?;
    if !input.address_family.eq_ignore_ascii_case("ipv4") {
        return Err(invalid_value(format!("Value ({}) for parameter addressFamily is invalid.", input.address_family)));
    }
    check_name(&input.prefix_list_name)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::PREFIX_LIST)?;
    let mut entries = Vec::new();
    add(&mut entries, input.entries.as_deref().unwrap_or_default())?;
    check_size(input.max_entries, entries.len())?;
    let token = input.client_token.as_deref();
    let client_token = match asked::<PrefixList>(cx, tx, token, input, |it| it.client_token.as_ref())? {
        Asked::Before((id, spec)) => {
            let list = view(place(cx), &id, &spec);
            return Ok(CreateManagedPrefixListResult { prefix_list: Some(list) });
        }
        Asked::New(token) => token,
    };
    let spec = PrefixListSpec {
        name: input.prefix_list_name.clone(),
        max_entries: input.max_entries,
        versions: vec![PrefixListVersion { number: 1, entries }],
        last_change: PrefixListChange::Created,
        client_token,
        tags,
    };
    let id = format!("pl-{}", cx.env.hex(17));
    tx.create(&key::<PrefixList>(cx, &id), &spec)?;
    Ok(CreateManagedPrefixListResult { prefix_list: Some(view(place(cx), &id, &spec)) })
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.len() > 255 || name.starts_with("com.amazonaws") {
        let message = "Names are of 1 to 255 characters and don't begin with com.amazonaws";
        return Err(invalid_value(format!("Value ({name}) for parameter prefixListName is invalid. {message}")));
    }
    Ok(())
}

fn check_size(most: i32, count: usize) -> Result<(), Fault> {
    if !(1..=MOST).contains(&most) {
        return Err(invalid_value(format!("Value ({most}) for parameter maxEntries is invalid. It is from 1 to {MOST}.")));
    }
    if i32::try_from(count).is_ok_and(|count| count <= most) {
        return Ok(());
    }
    let message = format!("You've reached the maximum number of entries for the prefix list: {most}");
    Err(Fault::client("PrefixListMaxEntriesExceeded", message))
}

/// Adds entries; one for a block that is there already only says something else about it.
fn add(entries: &mut Vec<PrefixListEntry>, new: &[AddPrefixListEntry]) -> Result<(), Fault> {
    for entry in new {
        refuse(&[("Cidr of IPv6", entry.cidr.contains(':'))])?;
        let cidr = block(Some(&entry.cidr), "cidr")?;
        let description = entry.description.clone();
        match entries.iter_mut().find(|it| it.cidr == cidr) {
            Some(present) => present.description = description,
            None => entries.push(PrefixListEntry { cidr, description }),
        }
    }
    Ok(())
}

/// `ModifyManagedPrefixList`: another name, another size, or other entries, which make a new version.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyManagedPrefixListRequest) -> Result<ModifyManagedPrefixListResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[("IpamPrefixListResolverSyncEnabled", input.ipam_prefix_list_resolver_sync_enabled == Some(true))])?;
    let id = &input.prefix_list_id;
    let mut spec = PrefixListSpec::clone(&*own(cx, tx, id)?);
    let (added, removed) = (input.add_entries.as_deref(), input.remove_entries.as_deref());
    let (added, removed) = (added.unwrap_or_default(), removed.unwrap_or_default());
    let changes_entries = !added.is_empty() || !removed.is_empty();
    if changes_entries && input.max_entries.is_some() {
        return Err(invalid_combination("You cannot change the entries and the size of a prefix list in one request"));
    }
    if let Some(name) = &input.prefix_list_name {
        check_name(name)?;
        spec.name.clone_from(name);
    }
    if let Some(most) = input.max_entries {
        spec.max_entries = most;
    }
    if changes_entries {
        check_version(&spec, input.current_version)?;
        let mut entries = spec.entries().to_vec();
        for gone in removed {
            let cidr = block(Some(&gone.cidr), "cidr")?;
            let place = entries.iter().position(|it| it.cidr == cidr);
            let place = place.ok_or_else(|| invalid_value(format!("The CIDR '{cidr}' does not exist in prefix list '{id}'")))?;
            entries.remove(place);
        }
        add(&mut entries, added)?;
        advance(&mut spec, entries);
    }
    check_size(spec.max_entries, spec.entries().len())?;
    spec.last_change = PrefixListChange::Modified;
    tx.put_spec(&key::<PrefixList>(cx, id), &spec)?;
    Ok(ModifyManagedPrefixListResult { prefix_list: Some(view(place(cx), id, &spec)) })
}

fn check_version(spec: &PrefixListSpec, current: Option<i64>) -> Result<(), Fault> {
    match current {
        None => Err(missing_parameter("CurrentVersion")),
        Some(current) if current == spec.version() => Ok(()),
        Some(_) => {
            let message = "The prefix list has the incorrect version number";
            Err(Fault::client("PrefixListVersionMismatch", message))
        }
    }
}

fn advance(spec: &mut PrefixListSpec, entries: Vec<PrefixListEntry>) {
    let number = spec.version() + 1;
    spec.versions.push(PrefixListVersion { number, entries });
}

/// `RestoreManagedPrefixListVersion`: a new version with the entries of an earlier one.
pub fn restore(
    cx: &Cx,
    tx: &mut Tx,
    input: &RestoreManagedPrefixListVersionRequest,
) -> Result<RestoreManagedPrefixListVersionResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.prefix_list_id;
    let mut spec = PrefixListSpec::clone(&*own(cx, tx, id)?);
    check_version(&spec, Some(input.current_version))?;
    let earlier = spec.versions.iter().find(|version| version.number == input.previous_version);
    let earlier = earlier.ok_or_else(|| invalid_value(format!("There is no version {} of '{id}'", input.previous_version)))?;
    let entries = earlier.entries.clone();
    check_size(spec.max_entries, entries.len())?;
    advance(&mut spec, entries);
    spec.last_change = PrefixListChange::Restored;
    tx.put_spec(&key::<PrefixList>(cx, id), &spec)?;
    let list = view(place(cx), id, &spec);
    Ok(RestoreManagedPrefixListVersionResult { prefix_list: Some(list) })
}

/// `DeleteManagedPrefixList`: of one that no rule and no route names.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteManagedPrefixListRequest) -> Result<DeleteManagedPrefixListResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.prefix_list_id;
    let spec = own(cx, tx, id)?;
    if !users(cx, tx, id)?.is_empty() {
        return Err(has_dependencies("prefixList", id));
    }
    tx.delete(&key::<PrefixList>(cx, id))?;
    let gone = ManagedPrefixList { state: Some(PrefixListState::DeleteComplete), ..view(place(cx), id, &spec) };
    Ok(DeleteManagedPrefixListResult { prefix_list: Some(gone) })
}
