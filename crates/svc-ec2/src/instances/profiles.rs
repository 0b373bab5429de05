//! Instance profiles on instances: one each.

use super::{errors::incorrect_state, load, views};
use crate::{
    describe::{matching, page},
    errors::{invalid_combination, invalid_value, missing_parameter},
    records::{all, key},
};
use api::ec2::{
    AssociateIamInstanceProfileRequest, AssociateIamInstanceProfileResult, DescribeIamInstanceProfileAssociationsRequest,
    DescribeIamInstanceProfileAssociationsResult, DisassociateIamInstanceProfileRequest, DisassociateIamInstanceProfileResult,
    IamInstanceProfileAssociation, IamInstanceProfileAssociationState as State, IamInstanceProfileSpecification,
    ReplaceIamInstanceProfileAssociationRequest, ReplaceIamInstanceProfileAssociationResult,
};
use front::{Answer, Cx};
use logic::policy::Context;
use model::{
    Arn, Key,
    ec2::{Instance, InstanceSpec, ProfileAssociation},
    iam::{InstanceProfile, Named, Role, global_arn},
};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// To whom the roles of instances are passed.
const SERVICE: &str = "ec2.amazonaws.com";

/// The profile that a request names, which has to be there and whose role the caller may pass.
pub fn association(cx: &Cx, read: &impl Read, asked: &IamInstanceProfileSpecification) -> Answer<ProfileAssociation> {
    let name = match (asked.name.as_deref(), asked.arn.as_deref()) {
        (Some(_), Some(_)) => {
            let message = "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'";
            return Err(invalid_combination(message));
        }
        (Some(name), None) => name.to_owned(),
        (None, Some(arn)) => name_in(cx, arn)?.ok_or_else(|| invalid_arn(arn))?,
        (None, None) => return Err(missing_parameter("IamInstanceProfile.Name")),
    };
    let absent = || match &asked.arn {
        Some(arn) => invalid_arn(arn),
        None => invalid_value(format!(
            "Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        )),
    };
    let profile = read.spec(&Key::<InstanceProfile>::named(&cx.account, &name))?.ok_or_else(absent)?;
    let arn = InstanceProfile::arn(&cx.account, &profile).to_string();
    if asked.arn.as_ref().is_some_and(|asked| *asked != arn) {
        return Err(absent());
    }
    pass_role(cx, read, profile.role.as_deref())?;
    Ok(ProfileAssociation {
        id: format!("iip-assoc-{}", cx.env.hex(17)),
        name: profile.name.clone(),
        arn,
        profile_id: profile.id.clone(),
        at: cx.now,
    })
}

fn invalid_arn(arn: &str) -> Fault {
    invalid_value(format!("Value ({arn}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN"))
}

/// The name in the ARN of a profile of the caller's account; `None`: it is of another one.
fn name_in(cx: &Cx, text: &str) -> Answer<Option<String>> {
    let arn = text.parse::<Arn>().ok();
    let path = arn.as_ref().and_then(|arn| arn.resource_id("iam", "instance-profile"));
    let (Some(arn), Some(path)) = (&arn, path) else {
        let message = format!("The specified IAM instance profile ARN '{text}' is not valid");
        return Err(Fault::client("InvalidIamInstanceProfileArn.Malformed", message));
    };
    Ok((arn.account == cx.account.as_str()).then(|| path.rsplit('/').next().unwrap_or(path).to_owned()))
}

/// Refuses unless the caller may pass the profile's role to EC2. A profile without a role passes none.
fn pass_role(cx: &Cx, read: &impl Read, role: Option<&str>) -> Answer<()> {
    let Some(name) = role else { return Ok(()) };
    let role = read.spec(&Key::<Role>::named(&cx.account, name))?;
    let arn = role.map_or_else(|| global_arn("iam", &cx.account, format!("role/{name}")), |role| Role::arn(&cx.account, &role));
    cx.authorize("iam:PassRole", &[arn], &Context::new().with("iam:PassedToService", SERVICE))
}

/// `AssociateIamInstanceProfile`.
pub fn associate(cx: &Cx, tx: &mut Tx, input: &AssociateIamInstanceProfileRequest) -> Answer<AssociateIamInstanceProfileResult> {
    let instance = load::living(cx, tx, &input.instance_id)?;
    if let Some(there) = &instance.spec.profile {
        let message = format!("There is an existing association for instance {}: {}", instance.id, there.id);
        return Err(incorrect_state(message));
    }
    let made = association(cx, tx, &input.iam_instance_profile)?;
    set(cx, tx, &instance.id, Some(made.clone()))?;
    let shown = view(&instance.id, &made, State::Associating);
    Ok(AssociateIamInstanceProfileResult { iam_instance_profile_association: Some(shown) })
}

/// `ReplaceIamInstanceProfileAssociation`.
pub fn replace(
    cx: &Cx,
    tx: &mut Tx,
    input: &ReplaceIamInstanceProfileAssociationRequest,
) -> Answer<ReplaceIamInstanceProfileAssociationResult> {
    let (instance, _) = with_association(cx, tx, &input.association_id)?;
    let made = association(cx, tx, &input.iam_instance_profile)?;
    set(cx, tx, &instance, Some(made.clone()))?;
    let shown = view(&instance, &made, State::Associating);
    Ok(ReplaceIamInstanceProfileAssociationResult { iam_instance_profile_association: Some(shown) })
}

/// `DisassociateIamInstanceProfile`.
pub fn disassociate(
    cx: &Cx,
    tx: &mut Tx,
    input: &DisassociateIamInstanceProfileRequest,
) -> Answer<DisassociateIamInstanceProfileResult> {
    let (instance, gone) = with_association(cx, tx, &input.association_id)?;
    set(cx, tx, &instance, None)?;
    let shown = view(&instance, &gone, State::Disassociating);
    Ok(DisassociateIamInstanceProfileResult { iam_instance_profile_association: Some(shown) })
}

fn set(cx: &Cx, tx: &mut Tx, instance: &str, profile: Option<ProfileAssociation>) -> Answer<()> {
    Ok(tx.update_spec(&key::<Instance>(cx, instance), |spec| spec.profile = profile)?)
}

/// `DescribeIamInstanceProfileAssociations`.
pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeIamInstanceProfileAssociationsRequest,
) -> Answer<DescribeIamInstanceProfileAssociationsResult> {
    let there = all::<Instance>(cx, tx)?;
    let views = there.iter().filter_map(|(id, spec)| Some(view(id, spec.profile.as_ref()?, State::Associated)));
    let mut views: Vec<_> = views.collect();
    if let Some(ids) = input.association_ids.as_deref().filter(|ids| !ids.is_empty()) {
        let known = |id: &String| views.iter().any(|it| it.association_id.as_ref() == Some(id));
        if let Some(missing) = ids.iter().find(|id| !known(id)) {
            return Err(unknown(missing));
        }
        views.retain(|it| it.association_id.as_ref().is_some_and(|id| ids.contains(id)));
    }
    let mut views = matching(views, input.filters.as_deref().unwrap_or_default(), views::PROFILE_FIELDS, None)?;
    let of = |it: &IamInstanceProfileAssociation| it.association_id.clone().unwrap_or_default();
    views.sort_by_key(of);
    let (views, next_token) = page(views, of, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeIamInstanceProfileAssociationsResult { iam_instance_profile_associations: Some(views), next_token })
}

fn unknown(id: &str) -> Fault {
    let message = format!("An invalid association-id of '{id}' was given");
    Fault::client("InvalidAssociationID.NotFound", message)
}

/// The instance that has the association.
fn with_association(cx: &Cx, read: &impl Read, id: &str) -> Answer<(String, ProfileAssociation)> {
    let of = |spec: &Arc<InstanceSpec>| spec.profile.clone().filter(|profile| profile.id == id);
    let found = all::<Instance>(cx, read)?.into_iter().find_map(|(instance, spec)| Some((instance, of(&spec)?)));
    found.ok_or_else(|| unknown(id))
}

/// The instance that an association is on, if there is any: what requests that name the association act on.
pub fn instance_of(cx: &Cx, read: &impl Read, association: &str) -> Answer<Option<String>> {
    Ok(with_association(cx, read, association).ok().map(|(instance, _)| instance))
}

fn view(instance: &str, profile: &ProfileAssociation, state: State) -> IamInstanceProfileAssociation {
    IamInstanceProfileAssociation {
        association_id: Some(profile.id.clone()),
        instance_id: Some(instance.into()),
        iam_instance_profile: Some(views::profile(profile)),
        state: Some(state),
        timestamp: Some(wire::Time(profile.at.0)),
    }
}
