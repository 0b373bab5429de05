//! `DescribeImages`.

use super::{
    load::{Loaded, image as load, visible},
    names, views,
};
use crate::{
    describe::{Described, matching, page},
    errors::{dry_run, invalid_value},
    records::key,
    tagged::anywhere,
};
use api::ec2::{DescribeImagesRequest, DescribeImagesResult, Image, ListImagesInRecycleBinRequest, ListImagesInRecycleBinResult};
use front::{Answer, Cx};
use model::{AccountId, Key, ec2::Snapshot};
use spine::{Read, Tx};

/// `DescribeImages`. By ids, those images alone are read.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeImagesRequest) -> Answer<DescribeImagesResult> {
    dry_run(input.dry_run)?;
    let ids = input.image_ids.as_deref().filter(|ids| !ids.is_empty());
    let mut images = match ids {
        Some(ids) => ids.iter().map(|id| load(cx, tx, id)).collect::<Answer<Vec<_>>>()?,
        None => visible(cx, tx)?,
    };
    let owners = input.owners.as_deref().unwrap_or_default();
    owners.iter().try_for_each(|owner| check_owner(owner))?;
    let users = input.executable_users.as_deref().unwrap_or_default();
    images.retain(|image| users.is_empty() || users.iter().any(|user| may_launch(cx, image, user)));
    if ids.is_none() {
        images.retain(|image| is_listed(cx, image, input));
    }
    let filters = input.filters.as_deref().unwrap_or_default();
    let owned = |image: &&Loaded| owners.is_empty() || owners.iter().any(|owner| is_owner(cx, image, owner));
    let shown = |image: &Loaded| views::image(image, |snapshot| is_encrypted(cx, tx, image, snapshot));
    let mut found = matching(images.iter().filter(owned).map(shown).collect(), filters, Image::FIELDS, Some(Image::tags))?;
    let is_absent = |image: &&Loaded| is_quick_start(image) && found.iter().all(|it| it.id() != image.key.id);
    if let Some(quick_start) = images.iter().find(is_absent).map(shown)
        && names::find(&quick_start, owners, filters)?
    {
        found.push(quick_start);
        found.sort_by(|one, other| one.id().cmp(other.id()));
    }
    let (images, next_token) = page(found, |image| image.id().to_owned(), input.max_results, input.next_token.as_deref())?;
    Ok(DescribeImagesResult { next_token, images: Some(images) })
}

fn is_quick_start(image: &Loaded) -> bool {
    image.key == Key::quick_start(&image.key.region)
}

fn check_owner(owner: &str) -> Answer<()> {
    let known = ["self", "amazon", "aws-marketplace", "aws-backup-vault"].contains(&owner) || AccountId::parse(owner).is_ok();
    known.then_some(()).ok_or_else(|| invalid_value(format!("Invalid value '{owner}' for Owner")))
}

fn is_owner(cx: &Cx, image: &Loaded, owner: &str) -> bool {
    match owner {
        "self" => image.key.account == cx.account,
        owner => image.key.account.as_str() == owner || image.spec.owner_alias.as_deref() == Some(owner),
    }
}

/// Who may launch it by somebody's word: the caller, everybody, or an account.
fn may_launch(cx: &Cx, image: &Loaded, user: &str) -> bool {
    let named = |account: &str| image.spec.launch_permissions.iter().any(|it| it == account);
    match user {
        "all" => image.spec.public,
        "self" => named(cx.account.as_str()),
        account => named(account),
    }
}

/// Deprecated images are left out unless they are asked for or the caller's own, disabled ones unless they are asked for.
fn is_listed(cx: &Cx, image: &Loaded, input: &DescribeImagesRequest) -> bool {
    let deprecated = image.spec.deprecated_at.is_some_and(|at| at <= cx.now);
    let own = image.key.account == cx.account;
    (!deprecated || own || input.include_deprecated == Some(true))
        && (!image.spec.disabled || input.include_disabled == Some(true))
}

/// A snapshot of the image's owner. One that can't be found is nothing that is encrypted.
fn is_encrypted(cx: &Cx, tx: &Tx, image: &Loaded, snapshot: &str) -> bool {
    let found = match image.key.account == cx.account {
        true => tx.spec(&key::<Snapshot>(cx, snapshot)).ok().flatten(),
        false => anywhere::<Snapshot>(tx, &image.key.account, &cx.region, snapshot).ok().flatten().map(|(_, spec)| spec),
    };
    found.is_some_and(|snapshot| snapshot.encryption.is_some())
}

/// `ListImagesInRecycleBin`: there are no retention rules here, so nothing is kept.
pub fn recycle_bin(_: &Cx, _: &mut Tx, input: &ListImagesInRecycleBinRequest) -> Answer<ListImagesInRecycleBinResult> {
    dry_run(input.dry_run)?;
    Ok(ListImagesInRecycleBinResult { images: Some(Vec::new()), next_token: None })
}
