//! The condition keys of requests (Service Authorization Reference, "Condition keys for AWS Identity and Access Management").

use api::iam::Tag;
use logic::policy::Context;

/// The tags that something is to get.
pub fn tags(given: &[Tag]) -> Context {
    let mut keys = tag_keys(given.iter().map(|tag| &tag.key));
    for tag in given {
        keys.set(format!("aws:RequestTag/{}", tag.key), &tag.value);
    }
    keys
}

/// The same where it needn't get any.
pub fn new_tags(given: &Option<Vec<Tag>>) -> Context {
    tags(given.as_deref().unwrap_or_default())
}

/// The keys of tags that something is to lose.
pub fn tag_keys<'k>(keys: impl IntoIterator<Item = &'k String>) -> Context {
    let mut context = Context::new();
    context.set_all("aws:TagKeys", keys.into_iter().map(String::as_str));
    context
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
pub fn new_entity(tags: &Option<Vec<Tag>>, boundary: &Option<String>) -> Context {
    let mut keys = new_tags(tags);
    if let Some(arn) = boundary {
        keys.set("iam:PermissionsBoundary", arn);
    }
    keys
}
