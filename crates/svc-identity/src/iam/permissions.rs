//! The policies of users, groups and roles: those that each has of its own (inline), and those that it shares (attached).

use super::{
    documents, errors, managed,
    names::{self, Entity},
    paging::{Asked, Page, page},
};
use api::iam as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    iam::{Group, GroupSpec, Permissions, Role, RoleSpec, User, UserSpec, base_name},
};
use spine::Tx;
use std::sync::Arc;
use wire::Fault;

/// How many managed policies may be attached to one user, group or role (IAM user guide, "IAM and AWS STS quotas").
pub const MOST_ATTACHED: usize = 10;

/// What has policies.
pub trait Holder: Entity {
    /// How many characters all of its inline policies may have together (IAM user guide, "IAM and AWS STS character limits").
    const INLINE_SIZE: usize;
    /// The name of the quota [`MOST_ATTACHED`].
    const ATTACHED_QUOTA: &'static str;

    /// What it is allowed.
    fn permissions(spec: &Self::Spec) -> &Permissions;
    /// The same, to be changed.
    fn permissions_mut(spec: &mut Self::Spec) -> &mut Permissions;

    /// Refuses to change what only AWS may change.
    fn check_modifiable(_: &Self::Spec) -> Answer<()> {
        Ok(())
    }
}

impl Holder for User {
    const INLINE_SIZE: usize = 2048;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerUser";

    fn permissions(spec: &UserSpec) -> &Permissions {
        &spec.permissions
    }
    fn permissions_mut(spec: &mut UserSpec) -> &mut Permissions {
        &mut spec.permissions
    }
}

impl Holder for Group {
    const INLINE_SIZE: usize = 5120;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerGroup";

    fn permissions(spec: &GroupSpec) -> &Permissions {
        &spec.permissions
    }
    fn permissions_mut(spec: &mut GroupSpec) -> &mut Permissions {
        &mut spec.permissions
    }
}

impl Holder for Role {
    const INLINE_SIZE: usize = 10240;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerRole";

    fn permissions(spec: &RoleSpec) -> &Permissions {
        &spec.permissions
    }
    fn permissions_mut(spec: &mut RoleSpec) -> &mut Permissions {
        &mut spec.permissions
    }
    fn check_modifiable(spec: &RoleSpec) -> Answer<()> {
        if spec.path.starts_with("/aws-service-role/") { Err(errors::protected_role(&spec.name)) } else { Ok(()) }
    }
}

/// An inline policy, as answers have it.
pub struct Inline {
    /// The name of what has it, as that was first written.
    pub holder: String,
    /// Its own name.
    pub name: String,
    /// Percent-encoded.
    pub document: String,
}

/// Gives an inline policy, or replaces the one of that name.
pub fn put_inline<H: Holder>(cx: &Cx, tx: &mut Tx, holder: &str, policy: &str, document: &str) -> Answer<()> {
    let (key, spec) = changeable::<H>(cx, tx, holder)?;
    documents::check_identity(document)?;
    let others = H::permissions(&spec).inline.iter().filter(|(name, _)| *name != policy);
    let size = others.map(|(_, document)| documents::size(document)).sum::<usize>() + documents::size(document);
    if size > H::INLINE_SIZE {
        let text = format!("Maximum policy size of {} bytes exceeded for {} {}", H::INLINE_SIZE, H::NOUN, H::name(&spec));
        return Err(errors::limit(text));
    }
    let (policy, document) = (policy.to_owned(), document.to_owned());
    Ok(tx.update_spec(&key, |spec| {
        H::permissions_mut(spec).inline.insert(policy, document);
    })?)
}

/// The inline policy of that name.
pub fn get_inline<H: Holder>(cx: &Cx, tx: &mut Tx, holder: &str, policy: &str) -> Answer<Inline> {
    let (_, spec) = names::find::<H>(cx, tx, holder)?;
    let document = H::permissions(&spec).inline.get(policy).ok_or_else(|| no_inline::<H>(policy))?;
    Ok(Inline { holder: H::name(&spec).to_owned(), name: policy.to_owned(), document: documents::encoded(document) })
}

/// Takes an inline policy away.
pub fn delete_inline<H: Holder>(cx: &Cx, tx: &mut Tx, holder: &str, policy: &str) -> Answer<()> {
    let (key, spec) = changeable::<H>(cx, tx, holder)?;
    if !H::permissions(&spec).inline.contains_key(policy) {
        return Err(no_inline::<H>(policy));
    }
    Ok(tx.update_spec(&key, |spec| {
        H::permissions_mut(spec).inline.remove(policy);
    })?)
}

/// The names of the inline policies.
pub fn list_inline<H: Holder>(cx: &Cx, tx: &mut Tx, holder: &str, asked: Asked<'_>) -> Answer<Page<String>> {
    let (_, spec) = names::find::<H>(cx, tx, holder)?;
    page(H::permissions(&spec).inline.keys().cloned().collect(), asked, String::clone)
}

/// Attaches a managed policy; it is no error if it is attached already.
pub fn attach<H: Holder>(cx: &Cx, tx: &mut Tx, holder: &str, arn: &str) -> Answer<()> {
    let (key, spec) = changeable::<H>(cx, tx, holder)?;
    managed::check_attachable(cx, tx, arn)?;
    let attached = &H::permissions(&spec).attached;
    if !attached.contains(arn) && attached.len() >= MOST_ATTACHED {
        return Err(errors::quota(H::ATTACHED_QUOTA, MOST_ATTACHED));
    }
    Ok(tx.update_spec(&key, |spec| {
        H::permissions_mut(spec).attached.insert(arn.to_owned());
    })?)
}

/// Detaches a managed policy.
pub fn detach<H: Holder>(cx: &Cx, tx: &mut Tx, holder: &str, arn: &str) -> Answer<()> {
    let (key, spec) = changeable::<H>(cx, tx, holder)?;
    if !H::permissions(&spec).attached.contains(arn) {
        return Err(errors::no_policy(arn));
    }
    Ok(tx.update_spec(&key, |spec| {
        H::permissions_mut(spec).attached.remove(arn);
    })?)
}

/// The managed policies that are attached, those under a path if one is given.
pub fn list_attached<H: Holder>(
    cx: &Cx,
    tx: &mut Tx,
    holder: &str,
    prefix: &Option<String>,
    asked: Asked<'_>,
) -> Answer<Page<sdk::AttachedPolicy>> {
    let (_, spec) = names::find::<H>(cx, tx, holder)?;
    let under = |arn: &&String| prefix.as_ref().is_none_or(|prefix| managed::path_of(arn).starts_with(prefix.as_str()));
    let found: Vec<String> = H::permissions(&spec).attached.iter().filter(under).cloned().collect();
    Ok(page(found, asked, |arn| format!("{} {arn}", base_name(arn)))?.map(attached))
}

/// Refuses to delete what still has policies.
pub fn check_none<H: Holder>(spec: &H::Spec) -> Answer<()> {
    let permissions = H::permissions(spec);
    if !permissions.attached.is_empty() {
        return Err(errors::delete_conflict("detach all policies first"));
    }
    if permissions.inline.is_empty() { Ok(()) } else { Err(errors::delete_conflict("delete policies first")) }
}

/// An attached policy, as lists show it.
pub fn attached(arn: String) -> sdk::AttachedPolicy {
    sdk::AttachedPolicy { policy_name: Some(base_name(&arn).to_owned()), policy_arn: Some(arn) }
}

fn changeable<H: Holder>(cx: &Cx, tx: &Tx, name: &str) -> Answer<(Key<H>, Arc<H::Spec>)> {
    let (key, spec) = names::find::<H>(cx, tx, name)?;
    H::check_modifiable(&spec)?;
    Ok((key, spec))
}

fn no_inline<H: Holder>(policy: &str) -> Fault {
    errors::no_such_entity(format!("The {} policy with name {policy} cannot be found.", H::NOUN))
}
