//! Tags of anything.

use crate::{
    describe::{Field, Text, matching, page},
    errors::{dry_run, missing_parameter},
    records::{all, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    CreateTagsRequest, DeleteTagsRequest, DescribeTagsRequest, DescribeTagsResult, Filter, ResourceType, TagDescription,
};
use front::Cx;
use model::{
    Record,
    ec2::{Instance, InternetGateway, KeyPair, NetworkInterface, PlacementGroup, RouteTable, SecurityGroup, Subnet, Tags, Vpc},
};
use spine::{Read, Tx};
use wire::Fault;

/// `CreateTags`: on all resources, or on none if one of them isn't there.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateTagsRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    if input.tags.is_empty() {
        return Err(missing_parameter("Tag"));
    }
    input.resources.iter().try_for_each(|id| change(cx, tx, id, |found| tags::add(found, &input.tags)))
}

/// `DeleteTags`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteTagsRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let gone = input.tags.as_deref();
    input.resources.iter().try_for_each(|id| {
        change(cx, tx, id, |found| {
            tags::remove(found, gone);
            Ok(())
        })
    })
}

/// Changes the tags of the resource with that id.
fn change(cx: &Cx, tx: &mut Tx, id: &str, f: impl FnOnce(&mut Tags) -> Result<(), Fault>) -> Result<(), Fault> {
    match Resource::of_id(id) {
        Some(Resource::VPC) => record::<Vpc>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::SUBNET) => record::<Subnet>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::SECURITY_GROUP) => record::<SecurityGroup>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::SECURITY_GROUP_RULE) => rule(cx, tx, id, f),
        Some(Resource::NETWORK_INTERFACE) => record::<NetworkInterface>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::INTERNET_GATEWAY) => record::<InternetGateway>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::ROUTE_TABLE) => record::<RouteTable>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::INSTANCE) => record::<Instance>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::KEY_PAIR) => record::<KeyPair>(cx, tx, id, |spec| f(&mut spec.tags)),
        Some(Resource::PLACEMENT_GROUP) => record::<PlacementGroup>(cx, tx, id, |spec| f(&mut spec.tags)),
        _ => Err(Fault::client("InvalidID", format!("The ID '{id}' is not valid"))),
    }
}

fn record<R: Record>(cx: &Cx, tx: &mut Tx, id: &str, f: impl FnOnce(&mut R::Spec) -> Result<(), Fault>) -> Result<(), Fault> {
    let key = key::<R>(cx, id);
    let absent = || Resource::of_id(id).map_or_else(|| Fault::client("InvalidID", id), |resource| resource.absent(id));
    let mut spec = R::Spec::clone(&*tx.spec(&key)?.ok_or_else(absent)?);
    f(&mut spec)?;
    Ok(tx.put_spec(&key, &spec)?)
}

fn rule(cx: &Cx, tx: &mut Tx, id: &str, f: impl FnOnce(&mut Tags) -> Result<(), Fault>) -> Result<(), Fault> {
    let groups = all::<SecurityGroup>(cx, tx)?;
    let holder = groups.iter().find(|(_, group)| group.rules.iter().any(|rule| rule.id == id));
    let (group, _) = holder.ok_or_else(|| Resource::SECURITY_GROUP_RULE.absent(id))?;
    record::<SecurityGroup>(cx, tx, group, |spec| {
        let rule = spec.rules.iter_mut().find(|rule| rule.id == id);
        rule.map_or(Ok(()), |rule| f(&mut rule.tags))
    })
}

const FIELDS: &[Field<TagDescription>] = &[
    ("key", |it| it.key.texts()),
    ("resource-id", |it| it.resource_id.texts()),
    ("resource-type", |it| it.resource_type.iter().map(|kind| kind.as_str().into()).collect()),
    ("value", |it| it.value.texts()),
];

/// `DescribeTags`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeTagsRequest) -> Result<DescribeTagsResult, Fault> {
    dry_run(input.dry_run)?;
    let filters = plain(input.filters.as_deref().unwrap_or_default());
    let mut tags = matching(everything(cx, tx)?, &filters, FIELDS, None)?;
    tags.sort_by_key(position);
    let (tags, next_token) = page(tags, position, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeTagsResult { next_token, tags: Some(tags) })
}

/// `tag:<key>` with values is `key` with the key and `value` with the values.
fn plain(filters: &[Filter]) -> Vec<Filter> {
    let expand = |filter: &Filter| match filter.name.as_deref().and_then(|name| name.strip_prefix("tag:")) {
        None => vec![filter.clone()],
        Some(key) => {
            let literal = key.replace('\\', r"\\").replace('*', r"\*").replace('?', r"\?");
            let key = Filter { name: Some("key".into()), values: Some(vec![literal]) };
            vec![key, Filter { name: Some("value".into()), values: filter.values.clone() }]
        }
    };
    filters.iter().flat_map(expand).collect()
}

/// Where a tag stands among all: unique, and the same from page to page.
fn position(tag: &TagDescription) -> String {
    format!("{}\n{}", tag.resource_id.as_deref().unwrap_or_default(), tag.key.as_deref().unwrap_or_default())
}

fn everything(cx: &Cx, tx: &Tx) -> Result<Vec<TagDescription>, Fault> {
    let mut found = Vec::new();
    of::<Vpc>(cx, tx, ResourceType::Vpc, |spec| &spec.tags, &mut found)?;
    of::<Subnet>(cx, tx, ResourceType::Subnet, |spec| &spec.tags, &mut found)?;
    of::<SecurityGroup>(cx, tx, ResourceType::SecurityGroup, |spec| &spec.tags, &mut found)?;
    of::<NetworkInterface>(cx, tx, ResourceType::NetworkInterface, |spec| &spec.tags, &mut found)?;
    of::<InternetGateway>(cx, tx, ResourceType::InternetGateway, |spec| &spec.tags, &mut found)?;
    of::<RouteTable>(cx, tx, ResourceType::RouteTable, |spec| &spec.tags, &mut found)?;
    of::<Instance>(cx, tx, ResourceType::Instance, |spec| &spec.tags, &mut found)?;
    of::<KeyPair>(cx, tx, ResourceType::KeyPair, |spec| &spec.tags, &mut found)?;
    of::<PlacementGroup>(cx, tx, ResourceType::PlacementGroup, |spec| &spec.tags, &mut found)?;
    for (_, group) in all::<SecurityGroup>(cx, tx)? {
        group.rules.iter().for_each(|rule| describe_all(ResourceType::SecurityGroupRule, &rule.id, &rule.tags, &mut found));
    }
    Ok(found)
}

fn of<R: Record>(
    cx: &Cx,
    tx: &Tx,
    kind: ResourceType,
    tags: fn(&R::Spec) -> &Tags,
    found: &mut Vec<TagDescription>,
) -> Result<(), Fault> {
    all::<R>(cx, tx)?.iter().for_each(|(id, spec)| describe_all(kind, id, tags(spec), found));
    Ok(())
}

fn describe_all(kind: ResourceType, id: &str, tags: &Tags, found: &mut Vec<TagDescription>) {
    found.extend(tags.iter().map(|(key, value)| TagDescription {
        key: Some(key.clone()),
        resource_id: Some(id.into()),
        resource_type: Some(kind),
        value: Some(value.clone()),
    }));
}
