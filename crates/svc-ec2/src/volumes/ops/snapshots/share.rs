//! With whom snapshots are shared, and whether they may be shared with everybody (EBS user guide, "Share an Amazon EBS snapshot" and
//! "Block public access for Amazon EBS snapshots").

use crate::{
    errors::{dry_run, invalid_value, missing_parameter},
    records::{find, key},
    volumes::encryption,
};
use api::ec2::{
    CreateVolumePermission, DescribeSnapshotAttributeRequest, DescribeSnapshotAttributeResult,
    DisableSnapshotBlockPublicAccessRequest, DisableSnapshotBlockPublicAccessResult, EnableSnapshotBlockPublicAccessRequest,
    EnableSnapshotBlockPublicAccessResult, GetSnapshotBlockPublicAccessStateRequest, GetSnapshotBlockPublicAccessStateResult,
    ManagedBy, ModifySnapshotAttributeRequest, OperationType, PermissionGroup, ResetSnapshotAttributeRequest,
    SnapshotAttributeName, SnapshotBlockPublicAccessState as State,
};
use front::{Answer, Cx};
use model::{
    AccountId,
    ec2::{Snapshot, SnapshotSharing, SnapshotSpec},
};
use spine::{Read, Tx};
use wire::Fault;

/// `DescribeSnapshotAttribute`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeSnapshotAttributeRequest) -> Answer<DescribeSnapshotAttributeResult> {
    dry_run(input.dry_run)?;
    let spec = find::<Snapshot>(cx, tx, &input.snapshot_id)?;
    let asked = |name| input.attribute == name;
    let everybody = CreateVolumePermission { group: Some(PermissionGroup::All), user_id: None };
    let accounts = spec.shared_with.iter().map(|id| CreateVolumePermission { user_id: Some(id.clone()), group: None });
    let permissions = spec.public.then_some(everybody).into_iter().chain(accounts).collect();
    Ok(DescribeSnapshotAttributeResult {
        product_codes: asked(SnapshotAttributeName::ProductCodes).then(Vec::new),
        snapshot_id: Some(input.snapshot_id.clone()),
        create_volume_permissions: asked(SnapshotAttributeName::CreateVolumePermission).then_some(permissions),
    })
}

/// `ModifySnapshotAttribute`.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifySnapshotAttributeRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    let spec = find::<Snapshot>(cx, tx, &input.snapshot_id)?;
    if input.attribute == Some(SnapshotAttributeName::ProductCodes) {
        return Err(invalid_value("The product codes of a snapshot cannot be changed."));
    }
    let (added, removed) = (read(input, OperationType::Add)?, read(input, OperationType::Remove)?);
    if added.is_empty() && removed.is_empty() {
        return Err(missing_parameter("CreateVolumePermission"));
    }
    if !added.is_empty() {
        check_encryption(tx, &spec, added.public)?;
    }
    if added.public && encryption::settings(cx, tx)?.public_access != SnapshotSharing::Unblocked {
        let message =
            "You can't publicly share snapshots. Block public access for EBS snapshots is enabled for this account and region.";
        return Err(Fault::client("OperationNotPermitted", message));
    }
    Ok(tx.update_spec(&key::<Snapshot>(cx, &input.snapshot_id), |spec| {
        spec.public = (spec.public || added.public) && !removed.public;
        spec.shared_with.extend(added.accounts);
        spec.shared_with.sort_unstable();
        spec.shared_with.dedup();
        spec.shared_with.retain(|account| !removed.accounts.contains(account));
    })?)
}

/// Somebody that is to be able to make volumes, or isn't any more.
#[derive(Default)]
struct Sharers {
    accounts: Vec<String>,
    public: bool,
}

impl Sharers {
    fn is_empty(&self) -> bool {
        self.accounts.is_empty() && !self.public
    }
}

/// Whom a request adds or removes, in both of the forms that it can have.
fn read(input: &ModifySnapshotAttributeRequest, operation: OperationType) -> Answer<Sharers> {
    let mut found = Sharers::default();
    let changes = input.create_volume_permission.as_ref();
    let listed = changes.and_then(|it| if operation == OperationType::Add { it.add.as_ref() } else { it.remove.as_ref() });
    for permission in listed.into_iter().flatten() {
        found.public |= permission.group.is_some();
        found.accounts.extend(permission.user_id.clone());
    }
    if input.operation_type == Some(operation) {
        let groups = input.group_names.as_deref().unwrap_or_default();
        if let Some(unknown) = groups.iter().find(|group| *group != "all") {
            return Err(invalid_value(format!("Invalid group '{unknown}'")));
        }
        found.public |= !groups.is_empty();
        found.accounts.extend(input.user_ids.iter().flatten().cloned());
    }
    match found.accounts.iter().find(|account| AccountId::parse(account).is_err()) {
        Some(wrong) => Err(Fault::client("InvalidUserID.Malformed", format!("Invalid user id: \"{wrong}\""))),
        None => Ok(found),
    }
}

/// What is encrypted can't be shared with everybody; and what is encrypted with the default key, with nobody.
fn check_encryption(read: &impl Read, spec: &SnapshotSpec, public: bool) -> Answer<()> {
    let Some(encryption) = &spec.encryption else { return Ok(()) };
    if public {
        return Err(invalid_value("Encrypted snapshots cannot be shared publicly."));
    }
    if encryption::is_default_key(read, encryption)? {
        let message = "Encrypted snapshots with EBS default key cannot be shared";
        return Err(Fault::client("InvalidParameter", message));
    }
    Ok(())
}

/// `ResetSnapshotAttribute`: it is its owner's alone.
pub fn reset(cx: &Cx, tx: &mut Tx, input: &ResetSnapshotAttributeRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    find::<Snapshot>(cx, tx, &input.snapshot_id)?;
    if input.attribute != SnapshotAttributeName::CreateVolumePermission {
        return Err(invalid_value("Only the createVolumePermission attribute can be reset."));
    }
    Ok(tx.update_spec(&key::<Snapshot>(cx, &input.snapshot_id), |spec| {
        spec.public = false;
        spec.shared_with.clear();
    })?)
}

/// `EnableSnapshotBlockPublicAccess`.
pub fn block(
    cx: &Cx,
    tx: &mut Tx,
    input: &EnableSnapshotBlockPublicAccessRequest,
) -> Answer<EnableSnapshotBlockPublicAccessResult> {
    dry_run(input.dry_run)?;
    let sharing = match input.state {
        State::BlockAllSharing => SnapshotSharing::BlockAllSharing,
        State::BlockNewSharing => SnapshotSharing::BlockNewSharing,
        State::Unblocked => return Err(invalid_value("Value (unblocked) for parameter State is invalid.")),
    };
    encryption::set(cx, tx, |settings| settings.public_access = sharing)?;
    Ok(EnableSnapshotBlockPublicAccessResult { state: Some(input.state) })
}

/// `DisableSnapshotBlockPublicAccess`.
pub fn unblock(
    cx: &Cx,
    tx: &mut Tx,
    input: &DisableSnapshotBlockPublicAccessRequest,
) -> Answer<DisableSnapshotBlockPublicAccessResult> {
    dry_run(input.dry_run)?;
    encryption::set(cx, tx, |settings| settings.public_access = SnapshotSharing::Unblocked)?;
    Ok(DisableSnapshotBlockPublicAccessResult { state: Some(State::Unblocked) })
}

/// `GetSnapshotBlockPublicAccessState`.
pub fn blocked(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetSnapshotBlockPublicAccessStateRequest,
) -> Answer<GetSnapshotBlockPublicAccessStateResult> {
    dry_run(input.dry_run)?;
    let state = match encryption::settings(cx, tx)?.public_access {
        SnapshotSharing::Unblocked => State::Unblocked,
        SnapshotSharing::BlockNewSharing => State::BlockNewSharing,
        SnapshotSharing::BlockAllSharing => State::BlockAllSharing,
    };
    Ok(GetSnapshotBlockPublicAccessStateResult { state: Some(state), managed_by: Some(ManagedBy::Account) })
}
