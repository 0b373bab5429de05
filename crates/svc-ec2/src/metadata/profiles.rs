//! Gives instances the credentials of their profiles' roles, and takes them away. STS renews them.

use super::{credentials_key, role_of};
use async_trait::async_trait;
use front::{CredentialsWish, ServicePrincipal, give_credentials};
use logic::workload_credentials::RETRY;
use model::{
    Arn, Key, Record,
    ec2::{Instance, InstanceState, Wish},
    iam::{InstanceProfile, Role, WorkloadCredentials},
};
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// As whom EC2 assumes the roles of instances.
const SERVICE: &str = "ec2.amazonaws.com";

/// The reconciler of instances' credentials.
pub struct Profiles;

#[async_trait]
impl Reconciler for Profiles {
    fn name(&self) -> &'static str {
        "ec2/profiles"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[Instance::KIND, InstanceProfile::KIND, Role::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let mut wake = Wake::Idle;
        for (key, row) in snapshot.list::<Instance>(Scope::All)? {
            let ended = row.plan.state == InstanceState::Terminated || matches!(row.spec.wish, Wish::Terminate(_));
            let profile = row.spec.profile.as_ref().filter(|_| !ended);
            let role = match profile {
                Some(profile) => role_of(&snapshot, &key, &profile.name)?.map(|(_, arn)| arn),
                None => None,
            };
            let has = snapshot.spec(&credentials_key(&key))?.map(|spec| spec.role.clone());
            if has != role && !cx.store.transact(|tx| exchange(tx, cx, &key, role.as_deref())).await? {
                wake = wake.min(Wake::At(cx.env.now() + RETRY));
            }
        }
        forget(cx).await?;
        Ok(wake)
    }
}

/// Gives an instance the credentials of that role in place of what it has. False if EC2 may not assume it.
fn exchange(tx: &mut Tx, cx: &ReconcileCx, instance: &Key<Instance>, role: Option<&str>) -> Result<bool, StoreError> {
    let at = credentials_key(instance);
    tx.delete(&at)?;
    let Some(role) = role else { return Ok(true) };
    let source = Arn::new("ec2", &instance.region, &instance.account, format!("instance/{}", instance.id));
    let service = ServicePrincipal { name: SERVICE, account: &instance.account, source: &source };
    let given = give_credentials(tx, &cx.env, &at, CredentialsWish { service, role, session: &instance.id })?;
    if let Err(why) = &given {
        tracing::warn!(instance = instance.id, %why, "an instance gets no credentials");
    }
    Ok(given.is_ok())
}

/// Deletes the credentials of instances that are gone.
async fn forget(cx: &ReconcileCx) -> Result<(), StoreError> {
    let snapshot = cx.store.snapshot();
    for (key, _) in snapshot.specs::<WorkloadCredentials>(Scope::All)? {
        let Some(id) = key.id.strip_prefix("ec2/") else { continue };
        if !snapshot.exists(&Key::<Instance>::new(&key.account, &key.region, id))? {
            cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
        }
    }
    Ok(())
}
