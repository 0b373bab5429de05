//! What an account has once. There is no record of it until something is set.

use front::{Answer, Cx};
use model::{
    Key,
    iam::{AccountSettings, AccountSettingsSpec},
};
use spine::{Read, Tx};

/// The settings of the caller's account.
pub fn get(cx: &Cx, store: &impl Read) -> Answer<AccountSettingsSpec> {
    let found = store.spec(&Key::<AccountSettings>::of(&cx.account))?;
    Ok(found.map(|spec| (*spec).clone()).unwrap_or_default())
}

/// Changes them.
pub fn change(cx: &Cx, tx: &mut Tx, change: impl FnOnce(&mut AccountSettingsSpec)) -> Answer<()> {
    let key = Key::<AccountSettings>::of(&cx.account);
    if !tx.exists(&key)? {
        tx.create(&key, &AccountSettingsSpec::default())?;
    }
    Ok(tx.update_spec(&key, change)?)
}
