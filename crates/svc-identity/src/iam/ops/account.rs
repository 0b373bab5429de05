//! The account's alias and its rules for passwords.

use super::super::{
    errors,
    paging::{asked, page},
    settings, views,
};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::iam::{AccountSettings, PasswordPolicy};
use spine::{Read, Scope, Tx};

/// The shortest password where rules are set that don't say (IAM API reference, `UpdateAccountPasswordPolicy`).
const MINIMUM_LENGTH: u32 = 6;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateAccountAlias>(Access::all(), create_alias)
        .op::<sdk::DeleteAccountAlias>(Access::all(), delete_alias)
        .op::<sdk::ListAccountAliases>(Access::all(), list_aliases)
        .op::<sdk::UpdateAccountPasswordPolicy>(Access::all(), update_policy)
        .op::<sdk::GetAccountPasswordPolicy>(Access::all(), get_policy)
        .op::<sdk::DeleteAccountPasswordPolicy>(Access::all(), delete_policy)
}

/// An account has one alias: a new one takes the place of the last.
fn create_alias(cx: &Cx, tx: &mut Tx, input: &sdk::CreateAccountAliasRequest) -> Answer<()> {
    let alias = &input.account_alias;
    check_alias(alias)?;
    if tx.specs::<AccountSettings>(Scope::All)?.iter().any(|(_, spec)| spec.alias.as_ref() == Some(alias)) {
        return Err(errors::already_exists(format!("The account alias {alias} already exists.")));
    }
    settings::change(cx, tx, |spec| spec.alias = Some(alias.clone()))
}

/// The model's pattern looks ahead, which the expressions that check the model's patterns can't.
fn check_alias(alias: &str) -> Answer<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = alias.starts_with(plain) && alias.ends_with(plain) && alias.chars().all(|c| plain(c) || c == '-');
    if good && !alias.contains("--") {
        return Ok(());
    }
    Err(errors::validation(format!(
        "1 validation error detected: Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
    )))
}

fn delete_alias(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteAccountAliasRequest) -> Answer<()> {
    let alias = &input.account_alias;
    if settings::get(cx, tx)?.alias.as_ref() != Some(alias) {
        return Err(errors::no_such_entity(format!("The account alias {alias} cannot be found.")));
    }
    settings::change(cx, tx, |spec| spec.alias = None)
}

fn list_aliases(cx: &Cx, tx: &mut Tx, input: &sdk::ListAccountAliasesRequest) -> Answer<sdk::ListAccountAliasesResponse> {
    let found = settings::get(cx, tx)?.alias.into_iter().collect();
    let page = page(found, asked(&input.marker, input.max_items), String::clone)?;
    Ok(sdk::ListAccountAliasesResponse { account_aliases: page.shown, is_truncated: page.is_truncated, marker: page.marker })
}

/// Sets all of the rules: what is left out falls back to its default.
fn update_policy(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateAccountPasswordPolicyRequest) -> Answer<()> {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    let policy = PasswordPolicy {
        minimum_length: number(input.minimum_password_length).unwrap_or(MINIMUM_LENGTH),
        symbols: input.require_symbols.unwrap_or(false),
        numbers: input.require_numbers.unwrap_or(false),
        uppercase: input.require_uppercase_characters.unwrap_or(false),
        lowercase: input.require_lowercase_characters.unwrap_or(false),
        users_may_change: input.allow_users_to_change_password.unwrap_or(false),
        max_age: number(input.max_password_age),
        reuse_prevention: number(input.password_reuse_prevention),
        hard_expiry: input.hard_expiry,
    };
    settings::change(cx, tx, |spec| spec.password_policy = Some(policy))
}

fn get_policy(cx: &Cx, tx: &mut Tx, (): &()) -> Answer<sdk::GetAccountPasswordPolicyResponse> {
    let none = || errors::no_such_entity(format!("The Password Policy with domain name {} cannot be found.", cx.account));
    let policy = settings::get(cx, tx)?.password_policy.ok_or_else(none)?;
    Ok(sdk::GetAccountPasswordPolicyResponse { password_policy: views::password_policy(&policy) })
}

fn delete_policy(cx: &Cx, tx: &mut Tx, (): &()) -> Answer<()> {
    if settings::get(cx, tx)?.password_policy.is_none() {
        return Err(errors::no_such_entity("The account policy with name PasswordPolicy cannot be found."));
    }
    settings::change(cx, tx, |spec| spec.password_policy = None)
}
