//! Access control lists (Amazon S3 user guide, "Access control list (ACL) overview"): canned ones and grants, and what they are as
//! statements of a policy, by which they are decided.

use super::errors;
use api::s3 as sdk;
use aws_lc_rs::digest;
use front::Answer;
use model::{
    AccountId,
    s3::{BucketSpec, Grant, Grantee},
};
use serde_json::{Value, json};

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// The most grants of a list.
const MOST: usize = 100;

/// The canonical user id of an account: 64 hex digits that say nothing of it.
pub fn canonical_id(account: &AccountId) -> String {
    hex::encode(digest::digest(&digest::SHA256, format!("hillfog canonical user {account}").as_bytes()))
}

/// The owner as answers show it.
pub fn owner(account: &AccountId) -> sdk::Owner {
    sdk::Owner { display_name: None, id: Some(canonical_id(account)) }
}

/// What a request gives: a canned list by its name, headers with grantees by permission, or a list in the body.
#[derive(Default)]
pub struct Given<'a> {
    /// `x-amz-acl`.
    pub canned: Option<&'a str>,
    /// `x-amz-grant-…`: the permission and the header.
    pub headers: Vec<(&'static str, &'a Option<String>)>,
    /// The body.
    pub list: Option<&'a sdk::AccessControlPolicy>,
}

/// The headers that grant something of a bucket or an object, in an input.
macro_rules! grant_headers {
    ($input:expr) => {
        [
            ("FULL_CONTROL", &$input.grant_full_control),
            ("READ", &$input.grant_read),
            ("READ_ACP", &$input.grant_read_acp),
            ("WRITE_ACP", &$input.grant_write_acp),
        ]
    };
}
pub(super) use grant_headers;

impl Given<'_> {
    /// Whether there is anything but what is so without it.
    pub fn is_some(&self) -> bool {
        self.canned.is_some() || self.list.is_some() || self.headers.iter().any(|(_, header)| header.is_some())
    }

    /// The grants besides the owner's own; `known` are the accounts whose ids can be meant.
    ///
    /// # Errors
    /// `InvalidRequest`, `InvalidArgument`, `AccessControlListNotSupported`.
    pub fn grants(&self, bucket: &BucketSpec, owner: &AccountId, known: &[AccountId]) -> Answer<Vec<Grant>> {
        if bucket.ownership == "BucketOwnerEnforced" && self.says_more(owner) {
            return Err(errors::no_acls());
        }
        let headers = self.headers.iter().any(|(_, header)| header.is_some());
        if usize::from(self.canned.is_some()) + usize::from(headers) + usize::from(self.list.is_some()) > 1 {
            return Err(errors::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"));
        }
        let mut grants = match (self.canned, self.list) {
            (Some(name), _) => canned(name, &bucket.owner),
            (None, Some(list)) => of_list(list, known)?,
            (None, None) => self.of_headers(known)?,
        };
        grants.retain(|grant| grant.to != Grantee::Account(owner.clone()));
        grants.sort();
        grants.dedup();
        if grants.len() > MOST {
            return Err(errors::invalid_request("The ACL has more than 100 grants."));
        }
        Ok(grants)
    }

    /// Whether it is anything that a bucket without lists refuses: it takes what gives full control to its owner.
    fn says_more(&self, owner: &AccountId) -> bool {
        let own = canonical_id(owner);
        let only_owner = |list: &sdk::AccessControlPolicy| {
            list.grants.iter().flatten().all(|grant| {
                let id = grant.grantee.as_ref().and_then(|to| to.id.as_ref());
                id == Some(&own) && grant.permission == Some(sdk::Permission::FullControl)
            })
        };
        let full = |canned: &str| !matches!(canned, "private" | "bucket-owner-full-control");
        self.headers.iter().any(|(_, header)| header.is_some())
            || self.canned.is_some_and(full)
            || self.list.is_some_and(|list| !only_owner(list))
    }

    fn of_headers(&self, known: &[AccountId]) -> Answer<Vec<Grant>> {
        let mut grants = Vec::new();
        for (permission, header) in &self.headers {
            for one in header.iter().flat_map(|text| text.split(',')) {
                let (kind, value) = one.trim().split_once('=').ok_or_else(|| invalid_grantee(one))?;
                let to = grantee(kind, value.trim_matches('"'), known)?;
                grants.push(Grant { to, permission: (*permission).into() });
            }
        }
        Ok(grants)
    }
}

fn invalid_grantee(text: &str) -> wire::Fault {
    errors::invalid_argument("Invalid id", "CanonicalUser/ID", text)
}

fn grantee(kind: &str, value: &str, known: &[AccountId]) -> Answer<Grantee> {
    match kind {
        "uri" if [ALL_USERS, AUTHENTICATED, LOG_DELIVERY].contains(&value) => Ok(Grantee::Group(value.into())),
        "uri" => Err(errors::invalid_argument("Invalid group uri", "uri", value)),
        "id" => {
            known.iter().find(|it| canonical_id(it) == value).cloned().map(Grantee::Account).ok_or_else(|| invalid_grantee(value))
        }
        "emailAddress" => Err(errors::not_built("grants to email addresses")),
        _ => Err(invalid_grantee(value)),
    }
}

fn of_list(list: &sdk::AccessControlPolicy, known: &[AccountId]) -> Answer<Vec<Grant>> {
    let grant = |grant: &sdk::Grant| {
        let to = grant.grantee.as_ref().ok_or_else(errors::malformed_xml)?;
        let permission = grant.permission.ok_or_else(errors::malformed_xml)?;
        let to = match (&to.uri, &to.id, &to.email_address) {
            (Some(uri), ..) => grantee("uri", uri, known)?,
            (None, Some(id), _) => grantee("id", id, known)?,
            (None, None, Some(address)) => grantee("emailAddress", address, known)?,
            _ => return Err(errors::malformed_xml()),
        };
        Ok(Grant { to, permission: permission.as_str().into() })
    };
    list.grants.iter().flatten().map(grant).collect()
}

fn canned(name: &str, bucket_owner: &AccountId) -> Vec<Grant> {
    let group = |uri: &str, permission: &str| Grant { to: Grantee::Group(uri.into()), permission: permission.into() };
    let owner = |permission: &str| Grant { to: Grantee::Account(bucket_owner.clone()), permission: permission.into() };
    match name {
        "public-read" => vec![group(ALL_USERS, "READ")],
        "public-read-write" => vec![group(ALL_USERS, "READ"), group(ALL_USERS, "WRITE")],
        "authenticated-read" => vec![group(AUTHENTICATED, "READ")],
        "log-delivery-write" => vec![group(LOG_DELIVERY, "WRITE"), group(LOG_DELIVERY, "READ_ACP")],
        "bucket-owner-read" => vec![owner("READ")],
        "bucket-owner-full-control" => vec![owner("FULL_CONTROL")],
        _ => Vec::new(),
    }
}

/// Whether a list lets everybody in, or everybody who has an account anywhere.
pub fn is_public(grants: &[Grant]) -> bool {
    grants.iter().any(|grant| matches!(&grant.to, Grantee::Group(uri) if uri == ALL_USERS || uri == AUTHENTICATED))
}

/// The list as it is shown: the owner's full control first.
pub fn shown(account: &AccountId, grants: &[Grant]) -> Vec<sdk::Grant> {
    let user = |account: &AccountId| sdk::Grantee {
        display_name: None,
        email_address: None,
        id: Some(canonical_id(account)),
        r#type: sdk::Type::CanonicalUser,
        uri: None,
    };
    let group = |uri: &str| sdk::Grantee {
        display_name: None,
        email_address: None,
        id: None,
        r#type: sdk::Type::Group,
        uri: Some(uri.into()),
    };
    let own = sdk::Grant { grantee: Some(user(account)), permission: Some(sdk::Permission::FullControl) };
    let others = grants.iter().map(|grant| sdk::Grant {
        grantee: Some(match &grant.to {
            Grantee::Account(account) => user(account),
            Grantee::Group(uri) => group(uri),
        }),
        permission: sdk::Permission::parse(&grant.permission),
    });
    std::iter::once(own).chain(others).collect()
}

/// A bucket's list as statements (Amazon S3 user guide, "Mapping of ACL permissions and access policy permissions").
pub fn bucket_statements(bucket: &str, grants: &[Grant]) -> Vec<Value> {
    let (whole, inside) = (format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*"));
    let statement = |grant: &Grant| {
        let on_bucket: &[&str] = match grant.permission.as_str() {
            "READ" => &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
            "READ_ACP" => &["s3:GetBucketAcl"],
            "WRITE_ACP" => &["s3:PutBucketAcl"],
            "FULL_CONTROL" => {
                &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads", "s3:GetBucketAcl", "s3:PutBucketAcl"]
            }
            _ => &[],
        };
        let writes = matches!(grant.permission.as_str(), "WRITE" | "FULL_CONTROL");
        let inside = writes.then(|| allow(&grant.to, &["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], &inside));
        let whole = (!on_bucket.is_empty()).then(|| allow(&grant.to, on_bucket, &whole));
        whole.into_iter().chain(inside)
    };
    grants.iter().flat_map(statement).collect()
}

/// An object's list as statements.
pub fn object_statements(arn: &str, grants: &[Grant]) -> Vec<Value> {
    let statement = |grant: &Grant| {
        let actions: &[&str] = match grant.permission.as_str() {
            "READ" => &["s3:GetObject", "s3:GetObjectVersion"],
            "READ_ACP" => &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"],
            "WRITE_ACP" => &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"],
            "FULL_CONTROL" => &[
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectAcl",
                "s3:GetObjectVersionAcl",
                "s3:PutObjectAcl",
                "s3:PutObjectVersionAcl",
            ],
            _ => return None,
        };
        Some(allow(&grant.to, actions, arn))
    };
    grants.iter().filter_map(statement).collect()
}

fn allow(to: &Grantee, actions: &[&str], resource: &str) -> Value {
    let (principal, condition) = match to {
        Grantee::Account(account) => (json!({ "AWS": account.as_str() }), json!({})),
        Grantee::Group(uri) if uri == ALL_USERS => (json!("*"), json!({})),
        Grantee::Group(uri) if uri == AUTHENTICATED => {
            (json!("*"), json!({ "StringNotEquals": { "aws:PrincipalType": "Anonymous" } }))
        }
        Grantee::Group(_) => (json!({ "Service": "logging.s3.amazonaws.com" }), json!({})),
    };
    json!({ "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource, "Condition": condition })
}
