//! The credentials that services give their workloads: begun by the service, renewed by STS, read by whoever hands them out.

use super::assume::{NotAssumed, ServicePrincipal, assume_for_service};
use logic::workload_credentials::LIFE;
use model::{
    Env, Key,
    iam::{AccessKey, WorkloadCredentials, WorkloadCredentialsPlan, WorkloadCredentialsSpec, WorkloadKey},
};
use spine::{Read, Row, StoreError, Tx};
use wire::Time;

/// Which credentials a workload is to have.
#[derive(Clone, Copy, Debug)]
pub struct CredentialsWish<'a> {
    /// Who assumes the role, and for which workload.
    pub service: ServicePrincipal<'a>,
    /// The role's ARN.
    pub role: &'a str,
    /// The name of its sessions.
    pub session: &'a str,
}

/// Gives a workload credentials, if the role's trust policy lets the service assume it: the id by which it may have to ask for them.
pub fn give_credentials(
    tx: &mut Tx,
    env: &Env,
    key: &Key<WorkloadCredentials>,
    wish: CredentialsWish<'_>,
) -> Result<Result<String, NotAssumed>, StoreError> {
    let first = match issue(tx, env, wish)? {
        Ok(first) => first,
        Err(why) => return Ok(Err(why)),
    };
    let spec = WorkloadCredentialsSpec {
        id: env.uuid(),
        service: wish.service.name.into(),
        source: wish.service.source.clone(),
        role: wish.role.into(),
        session: wish.session.into(),
        first,
    };
    tx.create(key, &spec)?;
    Ok(Ok(spec.id))
}

/// Renews the credentials of a workload, or leaves it with those that it has, if the service may no longer assume the role.
pub fn renew_credentials(tx: &mut Tx, env: &Env, key: &Key<WorkloadCredentials>) -> Result<Result<(), NotAssumed>, StoreError> {
    let Some(spec) = tx.spec(key)? else { return Ok(Ok(())) };
    let service = ServicePrincipal { name: &spec.service, account: &key.account, source: &spec.source };
    match issue(tx, env, CredentialsWish { service, role: &spec.role, session: &spec.session })? {
        Ok(renewed) => tx.put_plan(key, &WorkloadCredentialsPlan { renewed: Some(renewed) }).map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

fn issue(tx: &mut Tx, env: &Env, wish: CredentialsWish<'_>) -> Result<Result<WorkloadKey, NotAssumed>, StoreError> {
    let issued = assume_for_service(tx, env, wish.service, wish.role, wish.session, LIFE)?;
    Ok(issued.map(|issued| WorkloadKey {
        access_key_id: issued.access_key_id,
        issued_at: env.now(),
        expires_at: issued.expires_at,
    }))
}

/// A workload's credentials as it is told of them.
#[derive(Clone)]
pub struct CurrentCredentials {
    /// `ASIA` and 16 more.
    pub access_key_id: String,
    /// What signs.
    pub secret_access_key: String,
    /// The session token.
    pub token: String,
    /// When they were issued: RFC 3339, in UTC, to the second.
    pub issued: String,
    /// When they expire, likewise.
    pub expiration: String,
}

/// The credentials that a workload has now; none if their key has been deleted.
pub fn current_credentials(read: &impl Read, row: &Row<WorkloadCredentials>) -> Result<Option<CurrentCredentials>, StoreError> {
    let now = current_key(row);
    let key = read.spec(&Key::<AccessKey>::of_id(&now.access_key_id))?;
    Ok(key.map(|key| CurrentCredentials {
        access_key_id: now.access_key_id.clone(),
        secret_access_key: key.secret.clone(),
        token: key.session.as_ref().map(|session| session.token.clone()).unwrap_or_default(),
        issued: Time(now.issued_at.0).to_the_second(),
        expiration: Time(now.expires_at.0).to_the_second(),
    }))
}

/// The key that a workload's credentials are now.
pub fn current_key(row: &Row<WorkloadCredentials>) -> &WorkloadKey {
    row.plan.renewed.as_ref().unwrap_or(&row.spec.first)
}
