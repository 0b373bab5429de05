//! The keys that seal data keys: SQS's own, and those of KMS that queues name, in SQS's words where they can't be used.

use super::wrapped::context;
use front::{
    Answer, Cx,
    kms::{self, Found},
    records::made_once,
};
use logic::kms::Ciphertext;
use model::{
    Env, Key,
    kms::{KeyUsage, Secret},
    sqs::{OwnedKey, OwnedKeySpec, Queue},
};
use spine::{Store, StoreError, Tx};
use wire::Fault;

/// The name of the key that AWS manages for SQS.
const MANAGED: &str = "alias/aws/sqs";

/// SQS's own key for the queues of that one's account and region, which is made when it is first needed.
pub async fn owned(store: &Store, env: &Env, queue: &Key<Queue>) -> Result<Secret, StoreError> {
    let make = || OwnedKeySpec { bytes: Secret::new(env.bytes::<32>()) };
    let at = Key::<OwnedKey>::of_queues(&queue.account, &queue.region);
    Ok(made_once(store, &at, make).await?.bytes.clone())
}

/// The KMS key that a queue names, for a caller who may do that with it. A name without an account is one of the queue's owner's.
///
/// # Errors
/// `KmsNotFound`, `KmsDisabled`, `KmsInvalidState`, `KmsInvalidKeyUsage`, `KmsAccessDenied`.
pub fn usable(cx: &Cx, tx: &mut Tx, queue: &Key<Queue>, named: &str, actions: &[&str]) -> Answer<Found> {
    let mut owner = cx.clone();
    (owner.account, owner.region) = (queue.account.clone(), queue.region.clone());
    let found = match named == MANAGED || named == owner.arn("kms", MANAGED).to_string() {
        true => kms::managed(&owner, tx, "sqs")?,
        false => kms::find(&owner, tx, named).map_err(|fault| in_our_words(cx, fault))?,
    };
    allowed(cx, &found, queue.arn().to_string().as_str(), actions)?;
    Ok(found)
}

/// The data key that a ciphertext of KMS's holds, for a caller who may have it decrypted.
///
/// # Errors
/// As those of [`usable`].
pub fn decrypt(cx: &Cx, store: &Store, queue: &str, ciphertext: &[u8]) -> Answer<Vec<u8>> {
    let snapshot = store.snapshot();
    let lost = || Fault::internal(format_args!("a data key of {queue} can't be read"));
    let ciphertext = Ciphertext::parse(ciphertext).ok_or_else(lost)?;
    let gone = || Fault::client("NotFoundException", format!("Key '{}' does not exist", ciphertext.key.arn()));
    let found = kms::at(&snapshot, &ciphertext.key)?.ok_or_else(|| in_our_words(cx, gone()))?;
    allowed(cx, &found, queue, &["kms:Decrypt"])?;
    kms::decrypt(&snapshot, &ciphertext, &context(queue))?.ok_or_else(lost)
}

fn allowed(cx: &Cx, found: &Found, queue: &str, actions: &[&str]) -> Answer<()> {
    let context = context(queue);
    let asked = symmetric(found)
        .and_then(|()| kms::usage(found, KeyUsage::EncryptDecrypt, "GenerateDataKey"))
        .and_then(|()| kms::usable(found, cx.now))
        .and_then(|()| actions.iter().try_for_each(|action| kms::authorize(cx, found, action, "sqs", &context)));
    asked.map_err(|fault| in_our_words(cx, fault))
}

/// Keys of MACs are symmetric too, and are refused by their usage.
fn symmetric(found: &Found) -> Answer<()> {
    let message = "You cannot generate a data key with an asymmetric CMK";
    if found.spec.public_key.is_none() { Ok(()) } else { Err(Fault::client("InvalidKeyUsageException", message)) }
}

/// A fault of KMS's as SQS passes it on (API reference, the errors of `SendMessage`).
fn in_our_words(cx: &Cx, fault: Fault) -> Fault {
    let code = match &*fault.code {
        "NotFoundException" => "KmsNotFound",
        "DisabledException" => "KmsDisabled",
        "KMSInvalidStateException" => "KmsInvalidState",
        "InvalidKeyUsageException" => "KmsInvalidKeyUsage",
        code if code.starts_with("AccessDenied") => "KmsAccessDenied",
        _ => return fault,
    };
    let from =
        format!("Service: AWSKMS; Status Code: 400; Error Code: {}; Request ID: {}; Proxy: null", fault.code, cx.request_id);
    Fault::client(code, format!("{} ({from})", fault.message))
}
