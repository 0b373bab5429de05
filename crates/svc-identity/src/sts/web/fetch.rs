//! Getting a small document from an identity provider: HTTPS with the host's root certificates, bounded in size and time.

use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The largest document: key sets have some KiB.
const LARGEST: usize = 256 << 10;
/// How long a provider may take for a document. It is the peer's time that counts here, not the cloud's.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFetched {
    /// The provider can't be reached, or has a problem of its own; it may be another time.
    Away,
    /// There is no such document, or it isn't one that may be asked for.
    Refused,
}

/// Gets documents. The connections and the host's certificates are only there once something was fetched.
pub struct Fetcher {
    /// Whether plain HTTP is spoken to the loopback interface.
    plain_on_loopback: bool,
    client: OnceLock<Option<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>>>,
}

impl Fetcher {
    /// Speaks HTTPS, and plain HTTP to this machine alone, if it does that at all.
    pub fn new(plain_on_loopback: bool) -> Self {
        Self { plain_on_loopback, client: OnceLock::new() }
    }

    /// The document at an address. Redirects are not followed.
    pub async fn get(&self, address: &str) -> Result<Bytes, NotFetched> {
        let uri = self.allowed(address).ok_or(NotFetched::Refused)?;
        let client = self.client.get_or_init(client).as_ref().ok_or(NotFetched::Away)?;
        let fetched = tokio::time::timeout(PATIENCE, async {
            let answer = client.get(uri).await.map_err(|_| NotFetched::Away)?;
            match answer.status() {
                StatusCode::OK => {}
                status if status.is_server_error() => return Err(NotFetched::Away),
                _ => return Err(NotFetched::Refused),
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            body.map(|body| body.to_bytes()).map_err(|_| NotFetched::Refused)
        });
        fetched.await.unwrap_or(Err(NotFetched::Away))
    }

    fn allowed(&self, address: &str) -> Option<Uri> {
        let uri: Uri = address.parse().ok()?;
        let plain = uri.scheme_str() == Some("http") && self.plain_on_loopback && uri.host().is_some_and(is_loopback);
        (plain || uri.scheme_str() == Some("https")).then_some(uri)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn client() -> Option<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a root certificate can't be read");
    }
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
    Some(Client::builder(TokioExecutor::new()).build(connector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone_and_only_if_it_was_said() {
        let (plain, secure) = (Fetcher::new(true), Fetcher::new(false));
        for address in ["http://127.0.0.1:8000/keys", "http://localhost/keys", "http://[::1]:1/keys"] {
            assert!(plain.allowed(address).is_some() && secure.allowed(address).is_none(), "{address}");
        }
        assert!(secure.allowed("https://id.example.com/keys").is_some());
        for address in
            ["http://id.example.com/", "http://10.0.0.1/", "http://127.0.0.1.nip.io/", "file:///etc/passwd", "/keys", ""]
        {
            assert!(plain.allowed(address).is_none(), "{address}");
        }
    }
}
