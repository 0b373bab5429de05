//! Whether an account's images in a region can be made public.

use crate::{errors::dry_run, records::key};
use api::ec2;
use front::{Answer, Cx};
use model::ec2::ImageBlockPublicAccess;
use spine::{Read, Tx};

const RECORD: &str = "images";

/// Whether making images public is blocked. It isn't, until somebody blocks it.
pub fn is_blocked(cx: &Cx, read: &impl Read) -> Answer<bool> {
    Ok(read.exists(&key::<ImageBlockPublicAccess>(cx, RECORD))?)
}

/// `GetImageBlockPublicAccessState`.
pub fn get(
    cx: &Cx,
    tx: &mut Tx,
    input: &ec2::GetImageBlockPublicAccessStateRequest,
) -> Answer<ec2::GetImageBlockPublicAccessStateResult> {
    dry_run(input.dry_run)?;
    let state = if is_blocked(cx, tx)? { "block-new-sharing" } else { "unblocked" };
    Ok(ec2::GetImageBlockPublicAccessStateResult {
        image_block_public_access_state: Some(state.into()),
        managed_by: Some(ec2::ManagedBy::Account),
    })
}

/// `EnableImageBlockPublicAccess`.
pub fn enable(
    cx: &Cx,
    tx: &mut Tx,
    input: &ec2::EnableImageBlockPublicAccessRequest,
) -> Answer<ec2::EnableImageBlockPublicAccessResult> {
    dry_run(input.dry_run)?;
    tx.set_spec(&key::<ImageBlockPublicAccess>(cx, RECORD), &())?;
    Ok(ec2::EnableImageBlockPublicAccessResult {
        image_block_public_access_state: Some(ec2::ImageBlockPublicAccessEnabledState::BlockNewSharing),
    })
}

/// `DisableImageBlockPublicAccess`.
pub fn disable(
    cx: &Cx,
    tx: &mut Tx,
    input: &ec2::DisableImageBlockPublicAccessRequest,
) -> Answer<ec2::DisableImageBlockPublicAccessResult> {
    dry_run(input.dry_run)?;
    let at = key::<ImageBlockPublicAccess>(cx, RECORD);
    tx.delete(&at)?;
    Ok(ec2::DisableImageBlockPublicAccessResult {
        image_block_public_access_state: Some(ec2::ImageBlockPublicAccessDisabledState::Unblocked),
    })
}
