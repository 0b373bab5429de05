//! Tags of balancers, listeners, rules and target groups, by ARN.

use crate::elbv2::{
    errors::validation,
    load::{self, Named},
    tags,
};
use api::elbv2::{
    AddTagsInput, AddTagsOutput, DescribeTagsInput, DescribeTagsOutput, RemoveTagsInput, RemoveTagsOutput, TagDescription,
};
use front::Cx;
use model::{
    Arn, Key,
    elbv2::{Listener, LoadBalancer, Rule, Tags, TargetGroup},
};
use spine::Tx;
use wire::Fault;

/// Something that has tags.
enum Tagged {
    Balancer(Key<LoadBalancer>),
    Listener(Key<Listener>),
    Rule(Key<Rule>),
    Group(Key<TargetGroup>),
}

/// `AddTags`: to all resources, or to none.
pub fn add(cx: &Cx, tx: &mut Tx, input: &AddTagsInput) -> Result<AddTagsOutput, Fault> {
    for text in &input.resource_arns {
        let (resource, mut found) = find(cx, tx, text)?;
        tags::add(&mut found, &input.tags)?;
        put(tx, &resource, found)?;
    }
    Ok(AddTagsOutput {})
}

/// `RemoveTags`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &RemoveTagsInput) -> Result<RemoveTagsOutput, Fault> {
    for text in &input.resource_arns {
        let (resource, mut found) = find(cx, tx, text)?;
        found.retain(|key, _| !input.tag_keys.contains(key));
        put(tx, &resource, found)?;
    }
    Ok(RemoveTagsOutput {})
}

/// `DescribeTags`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeTagsInput) -> Result<DescribeTagsOutput, Fault> {
    if input.resource_arns.len() > 20 {
        return Err(validation("At most 20 resources can be specified"));
    }
    let describe = |text: &String| {
        let (_, found) = find(cx, tx, text)?;
        Ok(TagDescription { resource_arn: Some(text.clone()), tags: Some(tags::view(&found)) })
    };
    let descriptions = input.resource_arns.iter().map(describe).collect::<Result<_, Fault>>()?;
    Ok(DescribeTagsOutput { tag_descriptions: Some(descriptions) })
}

/// The resource with that ARN, and its tags.
fn find(cx: &Cx, tx: &Tx, text: &str) -> Result<(Tagged, Tags), Fault> {
    let kind = text.parse::<Arn>().ok().and_then(|arn| arn.resource.split('/').next().map(str::to_owned));
    match kind.as_deref() {
        Some("loadbalancer") => load::balancer(cx, tx, text).map(|(key, spec)| (Tagged::Balancer(key), spec.tags.clone())),
        Some("targetgroup") => load::group(cx, tx, text).map(|(key, spec)| (Tagged::Group(key), spec.tags.clone())),
        Some("listener") => load::listener(cx, tx, text).map(|(key, spec)| (Tagged::Listener(key), spec.tags.clone())),
        Some("listener-rule") => match load::rule(cx, tx, text)? {
            Named::Own(key, spec) => Ok((Tagged::Rule(key), spec.tags.clone())),
            Named::Default(..) => Err(Fault::not_implemented("Tagging of a default rule")),
        },
        _ => Err(validation(format!("'{text}' is not a valid ARN of a resource that can be tagged"))),
    }
}

fn put(tx: &mut Tx, resource: &Tagged, tags: Tags) -> Result<(), Fault> {
    match resource {
        Tagged::Balancer(key) => tx.update_spec(key, |spec| spec.tags = tags)?,
        Tagged::Listener(key) => tx.update_spec(key, |spec| spec.tags = tags)?,
        Tagged::Rule(key) => tx.update_spec(key, |spec| spec.tags = tags)?,
        Tagged::Group(key) => tx.update_spec(key, |spec| spec.tags = tags)?,
    }
    Ok(())
}
