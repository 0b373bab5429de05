//! Instance profiles: what gives a role to a machine.

use super::super::{
    access, errors, keys, names,
    paging::{asked, page},
    permissions::Holder,
    tags, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Arn, Key,
    iam::{InstanceProfile, InstanceProfileSpec, Named, Role},
};
use spine::{Read, Snapshot, Tx};

/// How many an account may have (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 1000;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateInstanceProfile>(
            Access::on(|cx, i: &sdk::CreateInstanceProfileRequest| {
                access::created::<InstanceProfile>(cx, &i.path, &i.instance_profile_name)
            })
            .tagging("iam:TagInstanceProfile", |cx, i| {
                keys::tagging(access::created::<InstanceProfile>(cx, &i.path, &i.instance_profile_name), &i.tags)
            }),
            create,
        )
        .op::<sdk::GetInstanceProfile>(Access::found(|cx, at, i| profile(cx, at, &i.instance_profile_name)), get)
        .op::<sdk::ListInstanceProfiles>(Access::on(|cx, i| access::listed::<InstanceProfile>(cx, &i.path_prefix)), list)
        .op::<sdk::ListInstanceProfilesForRole>(
            Access::found(|cx, at, i| access::existing::<Role>(cx, at, &i.role_name)),
            list_for_role,
        )
        .op::<sdk::DeleteInstanceProfile>(Access::found(|cx, at, i| profile(cx, at, &i.instance_profile_name)), delete)
        .op::<sdk::AddRoleToInstanceProfile>(Access::found(|cx, at, i| profile(cx, at, &i.instance_profile_name)), add_role)
        .op::<sdk::RemoveRoleFromInstanceProfile>(
            Access::found(|cx, at, i| profile(cx, at, &i.instance_profile_name)),
            remove_role,
        )
        .op::<sdk::TagInstanceProfile>(
            Access::found(|cx, at, i: &sdk::TagInstanceProfileRequest| profile(cx, at, &i.instance_profile_name))
                .keys(|_, i| keys::tags(&i.tags)),
            tag,
        )
        .op::<sdk::UntagInstanceProfile>(
            Access::found(|cx, at, i: &sdk::UntagInstanceProfileRequest| profile(cx, at, &i.instance_profile_name))
                .keys(|_, i| keys::tag_keys(&i.tag_keys)),
            untag,
        )
        .op::<sdk::ListInstanceProfileTags>(Access::found(|cx, at, i| profile(cx, at, &i.instance_profile_name)), list_tags)
}

fn profile(cx: &Cx, at: &Snapshot, name: &str) -> Answer<Vec<Arn>> {
    access::existing::<InstanceProfile>(cx, at, name)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateInstanceProfileRequest) -> Answer<sdk::CreateInstanceProfileResponse> {
    let key = names::free::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    names::check_quota::<InstanceProfile>(cx, tx, "InstanceProfilesPerAccount", MOST)?;
    let spec = InstanceProfileSpec {
        name: input.instance_profile_name.clone(),
        path: names::path(&input.path),
        id: names::unique_id::<InstanceProfile>(&cx.env),
        created_at: cx.now,
        role: None,
        tags: tags::new(&input.tags)?,
    };
    tx.create(&key, &spec)?;
    Ok(sdk::CreateInstanceProfileResponse { instance_profile: full(cx, tx, &spec)? })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetInstanceProfileRequest) -> Answer<sdk::GetInstanceProfileResponse> {
    let (_, spec) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    Ok(sdk::GetInstanceProfileResponse { instance_profile: full(cx, tx, &spec)? })
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListInstanceProfilesRequest) -> Answer<sdk::ListInstanceProfilesResponse> {
    let found = names::under::<InstanceProfile>(cx, tx, &input.path_prefix)?;
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let instance_profiles = page.shown.iter().map(|(_, spec)| view(cx, tx, spec)).collect::<Answer<_>>()?;
    Ok(sdk::ListInstanceProfilesResponse { instance_profiles, is_truncated: page.is_truncated, marker: page.marker })
}

fn list_for_role(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListInstanceProfilesForRoleRequest,
) -> Answer<sdk::ListInstanceProfilesForRoleResponse> {
    let (role, _) = names::find::<Role>(cx, tx, &input.role_name)?;
    let mut found = names::all::<InstanceProfile>(cx, tx)?;
    found.retain(|(_, spec)| spec.role.as_ref() == Some(&role.id));
    let page = page(found, asked(&input.marker, input.max_items), |(key, _)| key.id.clone())?;
    let instance_profiles = page.shown.iter().map(|(_, spec)| view(cx, tx, spec)).collect::<Answer<_>>()?;
    Ok(sdk::ListInstanceProfilesForRoleResponse { instance_profiles, is_truncated: page.is_truncated, marker: page.marker })
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteInstanceProfileRequest) -> Answer<()> {
    let (key, spec) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    if spec.role.is_some() {
        return Err(errors::delete_conflict("remove roles from instance profile first"));
    }
    Ok(tx.delete(&key)?)
}

/// Whoever gives a role to machines has to be allowed to pass it. A profile holds one role (IAM user guide, "IAM and AWS STS quotas").
fn add_role(cx: &Cx, tx: &mut Tx, input: &sdk::AddRoleToInstanceProfileRequest) -> Answer<()> {
    let (key, spec) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    let (role, role_spec) = names::find::<Role>(cx, tx, &input.role_name)?;
    cx.authorize("iam:PassRole", &[Role::arn(&cx.account, &role_spec)], &keys::passed_to("ec2.amazonaws.com"))?;
    Role::check_modifiable(&role_spec)?;
    if spec.role.is_some() {
        return Err(errors::quota("InstanceSessionsPerInstanceProfile", 1));
    }
    Ok(tx.update_spec(&key, |spec| spec.role = Some(role.id.clone()))?)
}

fn remove_role(cx: &Cx, tx: &mut Tx, input: &sdk::RemoveRoleFromInstanceProfileRequest) -> Answer<()> {
    let (key, spec) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    let (role, _) = names::find::<Role>(cx, tx, &input.role_name)?;
    if spec.role.as_ref() != Some(&role.id) {
        return Err(errors::missing::<Role>(&input.role_name));
    }
    Ok(tx.update_spec(&key, |spec| spec.role = None)?)
}

fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagInstanceProfileRequest) -> Answer<()> {
    let (key, spec) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    let tags = tags::merge(&spec.tags, &input.tags)?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagInstanceProfileRequest) -> Answer<()> {
    let (key, _) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    Ok(tx.update_spec(&key, |spec| tags::remove(&mut spec.tags, &input.tag_keys))?)
}

fn list_tags(cx: &Cx, tx: &mut Tx, input: &sdk::ListInstanceProfileTagsRequest) -> Answer<sdk::ListInstanceProfileTagsResponse> {
    let (_, spec) = names::find::<InstanceProfile>(cx, tx, &input.instance_profile_name)?;
    let page = tags::paged(&spec.tags, asked(&input.marker, input.max_items))?;
    Ok(sdk::ListInstanceProfileTagsResponse { tags: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// A profile with its tags.
fn full(cx: &Cx, store: &impl Read, spec: &InstanceProfileSpec) -> Answer<sdk::InstanceProfile> {
    Ok(sdk::InstanceProfile { tags: tags::shown(&spec.tags), ..view(cx, store, spec)? })
}

/// A profile with its role, as lists show it.
pub fn view(cx: &Cx, store: &impl Read, spec: &InstanceProfileSpec) -> Answer<sdk::InstanceProfile> {
    let role = spec.role.as_ref().map(|role| store.spec(&Key::<Role>::named(&cx.account, role))).transpose()?.flatten();
    Ok(views::instance_profile(&cx.account, spec, role.as_deref()))
}
