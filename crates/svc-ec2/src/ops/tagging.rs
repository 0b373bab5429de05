//! Tags of anything.

use crate::{
    describe::{Field, Text, matching, page},
    errors::{dry_run, missing_parameter},
    tagged::{Change, KINDS, Kind},
    tags,
};
use api::ec2::{
    CreateTagsRequest, DeleteTagsRequest, DescribeTagsRequest, DescribeTagsResult, Filter, ResourceType, TagDescription,
};
use front::Cx;
use model::ec2::Tags;
use spine::Tx;
use wire::Fault;

/// `CreateTags`: on all resources, or on none if one of them isn't there.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateTagsRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    if input.tags.is_empty() {
        return Err(missing_parameter("Tag"));
    }
    input.resources.iter().try_for_each(|id| change(cx, tx, id, &|found| tags::add(found, &input.tags)))
}

/// `DeleteTags`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteTagsRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let gone = input.tags.as_deref();
    input.resources.iter().try_for_each(|id| {
        change(cx, tx, id, &|found| {
            tags::remove(found, gone);
            Ok(())
        })
    })
}

/// Changes the tags of the resource with that id.
fn change(cx: &Cx, tx: &mut Tx, id: &str, f: Change<'_>) -> Result<(), Fault> {
    let kind = Kind::of_id(id).ok_or_else(|| Fault::client("InvalidID", format!("The ID '{id}' is not valid")))?;
    (kind.change)(cx, tx, id, f)
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
    for kind in KINDS {
        let of = ResourceType::parse(kind.resource.name);
        (kind.tags)(cx, tx)?.iter().for_each(|(id, tags)| describe_all(of, id, tags, &mut found));
    }
    Ok(found)
}

fn describe_all(kind: Option<ResourceType>, id: &str, tags: &Tags, found: &mut Vec<TagDescription>) {
    found.extend(tags.iter().map(|(key, value)| TagDescription {
        key: Some(key.clone()),
        resource_id: Some(id.into()),
        resource_type: kind,
        value: Some(value.clone()),
    }));
}
