//! The credential report: comma-separated values (IAM user guide, "Generate credential reports for your AWS account").

use model::{
    Arn, Timestamp,
    iam::{AccessKeySpec, LastUsed},
};

const COLUMNS: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

const NONE: &str = "N/A";

/// A row of the report.
pub struct Line<'a> {
    /// The name.
    pub user: &'a str,
    /// The ARN.
    pub arn: Arn,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its password.
    pub password: Password,
    /// Its access keys, at most two, the older one first.
    pub keys: Vec<(&'a AccessKeySpec, &'a LastUsed)>,
}

/// What there is to say of a password. None was ever used: there is nowhere to use it.
pub enum Password {
    /// The root's, about which the report says nothing.
    NotSupported,
    /// The user has none.
    None,
    /// The user has one.
    Set {
        /// When it was changed last.
        changed_at: Timestamp,
        /// When it has to be changed at the latest, if ever.
        expires_at: Option<Timestamp>,
    },
}

/// The report with those lines.
pub fn csv(lines: &[Line<'_>]) -> String {
    let mut text = COLUMNS.to_owned();
    for line in lines {
        text.push('\n');
        text.push_str(&cells(line).join(","));
    }
    text
}

fn cells(line: &Line<'_>) -> Vec<String> {
    let mut cells = vec![line.user.to_owned(), line.arn.to_string(), date(line.created_at)];
    cells.extend(password(&line.password));
    cells.push("false".into());
    cells.extend((0..2).flat_map(|n| key(line.keys.get(n).copied())));
    cells.extend(["false", NONE, "false", NONE].map(str::to_owned));
    cells
}

fn password(password: &Password) -> [String; 4] {
    match password {
        Password::NotSupported => ["not_supported", "no_information", "not_supported", "not_supported"].map(str::to_owned),
        Password::None => ["false", NONE, NONE, NONE].map(str::to_owned),
        Password::Set { changed_at, expires_at } => {
            ["true".into(), "no_information".into(), date(*changed_at), expires_at.map_or(NONE.into(), date)]
        }
    }
}

fn key(key: Option<(&AccessKeySpec, &LastUsed)>) -> [String; 5] {
    let Some((spec, used)) = key else { return ["false", NONE, NONE, NONE, NONE].map(str::to_owned) };
    let [at, region, service] = match used.at {
        Some(at) => [date(at), used.region.clone(), used.service.clone()],
        None => [NONE; 3].map(str::to_owned),
    };
    [(!spec.inactive).to_string(), date(spec.created_at), at, region, service]
}

/// ISO 8601, to the second.
fn date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AccountId, iam::global_arn};

    #[test]
    fn every_line_has_a_cell_for_every_column() {
        let account = AccountId::parse("111122223333").unwrap();
        let line = |password| Line {
            user: "anna",
            arn: global_arn("iam", &account, "user/anna"),
            created_at: Timestamp(1_767_225_600_000),
            password,
            keys: Vec::new(),
        };
        let set = Password::Set { changed_at: Timestamp(0), expires_at: Some(Timestamp(86_400_000)) };
        let text = csv(&[line(Password::NotSupported), line(Password::None), line(set)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.split(',').count() == 22), "{text}");
        assert!(lines[3].starts_with(
            "anna,arn:aws:iam::111122223333:user/anna,2026-01-01T00:00:00+00:00,true,no_information,1970-01-01T00:00:00+00:00,\
             1970-01-02T00:00:00+00:00,false,false,N/A"
        ));
    }
}
