//! Access keys of users, and of the account's root.

use super::super::{
    access,
    caller::{self, Subject},
    errors, names,
    paging::{asked, page},
    settings, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service, credentials};
use model::{
    Key,
    iam::{AccessKey, AccessKeySpec, Principal, User, UserSpec, base_name},
};
use spine::{Read, Row, Tx};
use std::{collections::BTreeSet, sync::Arc};

/// How many a user may have (IAM user guide, "IAM and AWS STS quotas").
pub const MOST: usize = 2;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateAccessKey>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), create)
        .op::<sdk::UpdateAccessKey>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), update)
        .op::<sdk::DeleteAccessKey>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), delete)
        .op::<sdk::ListAccessKeys>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), list)
        .op::<sdk::GetAccessKeyLastUsed>(Access::found(|cx, at, i| access::owner_of_key(cx, at, &i.access_key_id)), last_used)
}

/// Who has keys.
enum Owner {
    User(Key<User>, Arc<UserSpec>),
    Root(BTreeSet<String>),
}

impl Owner {
    /// The user that is named, or else the caller.
    fn find(cx: &Cx, tx: &Tx, named: &Option<String>) -> Answer<Self> {
        match caller::subject(cx, named)? {
            Subject::User(name) => names::find::<User>(cx, tx, &name).map(|(key, spec)| Self::User(key, spec)),
            Subject::Root => Ok(Self::Root(settings::get(cx, tx)?.root_keys)),
        }
    }

    fn keys(&self) -> &BTreeSet<String> {
        match self {
            Self::User(_, spec) => &spec.keys,
            Self::Root(keys) => keys,
        }
    }

    fn principal(&self) -> Principal {
        match self {
            Self::User(_, spec) => spec.principal(),
            Self::Root(_) => Principal::Root,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::User(_, spec) => Some(&spec.name),
            Self::Root(_) => None,
        }
    }

    /// Writes down which keys it has.
    fn change(&self, cx: &Cx, tx: &mut Tx, change: impl FnOnce(&mut BTreeSet<String>)) -> Answer<()> {
        match self {
            Self::User(key, _) => Ok(tx.update_spec(key, |spec| change(&mut spec.keys))?),
            Self::Root(_) => settings::change(cx, tx, |spec| change(&mut spec.root_keys)),
        }
    }

    /// The record of one of its keys.
    fn key(&self, id: &str) -> Answer<Key<AccessKey>> {
        if self.keys().contains(id) { Ok(Key::<AccessKey>::of_id(id)) } else { Err(errors::no_access_key(id)) }
    }
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateAccessKeyRequest) -> Answer<sdk::CreateAccessKeyResponse> {
    let owner = Owner::find(cx, tx, &input.user_name)?;
    if owner.keys().len() >= MOST {
        return Err(errors::quota("AccessKeysPerUser", MOST));
    }
    let issued = credentials::issue(tx, &cx.env, &cx.account, owner.principal())?;
    owner.change(cx, tx, |keys| {
        keys.insert(issued.access_key_id.clone());
    })?;
    Ok(sdk::CreateAccessKeyResponse {
        access_key: sdk::AccessKey {
            user_name: owner.name().unwrap_or(caller::ROOT).to_owned(),
            access_key_id: issued.access_key_id,
            status: sdk::StatusType::Active,
            secret_access_key: issued.secret_access_key,
            create_date: Some(views::time(cx.now)),
        },
    })
}

fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateAccessKeyRequest) -> Answer<()> {
    let owner = Owner::find(cx, tx, &input.user_name)?;
    let key = owner.key(&input.access_key_id)?;
    let inactive = match input.status {
        sdk::StatusType::Active => false,
        sdk::StatusType::Inactive => true,
        _ => return Err(errors::invalid_input("The status of an access key can be set to Active or Inactive.")),
    };
    Ok(tx.update_spec(&key, |spec| spec.inactive = inactive)?)
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteAccessKeyRequest) -> Answer<()> {
    let owner = Owner::find(cx, tx, &input.user_name)?;
    let key = owner.key(&input.access_key_id)?;
    tx.delete(&key)?;
    owner.change(cx, tx, |keys| {
        keys.remove(&input.access_key_id);
    })
}

fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListAccessKeysRequest) -> Answer<sdk::ListAccessKeysResponse> {
    let owner = Owner::find(cx, tx, &input.user_name)?;
    let page = page(of(tx, owner.keys())?, asked(&input.marker, input.max_items), |(id, _)| id.clone())?;
    let page = page.map(|(id, row)| sdk::AccessKeyMetadata {
        user_name: owner.name().map(str::to_owned),
        access_key_id: Some(id),
        status: Some(status(&row.spec)),
        create_date: Some(views::time(row.spec.created_at)),
    });
    Ok(sdk::ListAccessKeysResponse { access_key_metadata: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// The front notes each use of a key.
fn last_used(cx: &Cx, tx: &mut Tx, input: &sdk::GetAccessKeyLastUsedRequest) -> Answer<sdk::GetAccessKeyLastUsedResponse> {
    let found = tx.get(&Key::<AccessKey>::of_id(&input.access_key_id))?;
    let lasting = found.filter(|row| row.spec.account == cx.account && row.spec.session.is_none());
    let row = lasting.ok_or_else(|| errors::no_access_key(&input.access_key_id))?;
    let user_name = match &row.spec.principal {
        Principal::User { name, .. } => Some(base_name(name).to_owned()),
        _ => None,
    };
    let (used, never) = (&row.observed, "N/A".to_owned());
    let place = |text: &String| if used.at.is_some() { text.clone() } else { never.clone() };
    let access_key_last_used = Some(sdk::AccessKeyLastUsed {
        last_used_date: used.at.map(views::time),
        service_name: place(&used.service),
        region: place(&used.region),
    });
    Ok(sdk::GetAccessKeyLastUsedResponse { user_name, access_key_last_used })
}

/// The keys of those ids, oldest first where they are to be told apart by number.
pub fn of(store: &impl Read, ids: &BTreeSet<String>) -> Answer<Vec<(String, Row<AccessKey>)>> {
    let mut rows = Vec::new();
    for id in ids {
        rows.extend(store.get(&Key::<AccessKey>::of_id(id))?.map(|row| (id.clone(), row)));
    }
    rows.sort_by_key(|(_, row)| row.spec.created_at);
    Ok(rows)
}

fn status(spec: &AccessKeySpec) -> sdk::StatusType {
    if spec.inactive { sdk::StatusType::Inactive } else { sdk::StatusType::Active }
}
