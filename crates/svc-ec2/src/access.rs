//! What requests act on, and the condition keys that they tell (Service Authorization Reference, "Amazon EC2").
//!
//! A security group that isn't found by its name is any security group here; who is allowed that much is told by the handler that there is
//! none.

use super::{
    ops::groups,
    records::{default_vpc, key, place},
    resource::Resource,
    tagged::Kind,
};
use api::ec2::{Tag, TagSpecification};
use front::{Access, Answer, Cx, Tagging, keys};
use logic::policy::Context;
use model::{Arn, ec2::KeyPair};
use spine::{Read, Snapshot};

/// The action that is needed besides to make things with tags.
pub const TAG: &str = "ec2:CreateTags";

/// An operation on no particular resource.
pub fn all<I>() -> Access<I> {
    Access::all().keys(region)
}

/// An operation on what its input alone names.
pub fn on<I>(resources: fn(&Cx, &I) -> Vec<Arn>) -> Access<I> {
    Access::on(resources).keys(region)
}

/// An operation on what records name.
pub fn found<I>(resources: fn(&Cx, &Snapshot, &I) -> Answer<Vec<Arn>>) -> Access<I> {
    Access::found(resources).keys(region)
}

fn region<I>(cx: &Cx, _: &I) -> Context {
    in_region(cx)
}

/// `ec2:Region`.
pub fn in_region(cx: &Cx) -> Context {
    Context::new().with("ec2:Region", cx.region.to_string())
}

/// The resource with that id.
pub fn one(cx: &Cx, resource: Resource, id: &str) -> Arn {
    place(cx).arn(resource, id)
}

/// The resources with those ids; any of the kind, where none is named.
pub fn some(cx: &Cx, resource: Resource, ids: Option<&[String]>) -> Vec<Arn> {
    match ids.filter(|ids| !ids.is_empty()) {
        Some(ids) => ids.iter().map(|id| one(cx, resource, id)).collect(),
        None => vec![one(cx, resource, "*")],
    }
}

/// The resources with those ids, each of the kind that its id is of.
pub fn many(cx: &Cx, snapshot: &Snapshot, ids: &[String]) -> Answer<Vec<Arn>> {
    let arn = |id: &String| match (Kind::of_id(id), Resource::of_id(id)) {
        (Some(kind), _) => kind.arn(cx, snapshot, id),
        (None, Some(resource)) => Ok(one(cx, resource, id)),
        (None, None) => Ok(cx.arn("ec2", format!("*/{id}"))),
    };
    ids.iter().map(arn).collect()
}

/// The key pair with that id or that name: ARNs have its name.
pub fn key_pair(cx: &Cx, snapshot: &Snapshot, id: Option<&str>, name: Option<&str>) -> Answer<Arn> {
    let found = match id {
        Some(id) => snapshot.spec(&key::<KeyPair>(cx, id))?,
        None => None,
    };
    let name = name.or(found.as_ref().map(|pair| &*pair.name));
    Ok(one(cx, Resource::KEY_PAIR, name.unwrap_or("*")))
}

/// The security group with that id, or with that name in the default VPC.
pub fn group(cx: &Cx, snapshot: &Snapshot, id: Option<&str>, name: Option<&str>) -> Answer<Vec<Arn>> {
    let id = groups::find(cx, snapshot, id, name)?;
    Ok(vec![one(cx, Resource::SECURITY_GROUP, id.as_deref().unwrap_or("*"))])
}

/// A security group that is made has no id yet; its VPC has one.
pub fn new_group(cx: &Cx, snapshot: &Snapshot, vpc: Option<&str>) -> Answer<Vec<Arn>> {
    let vpc = match vpc {
        Some(id) => Some(id.to_owned()),
        None => default_vpc(cx, snapshot)?.map(|(id, _)| id),
    };
    let vpc = one(cx, Resource::VPC, vpc.as_deref().unwrap_or("*"));
    Ok(vec![one(cx, Resource::SECURITY_GROUP, "*"), vpc])
}

/// The tags of something that is made.
pub fn tagging(cx: &Cx, made: Resource, specifications: Option<&[TagSpecification]>) -> Tagging {
    tagging_named(cx, made, "*", specifications)
}

/// The tags of something that is made, and that has its name in its ARN.
pub fn tagging_named(cx: &Cx, made: Resource, name: &str, specifications: Option<&[TagSpecification]>) -> Tagging {
    let tags = specifications.unwrap_or_default().iter().filter_map(|specification| specification.tags.as_deref());
    Tagging { resources: vec![one(cx, made, name)], tags: tags.flat_map(pairs).collect() }
}

/// `ec2:Region`, `aws:RequestTag/…` and `aws:TagKeys`.
pub fn request_tags(cx: &Cx, tags: &[Tag]) -> Context {
    let mut context = in_region(cx);
    context.set_from(&keys::request_tags(pairs(tags)));
    context
}

fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default())).collect()
}
