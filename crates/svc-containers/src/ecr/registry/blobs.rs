//! Blobs: layers, configurations, and whatever else manifests name.

use super::super::find;
use super::{Answer, Ask, errors, reply};
use front::body;
use http::{StatusCode, header};
use model::ecr::blob_namespace;
use spine::Read;
use std::ops::Range;

/// A blob of a repository, or the part of it that `Range` asks for.
pub async fn get(ask: &Ask<'_>, name: &str, digest: &str) -> Answer {
    let repository = ask.repository(name);
    let snapshot = ask.ecr.store.snapshot();
    find::existing(&snapshot, &repository)?;
    let layer = snapshot.spec(&repository.layer(digest))?.ok_or_else(|| errors::no_blob(digest))?;
    let range = ask.header(header::RANGE).and_then(|text| read_range(text, layer.size));
    let (status, range) = match range {
        None => (StatusCode::OK, 0..layer.size),
        Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(None) => return Err(errors::no_range(layer.size)),
    };
    let length = range.end - range.start;
    let content = match length {
        0 => body::empty(),
        _ => body::streaming(ask.ecr.blobs.read(&blob_namespace(&ask.account, &ask.region), digest, Some(range.clone())).await?),
    };
    let response = reply::set(reply::with(status, content), header::CONTENT_TYPE, "application/octet-stream");
    let response = reply::set(response, header::CONTENT_LENGTH, length.to_string());
    let response = reply::set(response, header::ACCEPT_RANGES, "bytes");
    let response = reply::set(response, reply::CONTENT_DIGEST, digest);
    Ok(match status {
        StatusCode::PARTIAL_CONTENT => {
            reply::set(response, header::CONTENT_RANGE, format!("bytes {}-{}/{}", range.start, range.end - 1, layer.size))
        }
        _ => response,
    })
}

/// The one range that is asked for (RFC 9110, section 14.1.2). `None` where there is none that is understood, so that all is sent;
/// `Some(None)` where the blob hasn't got it.
fn read_range(text: &str, size: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.parse::<u64>().ok(), last.parse::<u64>().ok()) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return None,
    };
    Some((range.start < range.end).then_some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_blob() {
        for (text, expected) in [
            ("bytes=0-4", Some(Some(0..5))),
            ("bytes=5-", Some(Some(5..10))),
            ("bytes=-3", Some(Some(7..10))),
            ("bytes=-30", Some(Some(0..10))),
            ("bytes=8-99", Some(Some(8..10))),
            ("bytes=10-", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=4-2", None),
            ("bytes=a-b", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(read_range(text, 10), expected, "{text}");
        }
    }
}
