//! Where a repository is on the network, and where a registry may send its client. Pure.

use super::failure::Failure;
use crate::image::Digest;
use logic::image_reference::{DOCKER_HUB, ImageReference};
use url::{Host, Url};

/// The host that serves Docker Hub's images; the one in its references serves people.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// A repository of a registry, as an address.
#[derive(Clone, Debug)]
pub struct Repository {
    base: Url,
    name: String,
}

impl Repository {
    /// Where a reference's repository is: behind HTTPS, or behind plain HTTP if the registry is on this host's loopback and the
    /// reference doesn't name port 443.
    pub fn of(reference: &ImageReference) -> Result<Self, Failure> {
        let ImageReference { registry, repository, .. } = reference;
        let host = if registry == DOCKER_HUB { DOCKER_HUB_HOST } else { registry };
        let parse = |scheme: &str| {
            let text = format!("{scheme}://{host}/v2/{repository}/");
            Url::parse(&text).map_err(|error| Failure::Refused(format!("{registry} can't be asked: {error}")))
        };
        let secure = parse("https")?;
        let base = if is_loopback(&secure) && !host.ends_with(":443") { parse("http")? } else { secure };
        Ok(Self { base, name: repository.clone() })
    }

    /// A manifest's address, by its tag or digest (OCI distribution specification, "Pulling manifests").
    pub fn manifest(&self, version: &str) -> Url {
        self.at(&format!("manifests/{version}"))
    }

    /// A blob's address (OCI distribution specification, "Pulling blobs").
    pub fn blob(&self, digest: &Digest) -> Url {
        self.at(&format!("blobs/{digest}"))
    }

    /// What a token has to be good for (CNCF distribution, "Token Scope Documentation").
    pub fn scope(&self) -> String {
        format!("repository:{}:pull", self.name)
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url
    }
}

/// Whether a host is this one by its name or address, so that what is sent to it stays here.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Where a redirect leads. It may go to any host, but neither from HTTPS to HTTP nor to another scheme.
pub fn redirect(from: &Url, location: &str) -> Result<Url, Failure> {
    let refused = |why: &str| Failure::Refused(format!("the redirect from {} is refused: {why}", shown(from)));
    let mut to = from.join(location).map_err(|error| refused(&error.to_string()))?;
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        (_, scheme) => return Err(refused(&format!("it leads to {scheme}:"))),
    }
    to.set_fragment(None);
    // Neither can fail for an address that has a host.
    let _ = (to.set_username(""), to.set_password(None));
    Ok(to)
}

/// Where tokens come from. A registry behind HTTPS may only name one behind HTTPS, the others one on this host as well.
pub fn realm(registry: &Url, realm: &str) -> Result<Url, Failure> {
    let refused = |why: &str| Failure::Refused(format!("failed to authorize: the registry names {realm:?} as its realm: {why}"));
    let url = Url::parse(realm).map_err(|error| refused(&error.to_string()))?;
    match (registry.scheme(), url.scheme()) {
        (_, "https") => Ok(url),
        ("http", "http") if is_loopback(&url) => Ok(url),
        _ => Err(refused("credentials are not sent in the clear")),
    }
}

/// An address as errors show it: without the query, which is a secret where it is signed.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use logic::image_reference::parse;

    fn manifest(reference: &str) -> String {
        Repository::of(&parse(reference).unwrap()).unwrap().manifest("v1").into()
    }

    #[test]
    fn repositories_have_addresses() {
        for (reference, address) in [
            ("nginx", "https://registry-1.docker.io/v2/library/nginx/manifests/v1"),
            ("public.ecr.aws/nginx/nginx", "https://public.ecr.aws/v2/nginx/nginx/manifests/v1"),
            ("example.com:5000/a", "https://example.com:5000/v2/a/manifests/v1"),
            ("10.0.0.1:5000/a", "https://10.0.0.1:5000/v2/a/manifests/v1"),
            ("localhost:5000/a", "http://localhost:5000/v2/a/manifests/v1"),
            ("localhost/a", "http://localhost/v2/a/manifests/v1"),
            ("localhost:443/a", "https://localhost/v2/a/manifests/v1"),
            ("hub.localhost:80/a", "http://hub.localhost/v2/a/manifests/v1"),
            ("127.0.0.9:5000/a", "http://127.0.0.9:5000/v2/a/manifests/v1"),
            ("localhost.example.com/a", "https://localhost.example.com/v2/a/manifests/v1"),
        ] {
            assert_eq!(manifest(reference), address, "{reference}");
        }
        assert!(Repository::of(&parse("1.2.3.4.5/a").unwrap()).is_err());
    }

    #[test]
    fn redirects_never_leave_the_web_nor_its_protection() {
        let from = |url: &str, to: &str| redirect(&Url::parse(url).unwrap(), to).map(String::from).map_err(|e| e.to_string());
        assert_eq!(from("https://a/v2/x", "/y?z#f").unwrap(), "https://a/y?z");
        assert_eq!(from("https://a/v2/x", "https://u:p@b/y").unwrap(), "https://b/y");
        assert_eq!(from("http://127.0.0.1:1/x", "http://169.254.169.254/").unwrap(), "http://169.254.169.254/");
        for to in ["http://a/y", "file:///etc/passwd", "ftp://a/", "https://", "javascript:1", "data:,x"] {
            assert!(from("https://a/x", to).is_err(), "{to}");
        }
        assert!(from("http://a/x", "file:///etc/passwd").is_err());
        let error = from("https://a/x?secret=1", "http://a/y").unwrap_err();
        assert_eq!(error, "the redirect from https://a/x is refused: it leads to http:");
    }

    #[test]
    fn realms_are_safe_to_send_a_password_to() {
        let from = |url: &str, to: &str| realm(&Url::parse(url).unwrap(), to).is_ok();
        assert!(from("https://a/", "https://auth.a/token"));
        assert!(from("http://localhost:5000/", "https://auth.a/token"));
        assert!(from("http://localhost:5000/", "http://127.0.0.1:5001/token"));
        for to in ["http://a/token", "http://127.0.0.1/token", "/token", "file:///token", ""] {
            assert!(!from("https://a/", to), "{to}");
        }
        assert!(!from("http://localhost:5000/", "http://a/token"));
    }
}
