//! Prefix lists as the API shows them.
//!
//! AWS's own list, S3's, has the address that gateway endpoints lead to.

use super::{super::endpoints::gateway_blocks, check, users};
use crate::{
    describe::{Described, Field, Query, Text, page, select},
    errors::{dry_run, invalid_value},
    records::{all, find, place},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{
    DescribeManagedPrefixListsRequest, DescribeManagedPrefixListsResult, DescribePrefixListsRequest, DescribePrefixListsResult,
    GetManagedPrefixListAssociationsRequest, GetManagedPrefixListAssociationsResult, GetManagedPrefixListEntriesRequest,
    GetManagedPrefixListEntriesResult, ManagedPrefixList, PrefixList as AwsView, PrefixListAssociation,
    PrefixListEntry as EntryView, PrefixListState, Tag,
};
use front::Cx;
use logic::vpc::fingerprint;
use model::{
    Cidr, Region,
    ec2::{PrefixList, PrefixListChange, PrefixListEntry, PrefixListSpec},
};
use spine::Tx;
use wire::Fault;

/// A list that AWS owns, of a service that has gateway endpoints.
pub struct AwsList {
    /// `pl-…`, the same in a region for everybody.
    pub id: String,
    /// `com.amazonaws.<region>.<service>`.
    pub name: String,
}

/// The services that have gateway endpoints.
pub const GATEWAY_SERVICES: [&str; 1] = ["s3"];

/// The id of AWS's list of a service in a region.
pub fn aws_list_id(region: &Region, service: &str) -> String {
    format!("pl-{}", fingerprint(&format!("prefix list of {service} in {region}"), 8))
}

/// The blocks of AWS's list of that id in a region, if there is one.
pub fn aws_blocks(region: &Region, id: &str) -> Option<Vec<Cidr>> {
    let service = GATEWAY_SERVICES.into_iter().find(|service| aws_list_id(region, service) == id)?;
    Some(gateway_blocks(service))
}

/// AWS's own lists in the region, in the order of their ids.
pub fn aws_lists(cx: &Cx) -> Vec<AwsList> {
    let list =
        |service: &str| AwsList { id: aws_list_id(&cx.region, service), name: format!("com.amazonaws.{}.{service}", cx.region) };
    let mut lists = Vec::from(GATEWAY_SERVICES.map(list));
    lists.sort_by(|a, b| a.id.cmp(&b.id));
    lists
}

/// A user's list.
pub fn view(place: Place<'_>, id: &str, spec: &PrefixListSpec) -> ManagedPrefixList {
    let state = match spec.last_change {
        PrefixListChange::Created => PrefixListState::CreateComplete,
        PrefixListChange::Modified => PrefixListState::ModifyComplete,
        PrefixListChange::Restored => PrefixListState::RestoreComplete,
    };
    ManagedPrefixList {
        prefix_list_id: Some(id.into()),
        address_family: Some("IPv4".into()),
        state: Some(state),
        prefix_list_arn: Some(place.arn(Resource::PREFIX_LIST, id).to_string()),
        prefix_list_name: Some(spec.name.clone()),
        max_entries: Some(spec.max_entries),
        version: Some(spec.version()),
        tags: Some(tags::view(&spec.tags)),
        owner_id: place.owner(),
        ..ManagedPrefixList::default()
    }
}

fn aws_view(cx: &Cx, list: &AwsList) -> ManagedPrefixList {
    ManagedPrefixList {
        prefix_list_id: Some(list.id.clone()),
        address_family: Some("IPv4".into()),
        state: Some(PrefixListState::CreateComplete),
        prefix_list_arn: Some(format!("arn:aws:ec2:{}:aws:prefix-list/{}", cx.region, list.id)),
        prefix_list_name: Some(list.name.clone()),
        tags: Some(Vec::new()),
        owner_id: Some("AWS".into()),
        ..ManagedPrefixList::default()
    }
}

/// `DescribeManagedPrefixLists`.
pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeManagedPrefixListsRequest,
) -> Result<DescribeManagedPrefixListsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut views: Vec<_> = all::<PrefixList>(cx, tx)?.iter().map(|(id, spec)| view(place(cx), id, spec)).collect();
    views.extend(aws_lists(cx).iter().map(|list| aws_view(cx, list)));
    views.sort_by(|a, b| a.id().cmp(b.id()));
    let query = Query {
        ids: input.prefix_list_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (lists, next_token) = select(views, query)?;
    Ok(DescribeManagedPrefixListsResult { next_token, prefix_lists: Some(lists) })
}

/// `DescribePrefixLists`: AWS's own.
pub fn describe_aws(cx: &Cx, _: &mut Tx, input: &DescribePrefixListsRequest) -> Result<DescribePrefixListsResult, Fault> {
    dry_run(input.dry_run)?;
    let view =
        |list: AwsList| AwsView { cidrs: Some(Vec::new()), prefix_list_id: Some(list.id), prefix_list_name: Some(list.name) };
    let query = Query {
        ids: input.prefix_list_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (lists, next_token) = select(aws_lists(cx).into_iter().map(view).collect(), query)?;
    Ok(DescribePrefixListsResult { next_token, prefix_lists: Some(lists) })
}

/// `GetManagedPrefixListEntries`: of the present version, or of one that is named.
pub fn entries(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetManagedPrefixListEntriesRequest,
) -> Result<GetManagedPrefixListEntriesResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.prefix_list_id;
    check(cx, tx, id)?;
    let mut entries = match aws_blocks(&cx.region, id) {
        Some(blocks) => blocks.into_iter().map(|cidr| PrefixListEntry { cidr, description: None }).collect(),
        None => of_version(&*find::<PrefixList>(cx, tx, id)?, id, input.target_version)?,
    };
    entries.sort_by_key(|entry| entry.cidr);
    let position = |entry: &PrefixListEntry| format!("{:08x}/{:02}", u32::from(entry.cidr.address), entry.cidr.prefix);
    let (entries, next_token) = page(entries, position, input.max_results, input.next_token.as_deref())?;
    let shown = entries.into_iter().map(|it| EntryView { cidr: Some(it.cidr.to_string()), description: it.description });
    Ok(GetManagedPrefixListEntriesResult { entries: Some(shown.collect()), next_token })
}

fn of_version(spec: &PrefixListSpec, id: &str, wanted: Option<i64>) -> Result<Vec<PrefixListEntry>, Fault> {
    let Some(wanted) = wanted else { return Ok(spec.entries().to_vec()) };
    let found = spec.versions.iter().find(|version| version.number == wanted);
    let found = found.ok_or_else(|| invalid_value(format!("There is no version {wanted} of '{id}'")))?;
    Ok(found.entries.clone())
}

/// `GetManagedPrefixListAssociations`.
pub fn associations(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetManagedPrefixListAssociationsRequest,
) -> Result<GetManagedPrefixListAssociationsResult, Fault> {
    dry_run(input.dry_run)?;
    check(cx, tx, &input.prefix_list_id)?;
    let mut found = users(cx, tx, &input.prefix_list_id)?;
    found.sort_unstable();
    let (found, next_token) = page(found, String::clone, input.max_results, input.next_token.as_deref())?;
    let owner = Some(cx.account.to_string());
    let shown = found.into_iter().map(|id| PrefixListAssociation { resource_id: Some(id), resource_owner: owner.clone() });
    Ok(GetManagedPrefixListAssociationsResult { prefix_list_associations: Some(shown.collect()), next_token })
}

impl Described for ManagedPrefixList {
    const RESOURCE: Resource = Resource::PREFIX_LIST;
    const IDS: &'static str = "PrefixListIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("owner-id", |it| it.owner_id.texts()),
        ("prefix-list-id", |it| it.prefix_list_id.texts()),
        ("prefix-list-name", |it| it.prefix_list_name.texts()),
    ];

    fn id(&self) -> &str {
        self.prefix_list_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

impl Described for AwsView {
    const RESOURCE: Resource = Resource::PREFIX_LIST;
    const IDS: &'static str = "PrefixListIds";
    const FIELDS: &'static [Field<Self>] =
        &[("prefix-list-id", |it| it.prefix_list_id.texts()), ("prefix-list-name", |it| it.prefix_list_name.texts())];

    fn id(&self) -> &str {
        self.prefix_list_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        &[]
    }
}
