//! What a request wants an object to be besides its bytes: headers, class, tags, access control list, locks.

use super::{acl, errors, find, settings};
use api::s3 as sdk;
use front::{Answer, Cx};
use logic::policy::Context;
use model::{
    AccountId, Timestamp,
    s3::{BucketSpec, Lock, Retention, VersionSpec, setting},
    touch::Touched,
};
use spine::{Read, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// The most tags of an object.
const MOST_TAGS: usize = 10;
/// The most bytes of a user's own metadata.
const MOST_METADATA: usize = 2048;

/// What the inputs of several operations say alike.
pub struct Wishes<'a> {
    /// Headers that are given back.
    pub headers: BTreeMap<String, String>,
    /// The storage class.
    pub class: Option<sdk::StorageClass>,
    /// Tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// The access control list.
    pub acl: acl::Given<'a>,
    /// How it is locked.
    pub mode: Option<sdk::ObjectLockMode>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// And whatever the time.
    pub hold: Option<bool>,
}

/// The wishes in an input.
macro_rules! wishes {
    ($input:expr) => {{
        let input = &$input;
        let own = [
            ("cache-control", &input.cache_control),
            ("content-disposition", &input.content_disposition),
            ("content-encoding", &input.content_encoding),
            ("content-language", &input.content_language),
            ("content-type", &input.content_type),
            ("expires", &input.expires),
            ("x-amz-website-redirect-location", &input.website_redirect_location),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let metadata = input.metadata.iter().flatten();
        let metadata = metadata.map(|(name, value)| (format!("x-amz-meta-{}", name.to_ascii_lowercase()), value.clone()));
        let held = input.object_lock_event_hold.is_some()
            || input.object_lock_event_hold_duration_days.is_some()
            || input.object_lock_event_hold_duration_years.is_some();
        if held {
            return Err(crate::s3::errors::not_built("event holds"));
        }
        crate::s3::draft::Wishes {
            headers: own.chain(metadata).collect(),
            class: input.storage_class,
            tags: input.tagging.as_deref().map(crate::s3::draft::parse_tagging).transpose()?,
            acl: crate::s3::acl::Given {
                canned: input.acl.map(|acl| acl.as_str()),
                headers: crate::s3::acl::grant_headers!(input).to_vec(),
                list: None,
            },
            mode: input.object_lock_mode,
            until: input.object_lock_retain_until_date.map(|time| model::Timestamp(time.0)),
            hold: input.object_lock_legal_hold_status.map(|hold| hold == api::s3::ObjectLockLegalHoldStatus::On),
        }
    }};
}
pub(super) use wishes;

impl Wishes<'_> {
    /// A version without content that is what is wished, if the caller may wish it.
    ///
    /// # Errors
    /// Whatever is wrong with a wish, and `AccessDenied`.
    pub fn draft(&self, cx: &Cx, read: &impl Read, (name, bucket): (&str, &BucketSpec), key: &str) -> Answer<VersionSpec> {
        let arn = [find::object_arn(name, key)];
        let tags = self.tags.clone().unwrap_or_default();
        if self.tags.is_some() {
            cx.authorize("s3:PutObjectTagging", &arn, &tag_keys(&tags))?;
        }
        if self.acl.is_some() {
            cx.authorize("s3:PutObjectAcl", &arn, &Context::new())?;
        }
        self.check()?;
        let owner = match bucket.ownership.as_str() {
            "ObjectWriter" => cx.account.clone(),
            "BucketOwnerPreferred" if self.acl.canned != Some("bucket-owner-full-control") => cx.account.clone(),
            _ => bucket.owner.clone(),
        };
        let known = if self.acl.is_some() { accounts(read, cx, bucket)? } else { Vec::new() };
        let grants = self.acl.grants(bucket, &owner, &known)?;
        refuse_public(bucket, &grants)?;
        let lock = self.lock(cx, bucket, &arn[0])?;
        Ok(VersionSpec { order: 0, id: None, modified: cx.now, owner, content: None, tags, grants, lock })
    }

    fn check(&self) -> Answer<()> {
        use sdk::StorageClass as Class;
        match self.class {
            None | Some(Class::Standard | Class::ReducedRedundancy | Class::StandardIa | Class::OnezoneIa) => {}
            Some(Class::IntelligentTiering | Class::GlacierIr | Class::Glacier | Class::DeepArchive) => {}
            Some(class) => {
                return Err(errors::invalid_argument(
                    "The storage class you specified is not valid",
                    "StorageClass",
                    class.as_str(),
                ));
            }
        }
        let metadata = self.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?, value)));
        if metadata.map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST_METADATA {
            return Err(wire::Fault::client(
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
            ));
        }
        Ok(())
    }

    /// The storage class.
    pub fn class(&self) -> String {
        self.class.unwrap_or(sdk::StorageClass::Standard).as_str().to_owned()
    }

    fn lock(&self, cx: &Cx, bucket: &BucketSpec, arn: &model::Arn) -> Answer<Lock> {
        let wished = self.mode.is_some() || self.until.is_some() || self.hold.is_some();
        if wished && !bucket.object_lock {
            return Err(errors::invalid_request("Bucket is missing Object Lock Configuration"));
        }
        let retention = match (self.mode, self.until) {
            (Some(mode), Some(until)) => {
                if until <= cx.now {
                    return Err(errors::invalid_argument(
                        "The retain until date must be in the future!",
                        "x-amz-object-lock-retain-until-date",
                        "",
                    ));
                }
                cx.authorize("s3:PutObjectRetention", std::slice::from_ref(arn), &Context::new())?;
                Some(Retention { compliance: mode == sdk::ObjectLockMode::Compliance, until })
            }
            (None, None) => default_retention(bucket, cx.now)?,
            _ => {
                let message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
                return Err(errors::invalid_argument(message, "x-amz-object-lock-mode", ""));
            }
        };
        if self.hold == Some(true) {
            cx.authorize("s3:PutObjectLegalHold", std::slice::from_ref(arn), &Context::new())?;
        }
        Ok(Lock { retention, legal_hold: self.hold == Some(true) })
    }
}

/// The retention that the bucket gives to what is put into it.
fn default_retention(bucket: &BucketSpec, now: Timestamp) -> Answer<Option<Retention>> {
    let configuration = settings::get::<sdk::ObjectLockConfiguration>(bucket, setting::OBJECT_LOCK)?;
    let default = configuration.and_then(|it| it.rule).and_then(|rule| rule.default_retention);
    Ok(default.and_then(|default| {
        let days = default.days.or(default.years.map(|years| years * 365))?;
        let until = Timestamp(now.0 + i64::from(days) * 86_400_000);
        Some(Retention { compliance: default.mode? == sdk::ObjectLockRetentionMode::Compliance, until })
    }))
}

/// Refuses lists that let everybody in where the bucket blocks them.
pub fn refuse_public(bucket: &BucketSpec, grants: &[model::s3::Grant]) -> Answer<()> {
    let blocks = super::facts::block(bucket)?.block_public_acls == Some(true);
    if blocks && acl::is_public(grants) { Err(errors::access_denied()) } else { Ok(()) }
}

/// The accounts that grants can mean: those that the cloud has seen.
pub fn accounts(read: &impl Read, cx: &Cx, bucket: &BucketSpec) -> Answer<Vec<AccountId>> {
    let seen = read.specs::<Touched>(Scope::All)?.into_iter().map(|(key, _)| key.account);
    Ok(seen.chain([cx.account.clone(), bucket.owner.clone()]).collect::<BTreeSet<_>>().into_iter().collect())
}

/// `x-amz-tagging`: tags as parameters of a query string.
pub fn parse_tagging(text: &str) -> Answer<BTreeMap<String, String>> {
    let wrong = || {
        errors::invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
            "x-amz-tagging",
            text,
        )
    };
    let pairs = wire::protocol::uri::parameters(text).ok_or_else(wrong)?;
    let count = pairs.len();
    let tags: BTreeMap<_, _> = pairs.into_iter().collect();
    if tags.len() < count {
        return Err(wrong());
    }
    check_tags(&tags, MOST_TAGS)?;
    Ok(tags)
}

/// The tags in the body of a request.
///
/// # Errors
/// `InvalidTag`, `BadRequest`.
pub fn tags_of(tagging: &sdk::Tagging, most: usize) -> Answer<BTreeMap<String, String>> {
    let tags: BTreeMap<_, _> = tagging.tag_set.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    if tags.len() < tagging.tag_set.len() {
        return Err(wire::Fault::client("InvalidTag", "Cannot provide multiple Tags with the same key"));
    }
    check_tags(&tags, most)?;
    Ok(tags)
}

/// The most tags of an object.
pub fn most_object_tags() -> usize {
    MOST_TAGS
}

fn check_tags(tags: &BTreeMap<String, String>, most: usize) -> Answer<()> {
    let invalid = |message: &str| Err(wire::Fault::client("InvalidTag", message));
    if tags.len() > most {
        let what = if most == MOST_TAGS { "Object" } else { "Bucket" };
        return Err(wire::Fault::client("BadRequest", format!("{what} tags cannot be greater than {most}")));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > 256 {
            return invalid("The TagValue you have provided is invalid");
        }
        if key.starts_with("aws:") {
            return invalid("System tags cannot be added/updated by requester");
        }
    }
    Ok(())
}

/// The condition keys of tags in a request.
pub fn tag_keys(tags: &BTreeMap<String, String>) -> Context {
    let mut keys = Context::new();
    for (key, value) in tags {
        keys.set(format!("s3:RequestObjectTag/{key}"), value);
    }
    keys.set_all("s3:RequestObjectTagKeys", tags.keys());
    keys
}
