//! The condition keys of requests (Service Authorization Reference, "Condition keys for AWS Identity and Access Management").

use api::iam::Tag;
use front::Tagging;
use logic::policy::Context;
use model::Arn;

/// The tags that something is to get.
pub fn tags(given: &[Tag]) -> Context {
    front::keys::request_tags(given.iter().map(|tag| (&tag.key, &tag.value)))
}

/// The tags of what is to be made. Making it with tags takes the permission to tag it (IAM user guide, "Tags for IAM resources").
pub fn tagging(resources: Vec<Arn>, given: &Option<Vec<Tag>>) -> Tagging {
    let tags = given.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone()));
    Tagging { resources, tags: tags.collect() }
}

/// The keys of tags that something is to lose.
pub fn tag_keys<'k>(keys: impl IntoIterator<Item = &'k String>) -> Context {
    front::keys::tag_keys(keys)
}

/// What is to bound a user or a role.
pub fn boundary(arn: &str) -> Context {
    Context::new().with("iam:PermissionsBoundary", arn)
}

/// The managed policy that is to be attached or detached.
pub fn policy(arn: &str) -> Context {
    Context::new().with("iam:PolicyARN", arn)
}

/// The service that a role is to be linked to.
pub fn service(name: &str) -> Context {
    Context::new().with("iam:AWSServiceName", name)
}

/// The service that is to be given a role.
pub fn passed_to(service: &str) -> Context {
    Context::new().with("iam:PassedToService", service)
}

/// The keys of a user or a role that is to be made.
pub fn new_entity(bounded: &Option<String>) -> Context {
    bounded.as_deref().map(boundary).unwrap_or_default()
}
