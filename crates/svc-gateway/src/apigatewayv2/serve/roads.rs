//! Connections to the addresses of `HTTP_PROXY` integrations.

use front::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{
            HttpConnector,
            dns::{GaiResolver, Name},
        },
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore};
use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
    vec,
};
use tower_service::Service;

/// Keeps connections open between requests.
pub type HttpClient = Client<HttpsConnector<HttpConnector<Names>>, Body>;

/// How long a connection that nobody uses is kept. (The network's time, not the cloud's.)
const IDLE: Duration = Duration::from_secs(30);

/// The client, and what it trusts, which is only read when something is asked.
#[derive(Default)]
pub struct Roads(OnceLock<Option<HttpClient>>);

impl Roads {
    /// The client; none if the host's TLS can't be used.
    pub fn client(&self) -> Option<&HttpClient> {
        self.0.get_or_init(client).as_ref()
    }
}

fn client() -> Option<HttpClient> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let tls = builder.with_root_certificates(roots).with_no_client_auth();
    let mut tcp = HttpConnector::new_with_resolver(Names(GaiResolver::new()));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp);
    Some(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(https))
}

/// Resolves names as the host does, but for those that end in `.localhost`: they are this machine's (RFC 6761, section 6.3), and load
/// balancers and other APIs have them, though not every host's resolver knows.
#[derive(Clone)]
pub struct Names(GaiResolver);

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if name.as_str().trim_end_matches('.').ends_with(".localhost") {
            return Box::pin(async { Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))].into_iter()) });
        }
        let found = self.0.call(name);
        Box::pin(async { Ok(found.await?.collect::<Vec<_>>().into_iter()) })
    }
}
