//! What a document of a kind has to contain, and may not. The order is IAM's: of several faults it names the same one.

use super::draft::{self, Document, Draft, Element};
use super::resource;
use crate::policy::condition::{Operator, Test};
use crate::policy::principal::{Named, Principals};
use crate::policy::{Kind, Malformed, Version, moment};

/// The actions that a trust policy may name (Service Authorization Reference, "AWS STS").
const TRUSTED: &[&str] = &[
    "assumerole",
    "assumerolewithsaml",
    "assumerolewithwebidentity",
    "assumeroot",
    "decodeauthorizationmessage",
    "getaccesskeyinfo",
    "getcalleridentity",
    "getfederationtoken",
    "getservicebearertoken",
    "getsessiontoken",
    "setcontext",
    "setsourceidentity",
    "tagsession",
];

/// Refuses a document that isn't of the kind.
pub(super) fn all(document: &Document, kind: Kind) -> Result<(), Malformed> {
    let statements = &document.statements;
    let of_identity = matches!(kind, Kind::Identity | Kind::Session | Kind::ServiceControl);
    if of_identity {
        version(document.version)?;
        no_principals(statements)?;
    }
    statements.iter().try_for_each(legacy)?;
    let formats = if of_identity { resource::formats(statements)? } else { Ok(()) };
    sids(statements, kind)?;
    statements.iter().try_for_each(|statement| has_actions(statement, of_identity))?;
    formats?;
    statements.iter().try_for_each(|statement| action_formats(statement, kind))?;
    statements.iter().try_for_each(|statement| match kind {
        Kind::Identity | Kind::Session | Kind::ServiceControl => has_resources(statement),
        Kind::Resource => has_principal(statement),
        Kind::Trust => trust(statement),
    })
}

fn version(version: Option<Version>) -> Result<(), Malformed> {
    match version {
        Some(Version::V2012) => Ok(()),
        _ => Err(Malformed::new("Policy document must be version 2012-10-17 or greater.")),
    }
}

fn no_principals(statements: &[Draft]) -> Result<(), Malformed> {
    match statements.iter().any(|statement| statement.principals.is_some()) {
        true => Err(Malformed::new("Policy document should not specify a principal.")),
        false => Ok(()),
    }
}

/// What is no fault of grammar, and yet isn't understood.
fn legacy(statement: &Draft) -> Result<(), Malformed> {
    if !matches!(statement.effect.as_str(), "Allow" | "Deny") {
        return Err(Malformed::legacy(format!("{:?} is no Effect: case matters", statement.effect)));
    }
    for condition in &statement.conditions {
        let is_date = Operator::parse(&condition.operator).is_some_and(|operator| matches!(operator.test, Test::Date(_)));
        let bad = condition.values.iter().find(|value| is_date && moment::parse(value).is_none());
        if let Some(value) = bad {
            return Err(Malformed::legacy(format!("{value:?} is no date")));
        }
    }
    Ok(())
}

/// IAM's own policies have alphanumeric ids; those of other services have what these like.
fn sids(statements: &[Draft], kind: Kind) -> Result<(), Malformed> {
    let sids: Vec<&str> =
        statements.iter().filter_map(|statement| statement.sid.as_deref()).filter(|sid| !sid.is_empty()).collect();
    if kind != Kind::Resource && sids.iter().any(|sid| !sid.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(Malformed::new(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ));
    }
    let mut sorted = sids;
    sorted.sort_unstable();
    match sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(Malformed::new("Statement IDs (SID) in a single policy must be unique.")),
        false => Ok(()),
    }
}

fn has_actions(statement: &Draft, of_identity: bool) -> Result<(), Malformed> {
    match &statement.actions {
        Some(actions) if !actions.texts.is_empty() => Ok(()),
        _ if of_identity => Err(Malformed::new("Policy statement must contain actions.")),
        _ => Err(Malformed::new("Missing required field Action")),
    }
}

fn has_resources(statement: &Draft) -> Result<(), Malformed> {
    match &statement.resources {
        Some(resources) if !resources.texts.is_empty() => Ok(()),
        _ => Err(Malformed::new("Policy statement must contain resources.")),
    }
}

fn has_principal(statement: &Draft) -> Result<(), Malformed> {
    match &statement.principals {
        Some(principals) if principals.named.is_empty() => {
            Err(Malformed::new("Missing required field Principal cannot be empty!"))
        }
        Some(_) => Ok(()),
        None => Err(Malformed::new("Missing required field Principal")),
    }
}

fn trust(statement: &Draft) -> Result<(), Malformed> {
    if statement.resources.is_some() {
        return Err(Malformed::new("Has prohibited field Resource"));
    }
    has_principal(statement)
}

fn action_formats(statement: &Draft, kind: Kind) -> Result<(), Malformed> {
    let texts = statement.actions.iter().flat_map(|Element { texts, .. }| texts);
    texts
        .into_iter()
        .try_for_each(|action| action_format(action).and_then(|()| if kind == Kind::Trust { of_sts(action) } else { Ok(()) }))
}

fn action_format(action: &str) -> Result<(), Malformed> {
    let mut parts = action.split(':');
    let (vendor, names) = (parts.next().unwrap_or_default(), parts.count());
    if vendor == "*" && names == 0 {
        return Ok(());
    }
    match names {
        0 => Err(Malformed::new("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")),
        1 if vendor == "*" || vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) => Ok(()),
        1 => Err(Malformed::new(format!("Vendor {vendor} is not valid"))),
        _ => Err(Malformed::new("Actions/Condition can contain only one colon.")),
    }
}

fn of_sts(action: &str) -> Result<(), Malformed> {
    let lower = action.to_ascii_lowercase();
    let known = |name: &str| TRUSTED.contains(&name) || name.contains(['*', '?']);
    match lower.strip_prefix("sts:") {
        Some(name) if known(name) => Ok(()),
        _ => Err(Malformed {
            message: "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity"
                .into(),
            detail: Some(format!("{action:?} is none of them")),
        }),
    }
}

/// Whom a `Principal` element names.
pub(super) fn principals(draft: &draft::Principals, kind: Kind) -> Result<Principals, Malformed> {
    let mut found = Principals { not: draft.not, everyone: false, named: Vec::new() };
    for (of, text) in &draft.named {
        let of = of.as_deref().unwrap_or("STAR");
        if text == "*" && matches!(of, "STAR" | "AWS") {
            found.everyone = true;
            continue;
        }
        let named = match of {
            "AWS" => Named::aws(text),
            "Service" => (text == "*" || text.contains('.')).then(|| Named::Service(text.clone())),
            "Federated" => (!text.is_empty()).then(|| Named::Federated(text.clone())),
            "CanonicalUser" => (kind == Kind::Resource).then_some(Named::CanonicalUser),
            _ => None,
        };
        let of = of.to_ascii_uppercase();
        found.named.push(named.ok_or_else(|| Malformed::new(format!("Invalid principal in policy: \"{of}\":\"{text}\"")))?);
    }
    Ok(found)
}
