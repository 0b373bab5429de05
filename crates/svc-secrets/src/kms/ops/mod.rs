//! The operations, by what they are about, and what they have in common.

pub mod aliases;
pub mod data_keys;
pub mod deletion;
pub mod encrypt;
pub mod grants;
pub mod import;
pub mod keys;
pub mod lists;
pub mod macs;
pub mod pairs;
pub mod policies;
pub mod re_encrypt;
pub mod rotation;
pub mod signatures;
pub mod tags;

use super::{errors, facts};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{
    Answer, Cx,
    kms::{self, Found},
};
use logic::kms::{State, state};
use model::{
    Key,
    kms::{KmsGrant, KmsKey},
};
use spine::Read;

/// The key of an operation that changes it: named by its id or its ARN, and the caller's account's.
fn own(cx: &Cx, read: &impl Read, named: &str) -> Answer<Found> {
    let found = kms::find_key(cx, read, named)?;
    if found.key.account == cx.account { Ok(found) } else { Err(kms::invalid_key_id(named)) }
}

/// As [`own`], of a key that isn't about to be deleted.
fn own_alive(cx: &Cx, read: &impl Read, named: &str) -> Answer<Found> {
    let found = own(cx, read, named)?;
    alive(cx, &found)?;
    Ok(found)
}

fn alive(cx: &Cx, found: &Found) -> Answer<()> {
    match state(&found.spec, cx.now) {
        State::PendingDeletion => Err(errors::invalid_state(&found.key.arn(), "pending deletion")),
        _ => Ok(()),
    }
}

/// As [`own`], of a key that can be used.
fn own_usable(cx: &Cx, read: &impl Read, named: &str) -> Answer<Found> {
    let found = own(cx, read, named)?;
    kms::usable(&found, cx.now)?;
    Ok(found)
}

/// Ends what was only to be tried.
fn dry(dry_run: Option<bool>) -> Answer<()> {
    if dry_run == Some(true) { Err(errors::dry_run()) } else { Ok(()) }
}

/// Refuses an enclave's wish to be answered in secret.
fn no_recipient<T>(recipient: Option<&T>) -> Answer<()> {
    if recipient.is_some() { Err(errors::not_built("Recipient")) } else { Ok(()) }
}

/// A grant's token: which grant it is of, and what nobody can guess.
fn grant_token(cx: &Cx, grant: &Key<KmsGrant>) -> String {
    STANDARD.encode(format!("{} {} {} {}", grant.account, grant.region, grant.id, cx.env.hex(32)))
}

/// The grant that a token is of. Grants hold at once, so that tokens add nothing to them.
fn of_token(token: &str) -> Option<Key<KmsGrant>> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let mut parts = text.split(' ');
    let (account, region, id) = (parts.next()?, parts.next()?, parts.next()?);
    let place = (model::AccountId::parse(account).ok()?, model::Region::parse(region).ok()?);
    id.contains('/').then(|| Key::new(&place.0, &place.1, id))
}

/// Refuses tokens that are none.
fn check_tokens(tokens: Option<&Vec<String>>) -> Answer<()> {
    let mut all = tokens.into_iter().flatten();
    if all.all(|token| of_token(token).is_some()) { Ok(()) } else { Err(errors::invalid_grant_token()) }
}

/// The key that a grant is of.
fn key_of_grant(grant: &Key<KmsGrant>) -> Key<KmsKey> {
    let id = grant.id.split('/').next().unwrap_or_default();
    Key::new(&grant.account, &grant.region, id)
}

/// Removes what belongs to a key and to nothing else.
pub(super) fn remove(tx: &mut spine::Tx, key: &Key<KmsKey>) -> Result<(), spine::StoreError> {
    use model::kms::{ImportWrapping, KeyMaterial, KmsAlias};
    use spine::Scope;
    let prefix = format!("{}/", key.id);
    let beneath = Scope::Prefix(&key.account, &key.region, &prefix);
    for (at, _) in tx.specs::<KeyMaterial>(beneath)? {
        tx.delete(&at)?;
    }
    for (at, _) in facts::grants(tx, key)? {
        tx.delete(&at)?;
    }
    for (at, _) in tx.specs::<ImportWrapping>(beneath)? {
        tx.delete(&at)?;
    }
    for (at, alias) in tx.specs::<KmsAlias>(Scope::Region(&key.account, &key.region))? {
        if alias.target == key.id {
            tx.delete(&at)?;
        }
    }
    tx.delete(key)
}
