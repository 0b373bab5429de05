//! The instance identity document, and what signs it (EC2 user guide, "Instance identity documents for Amazon EC2 instances").

mod signed;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Key, Record,
    ec2::{IdentityKey, IdentityKeySpec, Instance, InstanceIdentity, InstanceIdentitySpec, InstanceState, NetworkInterface},
};
use serde::Serialize;
use signed::{Algorithm, Signer};
use spine::{
    Read, Row, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{net::Ipv4Addr, sync::Arc};
use wire::Time;

/// Writes and signs the documents of instances.
pub struct Identities;

#[async_trait]
impl Reconciler for Identities {
    fn name(&self) -> &'static str {
        "ec2/identities"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[Instance::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let mut wanted = Vec::new();
        for (key, row) in snapshot.list::<Instance>(Scope::All)? {
            let there = snapshot.spec(&identity_key(&key))?;
            let Some(document) = document(&snapshot, &key, &row)? else { continue };
            if there.is_none_or(|there| there.document != document || there.rsa2048.is_empty()) {
                wanted.push((identity_key(&key), document));
            }
        }
        if !wanted.is_empty() {
            sign(cx, wanted).await?;
        }
        forget(cx).await?;
        Ok(Wake::Idle)
    }
}

fn identity_key(instance: &Key<Instance>) -> Key<InstanceIdentity> {
    Key::new(&instance.account, &instance.region, instance.id.clone())
}

async fn sign(cx: &ReconcileCx, wanted: Vec<(Key<InstanceIdentity>, String)>) -> anyhow::Result<()> {
    let rsa = Signer::of(Algorithm::Rsa, &*signing_key(cx, Algorithm::Rsa).await?)?;
    let ecdsa = Signer::of(Algorithm::Ecdsa, &*signing_key(cx, Algorithm::Ecdsa).await?)?;
    for (at, document) in wanted {
        let text = document.as_bytes();
        let signature = rsa.sign(text)?;
        let spec = InstanceIdentitySpec {
            rsa2048: lines(&rsa.pkcs7(text, &signature)),
            pkcs7: lines(&ecdsa.pkcs7(text, &ecdsa.sign(text)?)),
            signature: lines(&signature),
            document,
        };
        cx.store.transact::<_, StoreError>(|tx| tx.set_spec(&at, &spec)).await?;
    }
    Ok(())
}

/// Base64 in lines of 64 characters, as `openssl` wants them between the lines that begin and end PEM.
fn lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    lines.join("\n")
}

/// The cloud's key for an algorithm; made, if there is none. That takes a while (RSA), and happens where blocking is allowed.
async fn signing_key(cx: &ReconcileCx, algorithm: Algorithm) -> anyhow::Result<Arc<IdentityKeySpec>> {
    let at = match algorithm {
        Algorithm::Rsa => Key::<IdentityKey>::of_the_cloud(),
        Algorithm::Ecdsa => Key::<IdentityKey>::of_pkcs7(),
    };
    if let Some(key) = cx.store.snapshot().spec(&at)? {
        return Ok(key);
    }
    let made = tokio::task::spawn_blocking(move || signed::new_key(algorithm)).await??;
    Ok(cx
        .store
        .transact::<_, StoreError>(|tx| match tx.spec(&at)? {
            Some(first) => Ok(first),
            None => tx.create(&at, &made).map(|()| Arc::new(made.clone())),
        })
        .await?)
}

/// Deletes the documents of instances that are gone.
async fn forget(cx: &ReconcileCx) -> Result<(), StoreError> {
    let snapshot = cx.store.snapshot();
    for (key, _) in snapshot.specs::<InstanceIdentity>(Scope::All)? {
        let instance = Key::<Instance>::new(&key.account, &key.region, key.id.clone());
        if !snapshot.exists(&instance)? {
            cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
        }
    }
    Ok(())
}

/// In the order, and with the members, of the real ones.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    account_id: String,
    architecture: &'a str,
    availability_zone: &'a str,
    billing_products: Option<()>,
    devpay_product_codes: Option<()>,
    marketplace_product_codes: Option<()>,
    image_id: &'a str,
    instance_id: &'a str,
    instance_type: &'a str,
    kernel_id: Option<()>,
    pending_time: String,
    private_ip: Ipv4Addr,
    ramdisk_id: Option<()>,
    region: String,
    version: &'static str,
}

/// What the instance says of itself; nothing once it has ended.
fn document(read: &impl Read, key: &Key<Instance>, row: &Row<Instance>) -> Result<Option<String>, StoreError> {
    if row.plan.state == InstanceState::Terminated {
        return Ok(None);
    }
    let Some(primary) = row.spec.interfaces.first() else { return Ok(None) };
    let interface = read.spec(&Key::<NetworkInterface>::new(&key.account, &key.region, primary.clone()))?;
    let Some(interface) = interface else { return Ok(None) };
    let document = Document {
        account_id: key.account.to_string(),
        architecture: &row.spec.boot.architecture,
        availability_zone: &row.spec.placement.zone,
        billing_products: None,
        devpay_product_codes: None,
        marketplace_product_codes: None,
        image_id: &row.spec.image,
        instance_id: &key.id,
        instance_type: &row.spec.instance_type,
        kernel_id: None,
        pending_time: Time(row.spec.launch.at.0).to_the_second(),
        private_ip: interface.address,
        ramdisk_id: None,
        region: key.region.to_string(),
        version: "2017-09-30",
    };
    Ok(serde_json::to_string_pretty(&document).ok())
}
