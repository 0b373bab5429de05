//! Container image references: `host/repository:tag@digest`, and which of them name the cloud's own registry.
//!
//! The grammar is the one that Docker and the OCI tools share (CNCF distribution, "reference"). Nothing here looks up whether an
//! image exists.

use model::{AccountId, Region};
use std::fmt;

/// The registry that a reference without a host means.
pub const DOCKER_HUB: &str = "docker.io";

/// A name of an image in some registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImageReference {
    /// `host` or `host:port`; [`DOCKER_HUB`] where the text has none.
    pub registry: String,
    /// The repository in that registry, such as `library/nginx`.
    pub repository: String,
    /// Which of its images.
    pub version: Version,
}

/// Which image of a repository is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Version {
    /// The one that has the tag now.
    Tag(String),
    /// The one with that digest, whatever tag was written before it.
    Digest(String),
}

/// An image of the cloud's own registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnImage {
    /// The account whose registry it is.
    pub account: AccountId,
    /// The region of that registry.
    pub region: Region,
    /// The repository's name.
    pub repository: String,
    /// Which of its images.
    pub version: Version,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid reference format: `{0}`")]
pub struct InvalidReference(String);

/// Reads a reference as Docker does: without a host it means Docker Hub, without a tag and digest `latest`.
pub fn parse(text: &str) -> Result<ImageReference, InvalidReference> {
    let invalid = || InvalidReference(text.chars().take(128).collect());
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let (name, tag) = split_tag(name);
    let (registry, path) = split_registry(name);
    let valid = digest.is_none_or(is_digest) && tag.is_none_or(is_tag) && is_host(registry) && is_repository(path);
    let version = match (digest, tag) {
        (Some(digest), _) => Version::Digest(digest.into()),
        (None, tag) => Version::Tag(tag.unwrap_or("latest").into()),
    };
    let repository = if registry == DOCKER_HUB && !path.contains('/') { format!("library/{path}") } else { path.into() };
    valid.then(|| ImageReference { registry: registry.into(), repository, version }).ok_or_else(invalid)
}

/// The image, if the reference names the cloud's own registry, in one of these forms:
///
/// * `<account>.dkr.ecr.<region>.<anything>`: that account's registry in that region, as in AWS;
/// * `<endpoint>/…`, where `endpoint` is the `host:port` of the cloud, or any loopback host with the endpoint's port: the registry
///   of `account` in `region`, which are the caller's.
pub fn own_registry(text: &str, endpoint: &str, account: &AccountId, region: &Region) -> Option<OwnImage> {
    let ImageReference { registry, repository, version } = parse(text).ok()?;
    let (account, region) = match ecr_host(&registry) {
        Some(named) => named,
        None if is_endpoint(&registry, endpoint) => (account.clone(), region.clone()),
        None => return None,
    };
    Some(OwnImage { account, region, repository, version })
}

/// The account and the region in a host name of the form `<account>.dkr.ecr.<region>.…`, with or without a port.
pub fn ecr_host(host: &str) -> Option<(AccountId, Region)> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let (region, domain) = rest.split_once('.')?;
    let domain = domain.split(':').next().unwrap_or_default();
    let known = domain == "localhost" || domain.ends_with(".localhost") || matches!(domain, "amazonaws.com" | "amazonaws.com.cn");
    known.then_some(())?;
    Some((AccountId::parse(account).ok()?, Region::parse(region).ok()?))
}

/// Whether the text may be a repository's name in a registry (OCI distribution specification, "Pulling manifests").
pub fn is_repository(path: &str) -> bool {
    !path.is_empty() && path.len() <= 255 && path.split('/').all(is_path_component)
}

/// Whether the text may be a tag (OCI distribution specification, "Pulling manifests").
pub fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// Whether the text is a digest of an algorithm that registries have to know: `sha256` or `sha512`, in lower-case hex.
pub fn is_digest(digest: &str) -> bool {
    let length = match digest.split_once(':') {
        Some(("sha256", _)) => 64,
        Some(("sha512", _)) => 128,
        _ => return false,
    };
    let hex = &digest.as_bytes()["sha256:".len()..];
    hex.len() == length && hex.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => (before, Some(tag)),
        _ => (name, None),
    }
}

/// The first component is a host if nothing else could be: it has a dot or a port, or is `localhost`.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((host, path)) if host == "localhost" || host.contains(['.', ':']) => (host, path),
        _ => (DOCKER_HUB, name),
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = split_port(host);
    let ipv6 = name.len() > 2 && name.starts_with('[') && name.ends_with(']');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-') || (ipv6 && matches!(b, b':' | b'[' | b']'));
    !name.is_empty() && name.bytes().all(allowed) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Components are lower-case letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let joins = component.split(|c: char| alphanumeric(c as u8) && c.is_ascii()).filter(|join| !join.is_empty());
    let bounded = |at: Option<u8>| at.is_some_and(alphanumeric);
    let joined = |join: &str| matches!(join, "." | "_" | "__") || join.bytes().all(|b| b == b'-');
    bounded(component.bytes().next()) && bounded(component.bytes().last()) && joins.into_iter().all(joined)
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

fn is_endpoint(registry: &str, endpoint: &str) -> bool {
    let loopback =
        |host: &str| host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]";
    let (host, port) = split_port(registry);
    registry == endpoint || (loopback(host) && port.is_some() && port == split_port(endpoint).1)
}

impl fmt::Display for Version {
    /// As the end of a reference: `:tag` or `@digest`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Tag(tag) => write!(f, ":{tag}"),
            Version::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.registry, self.repository, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn own(text: &str) -> Option<OwnImage> {
        let account = AccountId::parse("111122223333").unwrap();
        own_registry(text, "127.0.0.1:4566", &account, &Region::parse("eu-west-1").unwrap())
    }

    #[test]
    fn references_without_a_host_mean_docker_hub() {
        for (text, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("team/app", "docker.io/team/app:latest"),
            ("ghcr.io/a/b:v1", "ghcr.io/a/b:v1"),
            ("localhost/a", "localhost/a:latest"),
            ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
            ("public.ecr.aws/nginx/nginx:stable", "public.ecr.aws/nginx/nginx:stable"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), full, "{text}");
        }
    }

    #[test]
    fn a_digest_wins_over_a_tag() {
        let reference = parse(&format!("a/b:v1@{DIGEST}")).unwrap();
        assert_eq!(reference.version, Version::Digest(DIGEST.into()));
        assert_eq!(reference.repository, "a/b");
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            ":",
            "@",
            "A",
            "a//b",
            "/a",
            "a/",
            "a:",
            "a:-t",
            "a@sha256:12",
            "a b",
            "a..b",
            "-a",
            "ho_st.x/a",
            "h:99999/a",
            "ä",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"a".repeat(256)).is_err());
        assert!(parse(&format!("a:{}", "t".repeat(129))).is_err());
    }

    #[test]
    fn the_own_registry_has_several_names() {
        for (text, account, region) in [
            ("127.0.0.1:4566/web:v1", "111122223333", "eu-west-1"),
            ("localhost:4566/web:v1", "111122223333", "eu-west-1"),
            ("cloud.localhost:4566/web:v1", "111122223333", "eu-west-1"),
            ("999988887777.dkr.ecr.us-east-1.localhost:4566/web:v1", "999988887777", "us-east-1"),
            ("999988887777.dkr.ecr.us-east-1.localhost.localdomain.localhost:4566/web:v1", "999988887777", "us-east-1"),
            ("999988887777.dkr.ecr.us-east-1.amazonaws.com/web:v1", "999988887777", "us-east-1"),
            ("999988887777.dkr.ecr.cn-north-1.amazonaws.com.cn/web:v1", "999988887777", "cn-north-1"),
        ] {
            let image = own(text).expect(text);
            assert_eq!((image.account.as_str(), image.region.as_str()), (account, region), "{text}");
            assert_eq!((image.repository.as_str(), image.version), ("web", Version::Tag("v1".into())), "{text}");
        }
    }

    #[test]
    fn other_registries_are_not_the_own_one() {
        for text in [
            "web",
            "localhost/web",
            "localhost:5000/web",
            "127.0.0.1/web",
            "ghcr.io/a/b",
            "1.dkr.ecr.us-east-1.amazonaws.com/web",
            "example.com:4566/web",
            "999988887777.dkr.ecr.us-east-1.example.com/web",
        ] {
            assert_eq!(own(text), None, "{text}");
        }
    }
}
