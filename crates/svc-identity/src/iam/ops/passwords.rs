//! Passwords of users. There is no console to sign in at; that a user has one, and since when, is what is kept and told.

use super::super::{access, caller, errors, names, passwords, settings, views};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Key,
    iam::{LoginProfile, Principal, User, UserSpec, base_name},
};
use spine::Tx;

/// The most that a password policy may forbid to use again (IAM API reference, `PasswordReusePrevention`).
const MOST_EARLIER: usize = 24;

pub fn rows(service: Service) -> Service {
    service
        .op::<sdk::CreateLoginProfile>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), create)
        .op::<sdk::GetLoginProfile>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), get)
        .op::<sdk::UpdateLoginProfile>(Access::found(|cx, at, i| access::existing::<User>(cx, at, &i.user_name)), update)
        .op::<sdk::DeleteLoginProfile>(Access::found(|cx, at, i| access::user_or_caller(cx, at, &i.user_name)), delete)
        .op::<sdk::ChangePassword>(Access::found(|cx, at, _| access::user_or_caller(cx, at, &None)), change)
}

fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateLoginProfileRequest) -> Answer<sdk::CreateLoginProfileResponse> {
    let name = caller::user_name(cx, &input.user_name)?;
    let (key, spec) = names::find::<User>(cx, tx, &name)?;
    if spec.login.is_some() {
        return Err(errors::already_exists(format!("Login Profile for user {name} already exists.")));
    }
    let password = input.password.as_deref().ok_or_else(|| errors::validation("Password is required."))?;
    let profile = LoginProfile {
        created_at: cx.now,
        changed_at: cx.now,
        password_hash: renewed(cx, tx, None, password)?,
        earlier_hashes: Vec::new(),
        reset_required: input.password_reset_required.unwrap_or(false),
    };
    let login_profile = view(&spec, &profile);
    tx.update_spec(&key, |spec| spec.login = Some(profile))?;
    Ok(sdk::CreateLoginProfileResponse { login_profile })
}

fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetLoginProfileRequest) -> Answer<sdk::GetLoginProfileResponse> {
    let (_, spec, profile) = find(cx, tx, &caller::user_name(cx, &input.user_name)?)?;
    Ok(sdk::GetLoginProfileResponse { login_profile: view(&spec, &profile) })
}

fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateLoginProfileRequest) -> Answer<()> {
    let (key, _, mut profile) = find(cx, tx, &input.user_name)?;
    if let Some(password) = &input.password {
        profile = with_password(cx, tx, profile, password)?;
    }
    profile.reset_required = input.password_reset_required.unwrap_or(profile.reset_required);
    Ok(tx.update_spec(&key, |spec| spec.login = Some(profile))?)
}

fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteLoginProfileRequest) -> Answer<()> {
    let (key, ..) = find(cx, tx, &caller::user_name(cx, &input.user_name)?)?;
    Ok(tx.update_spec(&key, |spec| spec.login = None)?)
}

/// Users change their own alone.
fn change(cx: &Cx, tx: &mut Tx, input: &sdk::ChangePasswordRequest) -> Answer<()> {
    let Principal::User { name, .. } = &cx.principal else { return Err(errors::not_a_user()) };
    let (key, _, profile) = find(cx, tx, base_name(name))?;
    if !passwords::matches(&input.old_password, &profile.password_hash) {
        return Err(errors::wrong_password());
    }
    let mut profile = with_password(cx, tx, profile, &input.new_password)?;
    profile.reset_required = false;
    Ok(tx.update_spec(&key, |spec| spec.login = Some(profile))?)
}

/// A profile with another password.
fn with_password(cx: &Cx, tx: &Tx, profile: LoginProfile, password: &str) -> Answer<LoginProfile> {
    let password_hash = renewed(cx, tx, Some(&profile), password)?;
    let mut earlier_hashes = profile.earlier_hashes;
    earlier_hashes.insert(0, profile.password_hash);
    earlier_hashes.truncate(MOST_EARLIER);
    Ok(LoginProfile { password_hash, earlier_hashes, changed_at: cx.now, ..profile })
}

/// What is kept of a password, where it keeps to the account's rules.
fn renewed(cx: &Cx, tx: &Tx, profile: Option<&LoginProfile>, password: &str) -> Answer<String> {
    let policy = settings::get(cx, tx)?.password_policy;
    if let Some(rule) = passwords::violation(password, policy.as_ref()) {
        return Err(errors::password(rule));
    }
    let salt = profile.and_then(|profile| passwords::salt_of(&profile.password_hash)).unwrap_or_else(|| drawn(cx));
    let hash = passwords::hash(password, &salt);
    let used = profile.iter().flat_map(|profile| std::iter::once(&profile.password_hash).chain(&profile.earlier_hashes));
    let used: Vec<&str> = used.map(String::as_str).collect();
    match passwords::reused(&hash, &used, policy.as_ref()) {
        Some(rule) => Err(errors::password(rule)),
        None => Ok(hash),
    }
}

fn drawn(cx: &Cx) -> Vec<u8> {
    let mut salt = vec![0; passwords::SALT];
    cx.env.dice.fill(&mut salt);
    salt
}

fn find(cx: &Cx, tx: &Tx, name: &str) -> Answer<(Key<User>, UserSpec, LoginProfile)> {
    let (key, spec) = names::find::<User>(cx, tx, name)?;
    let profile = spec.login.clone().ok_or_else(|| errors::no_login_profile(name))?;
    Ok((key, UserSpec::clone(&spec), profile))
}

fn view(user: &UserSpec, profile: &LoginProfile) -> sdk::LoginProfile {
    sdk::LoginProfile {
        user_name: user.name.clone(),
        create_date: views::time(profile.created_at),
        password_reset_required: Some(profile.reset_required),
    }
}
