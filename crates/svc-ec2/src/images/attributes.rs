//! Attributes of images: who may launch them above all.

use super::{
    errors::invalid_attribute,
    load::{self, change},
    sharing, views,
};
use crate::errors::{dry_run, invalid_combination, invalid_value, missing_parameter, refuse};
use api::ec2::{
    AttributeValue, DescribeImageAttributeRequest, ImageAttribute, ImageAttributeName, LaunchPermission,
    LaunchPermissionModifications, ModifyImageAttributeRequest, OperationType, PermissionGroup, ResetImageAttributeRequest,
};
use front::{Answer, Cx};
use model::{AccountId, ec2::ImageSpec};
use spine::Tx;
use wire::Fault;

/// `DescribeImageAttribute`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeImageAttributeRequest) -> Answer<ImageAttribute> {
    dry_run(input.dry_run)?;
    let image = match input.attribute {
        ImageAttributeName::LaunchPermission => load::own(cx, tx, &input.image_id)?,
        _ => load::image(cx, tx, &input.image_id)?,
    };
    let spec = &image.spec;
    let value = |value: Option<String>| Some(AttributeValue { value });
    let mut shown = ImageAttribute { image_id: Some(input.image_id.clone()), ..ImageAttribute::default() };
    match input.attribute {
        ImageAttributeName::Description => shown.description = value(spec.description.clone()),
        ImageAttributeName::Kernel => shown.kernel_id = value(None),
        ImageAttributeName::Ramdisk => shown.ramdisk_id = value(None),
        ImageAttributeName::LaunchPermission => shown.launch_permissions = Some(permissions(spec)),
        ImageAttributeName::ProductCodes => shown.product_codes = Some(Vec::new()),
        ImageAttributeName::BlockDeviceMapping => {
            let mappings = spec.block_devices.iter().map(|device| views::mapping(device, |_| false));
            shown.block_device_mappings = Some(mappings.collect());
        }
        ImageAttributeName::SriovNetSupport => shown.sriov_net_support = value(Some("simple".into())),
        ImageAttributeName::BootMode => shown.boot_mode = value(spec.boot_mode.clone()),
        ImageAttributeName::TpmSupport => shown.tpm_support = value(spec.tpm.then(|| "v2.0".into())),
        ImageAttributeName::ImdsSupport => shown.imds_support = value(spec.imds_v2.then(|| "v2.0".into())),
        ImageAttributeName::DeregistrationProtection => {
            let word = if spec.deregistration_protection { "enabled" } else { "disabled" };
            shown.deregistration_protection = value(Some(word.into()));
        }
        other => return Err(Fault::not_implemented(format!("The attribute {}", other.as_str()))),
    }
    Ok(shown)
}

fn permissions(spec: &ImageSpec) -> Vec<LaunchPermission> {
    let everybody = spec.public.then(|| LaunchPermission { group: Some(PermissionGroup::All), ..LaunchPermission::default() });
    let account = |id: &String| LaunchPermission { user_id: Some(id.clone()), ..LaunchPermission::default() };
    everybody.into_iter().chain(spec.launch_permissions.iter().map(account)).collect()
}

/// `ModifyImageAttribute`: one attribute, by its own parameter or by `Attribute` with the older ones.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyImageAttributeRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    unbuilt(input)?;
    let attribute = input.attribute.as_deref();
    if let Some(wanted) = launch_permission(input, attribute == Some("launchPermission"))? {
        if wanted.iter().any(|wish| wish.add) {
            let publicly = wanted.iter().any(|wish| wish.add && wish.who.is_none());
            sharing::check(cx, tx, &load::own(cx, tx, &input.image_id)?, publicly)?;
        }
        return change(cx, tx, &input.image_id, |spec| {
            wanted.iter().for_each(|wish| permit(spec, wish));
            Ok(())
        });
    }
    if let Some(imds) = &input.imds_support {
        if imds.value.as_deref() != Some("v2.0") {
            return Err(invalid_value("Invalid value for imdsSupport. The only valid value is v2.0"));
        }
        return change(cx, tx, &input.image_id, |spec| {
            spec.imds_v2 = true;
            Ok(())
        });
    }
    let described = input.description.as_ref().and_then(|it| it.value.clone());
    let by_value = input.value.clone().filter(|_| attribute == Some("description"));
    match described.or(by_value) {
        Some(text) => change(cx, tx, &input.image_id, |spec| {
            spec.description = Some(text);
            Ok(())
        }),
        None => Err(missing_parameter("Attribute")),
    }
}

fn unbuilt(input: &ModifyImageAttributeRequest) -> Answer<()> {
    refuse(&[
        ("ProductCode", input.product_codes.is_some()),
        ("OrganizationArn", input.organization_arns.is_some()),
        ("OrganizationalUnitArn", input.organizational_unit_arns.is_some()),
    ])
}

/// Somebody, or everybody, who is to be let or not.
struct Wish {
    add: bool,
    /// An account; nobody in particular means everybody.
    who: Option<String>,
}

/// What is wanted about launch permissions, if that is what the request is about.
fn launch_permission(input: &ModifyImageAttributeRequest, by_word: bool) -> Answer<Option<Vec<Wish>>> {
    if let Some(modifications) = &input.launch_permission {
        return wishes(modifications).map(Some);
    }
    let (groups, users) = (input.user_groups.as_deref().unwrap_or_default(), input.user_ids.as_deref().unwrap_or_default());
    if !by_word && groups.is_empty() && users.is_empty() {
        return Ok(None);
    }
    let operation = input.operation_type.ok_or_else(|| missing_parameter("OperationType"))?;
    let permission = |group: Option<PermissionGroup>, user: Option<String>| LaunchPermission {
        group,
        user_id: user,
        ..LaunchPermission::default()
    };
    let groups = groups.iter().map(|group| {
        let group =
            PermissionGroup::parse(group).ok_or_else(|| invalid_attribute(format!("Invalid attribute value '{group}'")))?;
        Ok(permission(Some(group), None))
    });
    let users = users.iter().map(|user| Ok(permission(None, Some(user.clone()))));
    let listed = groups.chain(users).collect::<Answer<Vec<_>>>()?;
    let modifications = match operation {
        OperationType::Add => LaunchPermissionModifications { add: Some(listed), remove: None },
        OperationType::Remove => LaunchPermissionModifications { add: None, remove: Some(listed) },
    };
    wishes(&modifications).map(Some)
}

fn wishes(modifications: &LaunchPermissionModifications) -> Answer<Vec<Wish>> {
    let (added, removed) = (modifications.add.iter().flatten(), modifications.remove.iter().flatten());
    let all = added.map(|it| (true, it)).chain(removed.map(|it| (false, it)));
    all.map(|(add, permission)| Ok(Wish { add, who: who(permission)? })).collect()
}

fn who(permission: &LaunchPermission) -> Answer<Option<String>> {
    if permission.organization_arn.is_some() || permission.organizational_unit_arn.is_some() {
        return Err(Fault::not_implemented("The parameter LaunchPermission.OrganizationArn"));
    }
    match (&permission.group, &permission.user_id) {
        (Some(_), None) => Ok(None),
        (None, Some(user)) if AccountId::parse(user).is_ok() => Ok(Some(user.clone())),
        (None, Some(user)) => {
            let message = format!("Invalid attribute item value \"{user}\" for userId item type.");
            Err(Fault::client("InvalidAMIAttributeItemValue", message))
        }
        _ => Err(invalid_combination("Specify either a group or a user for each launch permission")),
    }
}

fn permit(spec: &mut ImageSpec, wish: &Wish) {
    match &wish.who {
        None => spec.public = wish.add,
        Some(account) => {
            spec.launch_permissions.retain(|it| it != account);
            if wish.add {
                spec.launch_permissions.push(account.clone());
            }
        }
    }
}

/// `ResetImageAttribute`: the owner alone may launch it.
pub fn reset(cx: &Cx, tx: &mut Tx, input: &ResetImageAttributeRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    change(cx, tx, &input.image_id, |spec| {
        spec.public = false;
        spec.launch_permissions.clear();
        Ok(())
    })
}
