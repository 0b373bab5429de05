//! Images that requests name, and who may do what with them.

use super::errors::{duplicate_name, malformed_name, not_authorized};
use crate::{
    records::{all, key},
    resource::Resource,
    tagged::anywhere,
};
use front::{Answer, Cx};
use model::{
    AccountId, Key, Region,
    ec2::{Image, ImagePlan, ImageSpec},
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;

/// An image, wherever it stands.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Where it stands: its owner's account.
    pub key: Key<Image>,
    /// What it is.
    pub spec: Arc<ImageSpec>,
    /// How it is.
    pub plan: Arc<ImagePlan>,
}

impl Loaded {
    /// Whether an account may launch it.
    pub fn is_open_to(&self, account: &AccountId) -> bool {
        self.key.account == *account
            || self.spec.public
            || self.spec.launch_permissions.iter().any(|shared| shared == account.as_str())
    }
}

/// All images in the region of the call that its account may launch.
pub fn visible(cx: &Cx, read: &impl Read) -> Answer<Vec<Loaded>> {
    let all = read.list::<Image>(Scope::All)?.into_iter().filter(|(key, _)| key.region == cx.region);
    let loaded = all.map(|(key, row)| Loaded { key, spec: row.spec, plan: row.plan });
    Ok(loaded.filter(|image| image.is_open_to(&cx.account)).collect())
}

/// The image with that id, which the caller may launch.
pub fn image(cx: &Cx, read: &impl Read, id: &str) -> Answer<Loaded> {
    image_in(cx, read, &cx.region, id)
}

/// The same in another region.
pub fn image_in(cx: &Cx, read: &impl Read, region: &Region, id: &str) -> Answer<Loaded> {
    Resource::IMAGE.check(id)?;
    let (key, spec) = anywhere::<Image>(read, &cx.account, region, id)?.ok_or_else(|| Resource::IMAGE.not_found(id))?;
    let plan = read.get(&key)?.map(|row| row.plan).unwrap_or_default();
    let found = Loaded { key, spec, plan };
    if found.is_open_to(&cx.account) { Ok(found) } else { Err(not_authorized(id)) }
}

/// The image with that id, which is the caller's own.
pub fn own(cx: &Cx, tx: &Tx, id: &str) -> Answer<Loaded> {
    let found = image(cx, tx, id)?;
    if found.key.account == cx.account { Ok(found) } else { Err(not_authorized(id)) }
}

/// Changes an image of the caller's own.
pub fn change(cx: &Cx, tx: &mut Tx, id: &str, f: impl FnOnce(&mut ImageSpec) -> Answer<()>) -> Answer<()> {
    let mut spec = ImageSpec::clone(&own(cx, tx, id)?.spec);
    f(&mut spec)?;
    Ok(tx.put_spec(&key::<Image>(cx, id), &spec)?)
}

/// A name for a new image: of the right form, and not another's.
pub fn check_name(cx: &Cx, read: &impl Read, name: &str) -> Answer<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if !(3..=128).contains(&name.chars().count()) || !name.chars().all(allowed) {
        return Err(malformed_name());
    }
    match all::<Image>(cx, read)?.into_iter().find(|(_, image)| image.name == name) {
        Some((id, _)) => Err(duplicate_name(name, &id)),
        None => Ok(()),
    }
}
