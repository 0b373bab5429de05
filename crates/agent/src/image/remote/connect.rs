//! Connections to registries: TCP, through a proxy where the environment names one, and TLS over it.
//!
//! `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are read as curl reads them. What is on this host is never reached through a proxy, nor
//! is plain HTTP, which only goes to this host (as in Go's HTTP client, and so in Docker and containerd).

use super::endpoint::is_loopback;
use bytes::Bytes;
use http::{Uri, uri::Scheme};
use http_body_util::Empty;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::{
        legacy::{
            Client,
            connect::{HttpConnector, proxy::Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::{TokioExecutor, TokioIo},
};
use rustls::{ClientConfig, RootCertStore};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::net::TcpStream;
use tower_service::Service;
use url::Url;

/// A client for one pull; its idle connections end with it.
pub type HttpClient = Client<HttpsConnector<Connector>, Empty<Bytes>>;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What all clients of a host share.
#[derive(Clone)]
pub struct Roads {
    tls: Arc<ClientConfig>,
    connector: Connector,
}

impl Roads {
    /// Reads the host's root certificates and the environment's proxies.
    pub fn of_this_host() -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a root certificate can't be read");
        }
        roots.add_parsable_certificates(found.certs);
        Self::new(roots, Matcher::from_env())
    }

    fn new(roots: RootCertStore, proxies: Matcher) -> Result<Self, rustls::Error> {
        let trusted = !roots.is_empty();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        Ok(Self { tls, connector: Connector { tcp, proxies: Arc::new(proxies), trusted } })
    }

    /// A client that has no connection yet.
    pub fn client(&self) -> HttpClient {
        let https = HttpsConnector::from((self.connector.clone(), self.tls.clone()));
        Client::builder(TokioExecutor::new()).build(https)
    }
}

/// Opens TCP connections, through a proxy where one is to be used.
#[derive(Clone)]
pub struct Connector {
    tcp: HttpConnector,
    proxies: Arc<Matcher>,
    /// Whether any certificate can be trusted.
    trusted: bool,
}

impl Connector {
    fn proxy(&self, to: &Uri) -> Option<Intercept> {
        let local = Url::parse(&to.to_string()).is_ok_and(|url| is_loopback(&url));
        let secure = to.scheme() == Some(&Scheme::HTTPS);
        self.proxies.intercept(to).filter(|_| secure && !local)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        if to.scheme() == Some(&Scheme::HTTPS) && !self.trusted {
            return refuse("this host has no root certificates (Debian package ca-certificates)".into());
        }
        let Some(proxy) = self.proxy(&to) else {
            let connecting = self.tcp.call(to);
            return Box::pin(async { Ok(connecting.await?) });
        };
        if proxy.uri().scheme() != Some(&Scheme::HTTP) {
            return refuse(format!("the proxy {}: only proxies behind http:// are supported", proxy.uri()));
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        let connecting = tunnel.call(to);
        Box::pin(async { Ok(connecting.await?) })
    }
}

fn refuse(why: String) -> Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, BoxError>> + Send>> {
    Box::pin(async { Err(why.into()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::remote::failure::unreachable;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    /// Only the proxy knows where this is.
    const NAME: &str = "registry.test";

    /// A server of `NAME` behind TLS that answers every connection's request with 200, and the certificate to trust.
    async fn server() -> (u16, RootCertStore) {
        let certified = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certified.cert.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key).unwrap();
        let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        (port, roots)
    }

    /// A proxy that leads every tunnel to a port of this host, and hands out the requests' heads.
    async fn proxy(port: u16) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let (say, heads) = tokio::sync::mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(socket.read_u8().await.unwrap());
                }
                say.send(String::from_utf8(head).unwrap()).unwrap();
                socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let mut there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut socket, &mut there).await });
            }
        });
        (own, heads)
    }

    async fn get(roots: &RootCertStore, proxy: &str, url: &str) -> Result<u16, String> {
        let roads = Roads::new(roots.clone(), Matcher::builder().https(proxy).build()).unwrap();
        let answer = roads.client().get(url.parse().unwrap()).await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| unreachable(&Url::parse(url).unwrap(), &error))
    }

    #[tokio::test]
    async fn a_proxy_leads_to_a_registry_whose_certificate_is_checked() {
        let (port, roots) = server().await;
        let (proxy_port, mut heads) = proxy(port).await;
        let proxy = format!("http://me:secret@127.0.0.1:{proxy_port}");
        assert_eq!(get(&roots, &proxy, "https://registry.test/").await, Ok(200));
        let head = heads.recv().await.unwrap().to_ascii_lowercase();
        assert!(
            head.starts_with("connect registry.test:443 http/1.1\r\n") && head.contains("proxy-authorization: basic"),
            "{head}"
        );

        let wrong_name = get(&roots, &proxy, "https://other.test/").await.unwrap_err();
        assert!(wrong_name.contains("certificate not valid for name"), "{wrong_name}");
        let unknown = get(&server().await.1, &proxy, "https://registry.test/").await.unwrap_err();
        assert!(unknown.contains("invalid peer certificate"), "{unknown}");
        let none = get(&RootCertStore::empty(), &proxy, "https://registry.test/").await.unwrap_err();
        assert_eq!(none, "this host has no root certificates (Debian package ca-certificates)");
        let secure_proxy = get(&roots, "https://127.0.0.1:1", "https://registry.test/").await.unwrap_err();
        assert_eq!(secure_proxy, "the proxy https://127.0.0.1:1/: only proxies behind http:// are supported");
    }

    #[test]
    fn proxies_are_for_other_hosts() {
        let matcher = Matcher::builder().all("http://proxy:3128").no("corp.example").build();
        let roads = Roads::new(RootCertStore::empty(), matcher).unwrap();
        let proxied = |uri: &str| roads.connector.proxy(&uri.parse().unwrap()).is_some();
        assert!(proxied("https://registry-1.docker.io/v2/"));
        for uri in ["https://r.corp.example/", "https://localhost:443/", "http://127.0.0.1:5000/", "http://169.254.169.254/"] {
            assert!(!proxied(uri), "{uri}");
        }
    }
}
