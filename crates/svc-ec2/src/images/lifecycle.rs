//! What happens to images in the course of time: deprecated, disabled, protected, and back.

use super::{errors::not_permitted, load::change};
use crate::errors::{dry_run, invalid_value};
use api::ec2;
use front::{Answer, Cx};
use model::Timestamp;
use spine::Tx;

/// A deprecation can be no further away than so: ten years.
const FURTHEST_MS: i64 = 10 * 366 * 24 * 3600 * 1000;

/// `EnableImageDeprecation`.
pub fn deprecate(cx: &Cx, tx: &mut Tx, input: &ec2::EnableImageDeprecationRequest) -> Answer<ec2::EnableImageDeprecationResult> {
    dry_run(input.dry_run)?;
    let minute = 60_000;
    // Seconds are rounded to the nearest minute, as documented.
    let at = Timestamp((input.deprecate_at.0 + minute / 2).div_euclid(minute) * minute);
    if at <= cx.now {
        return Err(invalid_value("The date for the deprecation must be in the future"));
    }
    if at.0 - cx.now.0 > FURTHEST_MS {
        return Err(invalid_value("The date for the deprecation must be within 10 years"));
    }
    change(cx, tx, &input.image_id, |spec| {
        spec.deprecated_at = Some(at);
        Ok(())
    })?;
    Ok(ec2::EnableImageDeprecationResult { r#return: Some(true) })
}

/// `DisableImageDeprecation`.
pub fn undeprecate(
    cx: &Cx,
    tx: &mut Tx,
    input: &ec2::DisableImageDeprecationRequest,
) -> Answer<ec2::DisableImageDeprecationResult> {
    dry_run(input.dry_run)?;
    change(cx, tx, &input.image_id, |spec| {
        spec.deprecated_at = None;
        Ok(())
    })?;
    Ok(ec2::DisableImageDeprecationResult { r#return: Some(true) })
}

/// `DisableImage`: nobody can launch it, and nobody but its owner sees it. It loses its launch permissions for good.
pub fn disable(cx: &Cx, tx: &mut Tx, input: &ec2::DisableImageRequest) -> Answer<ec2::DisableImageResult> {
    dry_run(input.dry_run)?;
    change(cx, tx, &input.image_id, |spec| {
        spec.disabled = true;
        spec.public = false;
        spec.launch_permissions.clear();
        Ok(())
    })?;
    Ok(ec2::DisableImageResult { r#return: Some(true) })
}

/// `EnableImage`.
pub fn enable(cx: &Cx, tx: &mut Tx, input: &ec2::EnableImageRequest) -> Answer<ec2::EnableImageResult> {
    dry_run(input.dry_run)?;
    change(cx, tx, &input.image_id, |spec| {
        if !spec.disabled {
            return Err(not_permitted(format!("The image '{}' is not disabled", input.image_id)));
        }
        spec.disabled = false;
        Ok(())
    })?;
    Ok(ec2::EnableImageResult { r#return: Some(true) })
}

/// `EnableImageDeregistrationProtection`.
pub fn protect(
    cx: &Cx,
    tx: &mut Tx,
    input: &ec2::EnableImageDeregistrationProtectionRequest,
) -> Answer<ec2::EnableImageDeregistrationProtectionResult> {
    dry_run(input.dry_run)?;
    if input.with_cooldown == Some(true) {
        return Err(wire::Fault::not_implemented("The parameter WithCooldown"));
    }
    set_protection(cx, tx, &input.image_id, true)?;
    Ok(ec2::EnableImageDeregistrationProtectionResult { r#return: Some("true".into()) })
}

/// `DisableImageDeregistrationProtection`.
pub fn unprotect(
    cx: &Cx,
    tx: &mut Tx,
    input: &ec2::DisableImageDeregistrationProtectionRequest,
) -> Answer<ec2::DisableImageDeregistrationProtectionResult> {
    dry_run(input.dry_run)?;
    set_protection(cx, tx, &input.image_id, false)?;
    Ok(ec2::DisableImageDeregistrationProtectionResult { r#return: Some("true".into()) })
}

fn set_protection(cx: &Cx, tx: &mut Tx, id: &str, on: bool) -> Answer<()> {
    change(cx, tx, id, |spec| {
        spec.deregistration_protection = on;
        Ok(())
    })
}
