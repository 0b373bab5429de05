//! Refusals in the protocol's own form (OCI distribution specification, "Error Codes"), in ECR's words.

use super::super::blobs::BlobError;
use super::reply;
use front::Body;
use http::{Response, StatusCode, header};
use serde_json::json;
use wire::Fault;

/// A refusal.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// A header that goes with it.
    header: Option<(header::HeaderName, String)>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    /// The refusal as the API would have it, for the trail of calls.
    pub fn fault(&self) -> Fault {
        let code = if self.status == StatusCode::FORBIDDEN { "AccessDeniedException" } else { self.code };
        Fault::client(code, self.message.clone())
    }

    /// The refusal as an answer.
    pub fn response(self) -> Response<Body> {
        let body = json!({"errors": [{"code": self.code, "message": self.message}]});
        let mut response = reply::json(self.status, "application/json", body.to_string());
        if let Some((name, Ok(value))) = self.header.map(|(name, value)| (name, header::HeaderValue::try_from(value))) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Nobody is known to ask; says how to be known.
pub fn unauthorized(endpoint: &str) -> Refusal {
    let challenge = format!("Basic realm=\"http://{endpoint}/\",service=\"ecr.amazonaws.com\"");
    let mut refusal = Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized");
    refusal.header = Some((header::WWW_AUTHENTICATE, challenge));
    refusal
}

/// The password is for one blob and nothing else.
pub fn only_a_blob() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "DENIED", "The address was given out for reading one layer, and for nothing else")
}

/// The path means nothing.
pub fn no_route() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "NAME_INVALID",
        "The address is none of the registry's, or its name or digest can't be one",
    )
}

/// The method isn't for that address.
pub fn unsupported() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "The operation is unsupported.")
}

pub fn no_manifest(reference: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", format!("Requested image not found: {reference}"))
}

pub fn manifest_in_use(reason: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "DENIED", reason)
}

pub fn no_blob(digest: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", format!("blob unknown to registry: {digest}"))
}

pub fn digest_invalid(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message)
}

pub fn invalid_count() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", "`n` has to be a number from 0 to 1000")
}

pub fn too_large(limit: usize) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", format!("a manifest has at most {limit} bytes"))
}

pub fn broken(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
}

/// A chunk that doesn't begin where the last one ended; says where that was.
pub fn out_of_order(received: u64) -> Refusal {
    let mut refusal =
        Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", "the chunk does not follow the last one");
    refusal.header = Some((header::RANGE, reply::upload_range(received)));
    refusal
}

/// A part of a blob that it doesn't have.
pub fn no_range(size: u64) -> Refusal {
    let mut refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", "the blob has no such range");
    refusal.header = Some((header::CONTENT_RANGE, format!("bytes */{size}")));
    refusal
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let (status, code) = match &*fault.code {
            "AccessDeniedException" => (StatusCode::FORBIDDEN, "DENIED"),
            "RepositoryNotFoundException" => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            "ImageNotFoundException" => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            "LayersNotFoundException" => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            "ReferencedImagesNotFoundException" => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            "ImageTagAlreadyExistsException" => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
            "UploadNotFoundException" => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            "InvalidLayerException" => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
            "InvalidParameterException" => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
            _ => (StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "UNKNOWN"),
        };
        if let Some(cause) = &fault.internal {
            tracing::error!(%cause, "the registry failed");
        }
        Refusal::new(status, code, fault.message)
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Busy => Refusal::new(StatusCode::CONFLICT, "BLOB_UPLOAD_INVALID", error.to_string()),
            BlobError::Broken(text) => broken(&text),
            other => Fault::from(other).into(),
        }
    }
}

impl From<spine::StoreError> for Refusal {
    fn from(error: spine::StoreError) -> Self {
        Fault::from(error).into()
    }
}
