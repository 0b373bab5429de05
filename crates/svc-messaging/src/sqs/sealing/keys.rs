//! The data keys of a cloud's queues, for as long as they are used without asking again.

use super::{
    super::{mail::Sealed, queues::Found},
    cache::Cache,
    data_key::{LENGTH, OpeningKey, SealingKey},
    named,
    wrapped::{self, Wrapped},
};
use front::{Answer, Cx, kms};
use model::{Key, Timestamp, sqs::Queue};
use spine::Store;
use std::{sync::Arc, time::Duration};
use wire::Fault;

/// For how long a data key is used where a queue doesn't say (API reference, `KmsDataKeyReusePeriodSeconds`).
pub const REUSED: u32 = 300;

/// A queue, the KMS key that it names, and who asks; nobody in particular where SQS's own key seals.
type Place = (u64, Option<String>, String);

/// The data keys.
#[derive(Default)]
pub struct DataKeys {
    sealing: Cache<Place, Arc<SealingKey>>,
    opening: Cache<(Arc<[u8]>, String), Arc<OpeningKey>>,
    /// Who may have data keys decrypted.
    readers: Cache<Place, ()>,
}

impl DataKeys {
    /// What seals a caller's messages to a queue; none if they aren't sealed.
    ///
    /// # Errors
    /// That the KMS key can't be used, or not by the caller.
    pub async fn sealing(&self, cx: &Cx, store: &Store, found: &Found) -> Answer<Option<Arc<SealingKey>>> {
        let spec = &found.spec;
        if !spec.managed_sse && spec.kms_key.is_none() {
            return Ok(None);
        }
        let place = place(cx, found);
        if let Some(known) = self.sealing.get(&place, cx.now) {
            return Ok(Some(known));
        }
        let bytes: [u8; LENGTH] = cx.env.bytes();
        let wrapped = match &spec.kms_key {
            None => by_owned(cx, store, &found.key, &bytes).await?,
            Some(named) => by_kms(cx, store, &found.key, named, &bytes).await?,
        };
        let made = Arc::new(SealingKey::new(&bytes, wrapped).ok_or_else(unsealable)?);
        self.sealing.put(place, made.clone(), cx.now, until(cx, found));
        Ok(Some(made))
    }

    /// Refuses a caller who couldn't read what is sealed for the queue now, before any message counts as received.
    ///
    /// # Errors
    /// As those of [`DataKeys::sealing`].
    pub async fn check_reader(&self, cx: &Cx, store: &Store, found: &Found) -> Answer<()> {
        let Some(named) = &found.spec.kms_key else { return Ok(()) };
        let place = place(cx, found);
        if self.readers.get(&place, cx.now).is_some() {
            return Ok(());
        }
        store.transact(|tx| named::usable(cx, tx, &found.key, named, &["kms:Decrypt"])).await?;
        self.readers.put(place, (), cx.now, until(cx, found));
        Ok(())
    }

    /// What was sealed.
    ///
    /// # Errors
    /// That the KMS key can't be used, or not by the caller; that what is kept isn't what was sealed.
    pub async fn open(&self, cx: &Cx, store: &Store, found: &Found, sealed: Sealed) -> Answer<Vec<u8>> {
        let corrupt = || Fault::internal("a message can't be opened by its data key");
        let Some(wrapped) = Wrapped::parse(&sealed.data_key) else { return Err(corrupt()) };
        let who = if matches!(wrapped, Wrapped::Owned { .. }) { String::new() } else { who(cx) };
        let place = (sealed.data_key.clone(), who);
        if let Some(known) = self.opening.get(&place, cx.now) {
            return known.open(sealed).ok_or_else(corrupt);
        }
        let bytes = match wrapped {
            Wrapped::Owned { nonce, sealed } => {
                let own = named::owned(store, &cx.env, &found.key).await?;
                wrapped::open_by_owned(own.bytes(), nonce, sealed).ok_or_else(corrupt)?
            }
            Wrapped::Kms { queue, ciphertext } => named::decrypt(cx, store, queue, ciphertext)?,
        };
        let opening = Arc::new(OpeningKey::new(&bytes).ok_or_else(corrupt)?);
        self.opening.put(place, opening.clone(), cx.now, until(cx, found));
        opening.open(sealed).ok_or_else(corrupt)
    }
}

async fn by_owned(cx: &Cx, store: &Store, queue: &Key<Queue>, data_key: &[u8]) -> Answer<Arc<[u8]>> {
    let own = named::owned(store, &cx.env, queue).await?;
    wrapped::seal_by_owned(own.bytes(), data_key.to_vec(), cx.env.bytes()).ok_or_else(unsealable)
}

async fn by_kms(cx: &Cx, store: &Store, queue: &Key<Queue>, named: &str, data_key: &[u8]) -> Answer<Arc<[u8]>> {
    let arn = queue.arn().to_string();
    let context = wrapped::context(&arn);
    let ciphertext = store.transact(|tx| {
        let key = named::usable(cx, tx, queue, named, &["kms:GenerateDataKey", "kms:Decrypt"])?;
        kms::encrypt(&cx.env, tx, &key, data_key, &context)
    });
    let ciphertext = ciphertext.await?;
    Ok(Wrapped::Kms { queue: &arn, ciphertext: &ciphertext }.bytes())
}

fn unsealable() -> Fault {
    Fault::internal("a data key can't be made")
}

fn until(cx: &Cx, found: &Found) -> Timestamp {
    cx.now + Duration::from_secs(found.spec.kms_reuse.unwrap_or(REUSED).into())
}

fn place(cx: &Cx, found: &Found) -> Place {
    let who = if found.spec.kms_key.is_some() { who(cx) } else { String::new() };
    (found.spec.uid, found.spec.kms_key.clone(), who)
}

/// Sessions of a role are one caller, unless they are narrowed (developer guide, "Configuring AWS KMS permissions").
fn who(cx: &Cx) -> String {
    let arn = cx.principal.role_arn(&cx.account).unwrap_or_else(|| cx.principal.arn(&cx.account));
    let narrowed = cx.session().is_some_and(|it| it.terms.policies.is_some() || !it.terms.policy_arns.is_empty());
    if narrowed { format!("{arn} {}", cx.access_key_id().unwrap_or_default()) } else { arn.to_string() }
}
