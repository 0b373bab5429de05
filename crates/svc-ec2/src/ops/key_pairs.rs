//! Key pairs: create, import, describe, delete.
//!
//! A new private key is in the answer and nowhere else.

use crate::{
    describe::{Query, select},
    errors::{dry_run, invalid_value, missing_parameter},
    keys::{self, Public},
    records::{all, key, key_pair_named},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    CreateKeyPairRequest, DeleteKeyPairRequest, DeleteKeyPairResult, DescribeKeyPairsRequest, DescribeKeyPairsResult,
    ImportKeyPairRequest, ImportKeyPairResult, KeyFormat, KeyPair as CreatedKeyPair,
};
use front::Cx;
use model::ec2::{KeyPair, KeyPairSpec, KeyType, Tags};
use spine::{Read, Store, Tx};
use std::sync::Arc;
use wire::Fault;

/// `CreateKeyPair`. The key is made before the transaction, which may be run several times: an RSA key takes long.
pub async fn create(cx: Cx, store: Arc<Store>, input: CreateKeyPairRequest) -> Result<CreatedKeyPair, Fault> {
    dry_run(input.dry_run)?;
    check_name(&input.key_name)?;
    if input.key_format == Some(KeyFormat::Ppk) {
        return Err(Fault::not_implemented("The key format ppk"));
    }
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::KEY_PAIR)?;
    refuse_duplicate(&cx, &store.snapshot(), &input.key_name)?;
    let key_type = views::key_type(input.key_type);
    let created = make(&cx, key_type, input.key_name.clone()).await?;
    let (id, spec) = store.transact(|tx| add(&cx, tx, &input.key_name, &created.public, &tags)).await?;
    Ok(CreatedKeyPair {
        key_pair_id: Some(id),
        tags: tags::view_if_any(&spec.tags),
        key_name: Some(spec.name),
        key_fingerprint: Some(spec.fingerprint),
        key_material: Some(created.private),
    })
}

async fn make(cx: &Cx, key_type: KeyType, name: String) -> Result<keys::Created, Fault> {
    let seed: [u8; 32] = cx.env.bytes();
    let made = tokio::task::spawn_blocking(move || keys::create(key_type, &name, &seed)).await;
    made.map_err(Fault::internal)?.map_err(Fault::internal)
}

/// `ImportKeyPair`.
pub fn import(cx: &Cx, tx: &mut Tx, input: &ImportKeyPairRequest) -> Result<ImportKeyPairResult, Fault> {
    dry_run(input.dry_run)?;
    check_name(&input.key_name)?;
    if input.public_key_material.is_empty() {
        return Err(missing_parameter("PublicKeyMaterial"));
    }
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::KEY_PAIR)?;
    let public = keys::import(&input.public_key_material, &input.key_name);
    let public = public.ok_or_else(|| Fault::client("InvalidKey.Format", "Key is not in valid OpenSSH public key format"))?;
    let (id, spec) = add(cx, tx, &input.key_name, &public, &tags)?;
    Ok(ImportKeyPairResult {
        key_fingerprint: Some(spec.fingerprint),
        key_name: Some(spec.name),
        key_pair_id: Some(id),
        tags: tags::view_if_any(&spec.tags),
    })
}

/// Keeps the public half: its id, and what is kept.
fn add(cx: &Cx, tx: &mut Tx, name: &str, public: &Public, tags: &Tags) -> Result<(String, KeyPairSpec), Fault> {
    refuse_duplicate(cx, tx, name)?;
    let id = format!("key-{}", cx.env.hex(17));
    let spec = KeyPairSpec {
        name: name.into(),
        key_type: public.key_type,
        public_key: public.line.clone(),
        fingerprint: public.fingerprint.clone(),
        created_at: cx.now,
        tags: tags.clone(),
    };
    tx.create(&key::<KeyPair>(cx, &id), &spec)?;
    Ok((id, spec))
}

fn refuse_duplicate(cx: &Cx, read: &impl Read, name: &str) -> Result<(), Fault> {
    match key_pair_named(cx, read, name)? {
        Some(_) => Err(Fault::client("InvalidKeyPair.Duplicate", format!("The keypair '{name}' already exists"))),
        None => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(missing_parameter("KeyName"));
    }
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let valid = name.len() <= 255 && name.bytes().all(printable) && name.trim() == name;
    let message = format!(
        "Value ({name}) for parameter KeyName is invalid. Valid names are up to 255 ASCII characters, without spaces at either end"
    );
    valid.then_some(()).ok_or_else(|| invalid_value(message))
}

/// `DescribeKeyPairs`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeKeyPairsRequest) -> Result<DescribeKeyPairsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut pairs = all::<KeyPair>(cx, tx)?;
    if let Some(names) = input.key_names.as_deref().filter(|names| !names.is_empty()) {
        pairs.retain(|(_, pair)| names.contains(&pair.name));
        if let Some(name) = names.iter().find(|name| !pairs.iter().any(|(_, pair)| pair.name == **name)) {
            return Err(Fault::client("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist")));
        }
    }
    let with_key = input.include_public_key == Some(true);
    let views = pairs.iter().map(|(id, spec)| views::key_pair(id, spec, with_key)).collect();
    let query = Query { ids: input.key_pair_ids.as_deref(), filters: input.filters.as_deref(), ..Query::default() };
    let (key_pairs, _) = select(views, query)?;
    Ok(DescribeKeyPairsResult { key_pairs: Some(key_pairs) })
}

/// `DeleteKeyPair`. One that isn't there is as good as deleted.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteKeyPairRequest) -> Result<DeleteKeyPairResult, Fault> {
    dry_run(input.dry_run)?;
    let id = match (&input.key_pair_id, &input.key_name) {
        (Some(_), Some(_)) => return Err(invalid_value("Either KeyName or KeyPairId must be specified, but not both")),
        (None, None) => {
            return Err(Fault::client("MissingParameter", "The request must contain the parameter KeyName or KeyPairId"));
        }
        (Some(id), None) => {
            Resource::KEY_PAIR.check(id)?;
            tx.exists(&key::<KeyPair>(cx, id))?.then(|| id.clone())
        }
        (None, Some(name)) => key_pair_named(cx, tx, name)?.map(|(id, _)| id),
    };
    if let Some(id) = &id {
        tx.delete(&key::<KeyPair>(cx, id))?;
    }
    Ok(DeleteKeyPairResult { r#return: Some(true), key_pair_id: id })
}
