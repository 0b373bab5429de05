//! Getting a small document from an identity provider: HTTPS, bounded in size and time.

use crate::vouch;
use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::RootCertStore;
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

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Gets documents. The host's certificates are only read once something is fetched.
pub struct Fetcher {
    /// Whether plain HTTP is spoken to the loopback interface.
    plain_on_loopback: bool,
    roots: OnceLock<Arc<RootCertStore>>,
}

impl Fetcher {
    /// Speaks HTTPS, and plain HTTP to this machine alone, if it does that at all.
    pub fn new(plain_on_loopback: bool) -> Self {
        Self { plain_on_loopback, roots: OnceLock::new() }
    }

    /// The document at an address, from a server that the host or a thumbprint vouches for. Redirects are not followed.
    pub async fn get(&self, address: &str, thumbprints: &[String]) -> Result<Bytes, NotFetched> {
        let uri = self.allowed(address).ok_or(NotFetched::Refused)?;
        let client = self.client(thumbprints).ok_or(NotFetched::Away)?;
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

    /// A client for one document: what vouches for a server differs from provider to provider, and documents are seldom fetched.
    fn client(&self, thumbprints: &[String]) -> Option<HttpClient> {
        let config = vouch::client_config(self.roots.get_or_init(roots).clone(), thumbprints)?;
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        Some(Client::builder(TokioExecutor::new()).build(connector))
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a root certificate can't be read");
    }
    roots.add_parsable_certificates(found.certs);
    Arc::new(roots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

    /// A server on the loopback interface whose certificate nobody knows, and that certificate's thumbprint.
    async fn server() -> (u16, String) {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = certified.cert.der().clone();
        let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
            }
        });
        (port, vouch::thumbprint(&certificate))
    }

    #[tokio::test]
    async fn a_thumbprint_vouches_for_a_server_under_its_own_name() {
        let (port, thumbprint) = server().await;
        let fetcher = Fetcher::new(false);
        let get =
            async |host: &str, thumbprints: &[String]| fetcher.get(&format!("https://{host}:{port}/keys"), thumbprints).await;
        assert_eq!(get("localhost", &[]).await, Err(NotFetched::Away));
        assert_eq!(get("localhost", &["0".repeat(40)]).await, Err(NotFetched::Away));
        let ours = [thumbprint.to_uppercase()];
        assert_eq!(get("localhost", &ours).await.as_deref(), Ok(&b"{}"[..]));
        assert_eq!(get("127.0.0.1", &ours).await, Err(NotFetched::Away), "the name counts still");
    }
}
