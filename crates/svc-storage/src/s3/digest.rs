//! What requests say of their bodies: `Content-MD5` and `x-amz-checksum-…`.

use super::{
    checksum::{self, Algorithm},
    errors,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use wire::Fault;

/// The checksums of an input, by their algorithms.
macro_rules! given {
    ($input:expr) => {
        [
            ("CRC32", &$input.checksum_crc32),
            ("CRC32C", &$input.checksum_crc32_c),
            ("CRC64NVME", &$input.checksum_crc64_nvme),
            ("SHA1", &$input.checksum_sha1),
            ("SHA256", &$input.checksum_sha256),
            ("SHA512", &$input.checksum_sha512),
            ("MD5", &$input.checksum_md5),
            ("XXHASH64", &$input.checksum_xxhash64),
            ("XXHASH3", &$input.checksum_xxhash3),
            ("XXHASH128", &$input.checksum_xxhash128),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
        .collect::<Vec<(String, String)>>()
    };
}

/// Shows a checksum in an output.
macro_rules! show {
    ($output:expr, $checksum:expr) => {
        if let Some(sum) = $checksum {
            let value = Some(sum.value.clone());
            match sum.algorithm.as_str() {
                "CRC32" => $output.checksum_crc32 = value,
                "CRC32C" => $output.checksum_crc32_c = value,
                "CRC64NVME" => $output.checksum_crc64_nvme = value,
                "SHA1" => $output.checksum_sha1 = value,
                "SHA256" => $output.checksum_sha256 = value,
                "SHA512" => $output.checksum_sha512 = value,
                "MD5" => $output.checksum_md5 = value,
                "XXHASH64" => $output.checksum_xxhash64 = value,
                "XXHASH3" => $output.checksum_xxhash3 = value,
                "XXHASH128" => $output.checksum_xxhash128 = value,
                _ => {}
            }
        }
    };
}
pub(super) use {given, show};

/// The type of a checksum as outputs have it.
pub fn kind(checksum: Option<&model::s3::Checksum>) -> Option<api::s3::ChecksumType> {
    checksum.map(|sum| match sum.composite {
        true => api::s3::ChecksumType::Composite,
        false => api::s3::ChecksumType::FullObject,
    })
}

/// The algorithm of that name.
///
/// # Errors
/// `InvalidRequest` of what is none.
pub fn algorithm(name: &str) -> Result<Algorithm, Fault> {
    let unknown = || {
        errors::invalid_request(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]",
        )
    };
    Algorithm::of(name).ok_or_else(unknown)
}

/// The one checksum that a request gives.
///
/// # Errors
/// `InvalidRequest` if there are several, or it isn't one.
pub fn one(given: Vec<(String, String)>) -> Result<Option<(Algorithm, String)>, Fault> {
    if given.len() > 1 {
        return Err(errors::invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        ));
    }
    let Some((name, value)) = given.into_iter().next() else { return Ok(None) };
    let algorithm = algorithm(&name)?;
    let whole = value.split_once('-').map_or(value.as_str(), |(sum, _)| sum);
    if STANDARD.decode(whole).is_ok_and(|bytes| bytes.len() == algorithm.length()) {
        return Ok(Some((algorithm, value)));
    }
    let header = name.to_ascii_lowercase();
    Err(errors::invalid_request(format!("Value for x-amz-checksum-{header} header is invalid.")))
}

/// The bytes of `Content-MD5`.
///
/// # Errors
/// `InvalidDigest`.
pub fn content_md5(text: &str) -> Result<Vec<u8>, Fault> {
    let invalid = || Fault::client("InvalidDigest", "The Content-MD5 you specified was invalid.");
    STANDARD.decode(text.trim()).ok().filter(|bytes| bytes.len() == 16).ok_or_else(invalid)
}

/// Holds the body of a request that was read as a whole against its headers.
///
/// # Errors
/// `BadDigest`, `InvalidDigest`, `InvalidRequest`.
pub fn inspect(request: &wire::Request) -> Result<(), Fault> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(text) = header("content-md5")
        && content_md5(text)? != checksum::of(Algorithm::Md5, &request.body)
    {
        return Err(errors::bad_digest("Content-MD5"));
    }
    // The checksum of a completed upload is that of the object, not of the request.
    if request.query.contains("uploadId=") {
        return Ok(());
    }
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        let stated = header(&format!("x-amz-checksum-{}", name.to_ascii_lowercase()));
        if stated.is_some_and(|stated| stated != STANDARD.encode(checksum::of(algorithm, &request.body))) {
            return Err(errors::bad_digest(name));
        }
    }
    Ok(())
}
