//! How a zip comes: in the request, or from a bucket. It is looked through before it is kept.

use crate::lambda::{Lambda, errors};
use bytes::Bytes;
use front::{Answer, Cx};
use function_code::{LARGEST_UNZIPPED, Refused};
use model::lambda::Archive;
use std::io::Cursor;
use wire::{Fault, Value};

/// The largest zip in a request, in bytes (Lambda developer guide, "Lambda quotas").
const LARGEST_DIRECT: usize = 50 << 20;

/// The largest request with a zip in it: the zip is in base64.
const LARGEST_REQUEST: usize = 69_905_067;

/// Where a request says that its zip is.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// In the request.
    pub zip: Option<&'a Bytes>,
    /// In that bucket.
    pub bucket: Option<&'a str>,
    /// Under that key.
    pub key: Option<&'a str>,
    /// As that version of the object.
    pub version: Option<&'a str>,
}

impl Origin<'_> {
    /// Whether it says anything.
    pub fn is_somewhere(&self) -> bool {
        self.zip.is_some() || self.bucket.is_some() || self.key.is_some() || self.version.is_some()
    }
}

/// Takes a zip in and keeps it. Hold [`super::CodeStore::keep`] meanwhile, and until a record names it.
///
/// # Errors
/// If it can't be had, or is none that can be unpacked.
pub async fn taken(cx: &Cx, lambda: &Lambda, origin: Origin<'_>, operation: &str) -> Answer<Archive> {
    let zip = fetched(cx, lambda, origin, operation).await?;
    if zip.is_empty() {
        return Err(errors::invalid("Uploaded file must be a non-empty zip"));
    }
    let unzipped = checked(zip.clone()).await?;
    let size = zip.len() as u64;
    let sha256 = lambda.code.put(zip).await?;
    Ok(Archive { sha256, size, unzipped })
}

async fn fetched(cx: &Cx, lambda: &Lambda, origin: Origin<'_>, operation: &str) -> Answer<Bytes> {
    match origin {
        Origin { zip: Some(zip), bucket: None, key: None, version: None } if zip.len() <= LARGEST_DIRECT => Ok(zip.clone()),
        Origin { zip: Some(_), bucket: None, key: None, version: None } => {
            Err(errors::too_large_request(LARGEST_REQUEST, operation))
        }
        Origin { zip: None, bucket: Some(bucket), key: Some(key), version } => object(cx, lambda, bucket, key, version).await,
        Origin { zip: Some(_), .. } => {
            Err(errors::invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."))
        }
        _ => Err(errors::invalid("Please provide a source for function code.")),
    }
}

/// An object that the caller may read.
async fn object(cx: &Cx, lambda: &Lambda, bucket: &str, key: &str, version: Option<&str>) -> Answer<Bytes> {
    let text = |text: &str| Value::Str(text.to_owned());
    let mut input = vec![("Bucket", text(bucket)), ("Key", text(key))];
    input.extend(version.map(|version| ("VersionId", text(version))));
    let answer = lambda.calls.forward(cx, ("s3", "GetObject"), Value::Struct(input)).await.map_err(not_got)?;
    let Value::Struct(members) = answer else { return Ok(Bytes::new()) };
    let body = members.into_iter().find(|(name, _)| *name == "Body");
    Ok(if let Some((_, Value::Blob(bytes))) = body { bytes } else { Bytes::new() })
}

fn not_got(fault: Fault) -> Fault {
    match fault.status {
        400..500 => errors::invalid(format!(
            "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}",
            fault.code, fault.message
        )),
        _ => fault,
    }
}

/// The bytes of what is in a zip. It is unpacked to find that out, away from the requests.
async fn checked(zip: Bytes) -> Answer<u64> {
    let looked = tokio::task::spawn_blocking(move || function_code::check(Cursor::new(zip), LARGEST_UNZIPPED));
    match looked.await.map_err(Fault::internal)? {
        Ok(contents) => Ok(contents.unzipped),
        Err(Refused::TooLarge(_)) => Err(errors::too_large_unzipped()),
        Err(Refused::Unreadable(why)) => Err(errors::unreadable_zip(why)),
        Err(refused @ Refused::Io(_)) => Err(Fault::internal(refused)),
    }
}
