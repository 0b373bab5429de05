//! Credential reports, each of which stands for four hours.

use super::super::{
    caller, errors, names,
    report::{self, Line, Password},
    settings, views,
};
use super::access_keys;
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Timestamp,
    iam::{AccessKey, CredentialReport, LoginProfile, Named, PasswordPolicy, Principal, User},
};
use spine::{Row, Tx};
use std::time::Duration;

/// How long a report stands, before the next is made (IAM user guide, "Generate credential reports for your AWS account").
const STANDS: Duration = Duration::from_secs(4 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// What a report calls the account's root.
const ROOT: &str = "<root_account>";

pub fn rows(service: Service) -> Service {
    service.op::<sdk::GenerateCredentialReport>(Access::all(), generate).op::<sdk::GetCredentialReport>(Access::all(), get)
}

/// A report is there as soon as it is asked for; the first answer says that it was started, as clients expect.
fn generate(cx: &Cx, tx: &mut Tx, (): &()) -> Answer<sdk::GenerateCredentialReportResponse> {
    if settings::get(cx, tx)?.credential_report.is_some_and(|report| stands(cx, &report)) {
        return Ok(sdk::GenerateCredentialReportResponse { state: Some(sdk::ReportStateType::Complete), description: None });
    }
    let report = CredentialReport { generated_at: cx.now, csv: make(cx, tx)? };
    settings::change(cx, tx, |spec| spec.credential_report = Some(report))?;
    Ok(sdk::GenerateCredentialReportResponse {
        state: Some(sdk::ReportStateType::Started),
        description: Some("No report exists. Starting a new report generation task".into()),
    })
}

fn get(cx: &Cx, tx: &mut Tx, (): &()) -> Answer<sdk::GetCredentialReportResponse> {
    let report = settings::get(cx, tx)?.credential_report.ok_or_else(errors::no_report)?;
    if !stands(cx, &report) {
        return Err(errors::report_expired());
    }
    Ok(sdk::GetCredentialReportResponse {
        content: Some(report.csv.into_bytes().into()),
        report_format: Some(sdk::ReportFormatType::TextCsv),
        generated_time: Some(views::time(report.generated_at)),
    })
}

fn stands(cx: &Cx, report: &CredentialReport) -> bool {
    cx.now.since(report.generated_at) < STANDS
}

fn make(cx: &Cx, tx: &Tx) -> Answer<String> {
    let settings = settings::get(cx, tx)?;
    let root_keys = access_keys::of(tx, &settings.root_keys)?;
    let root = Line {
        user: ROOT,
        arn: Principal::Root.arn(&cx.account),
        created_at: caller::account_since(cx, tx)?,
        password: Password::NotSupported,
        keys: pairs(&root_keys),
    };
    let users = names::all::<User>(cx, tx)?;
    let keys = users.iter().map(|(_, user)| access_keys::of(tx, &user.keys)).collect::<Answer<Vec<_>>>()?;
    let lines = users.iter().zip(&keys).map(|((_, user), keys)| Line {
        user: &user.name,
        arn: User::arn(&cx.account, user),
        created_at: user.created_at,
        password: password(user.login.as_ref(), settings.password_policy.as_ref()),
        keys: pairs(keys),
    });
    Ok(report::csv(&std::iter::once(root).chain(lines).collect::<Vec<_>>()))
}

fn pairs(keys: &[(String, Row<AccessKey>)]) -> Vec<(&model::iam::AccessKeySpec, &model::iam::LastUsed)> {
    keys.iter().map(|(_, row)| (&*row.spec, &*row.observed)).collect()
}

fn password(profile: Option<&LoginProfile>, policy: Option<&PasswordPolicy>) -> Password {
    let expires_at = |changed_at: Timestamp| policy.and_then(|policy| policy.max_age).map(|days| changed_at + DAY * days);
    match profile {
        Some(profile) => Password::Set { changed_at: profile.changed_at, expires_at: expires_at(profile.changed_at) },
        None => Password::None,
    }
}
