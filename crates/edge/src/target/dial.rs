//! Opening a connection to a target.

use crate::networks::Networks;
use model::Env;
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsConnector;

/// What HTTP is spoken over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// It took too long.
    #[error("connecting took too long")]
    TimedOut,
    /// The target drains since it was chosen.
    #[error("it drains")]
    Draining,
    /// Our own end is not there: the VPC's network, or the balancer's address in it. That says nothing about the target.
    #[error("the balancer is not in its VPC's network yet: {0}")]
    NotThere(io::Error),
    /// It was refused, there is no way there, or TLS failed.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

/// Opens connections to targets.
pub(crate) struct Dialler {
    env: Env,
    networks: Networks,
    tls: [TlsConnector; 2],
    /// A socket in a namespace takes a thread for a moment; this is how many may be opened at the same time.
    opening: Semaphore,
}

impl Dialler {
    pub(crate) fn new(env: Env, networks: Networks) -> Self {
        Self { env, networks, tls: [connector(b"http/1.1"), connector(b"h2")], opening: Semaphore::new(16) }
    }

    /// Connects within `limit`; with TLS over it if asked for. A target's certificate is not checked, as with the real service.
    pub(crate) async fn dial(
        &self,
        vpc: &str,
        from: Ipv4Addr,
        to: SocketAddrV4,
        tls: bool,
        http2: bool,
        limit: Duration,
    ) -> Result<Box<dyn Stream>, DialError> {
        let connecting = async {
            let socket = self.socket(vpc, from).await.map_err(DialError::NotThere)?;
            let stream = socket.connect(to.into()).await?;
            stream.set_nodelay(true)?;
            match tls {
                true => Ok(self.secure(stream, to, http2).await?),
                false => Ok(Box::new(stream) as Box<dyn Stream>),
            }
        };
        tokio::select! {
            connected = connecting => connected,
            () = self.env.sleep(limit) => Err(DialError::TimedOut),
        }
    }

    async fn socket(&self, vpc: &str, from: Ipv4Addr) -> io::Result<TcpSocket> {
        let _permit = self.opening.acquire().await.map_err(io::Error::other)?;
        self.networks.socket(vpc, from).await
    }

    async fn secure(&self, stream: TcpStream, to: SocketAddrV4, http2: bool) -> io::Result<Box<dyn Stream>> {
        let name = ServerName::IpAddress(IpAddr::V4(*to.ip()).into());
        Ok(Box::new(self.tls[usize::from(http2)].connect(name, stream).await?))
    }
}

fn connector(alpn: &[u8]) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("the provider has the cipher suites of the default versions");
    let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate)).with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    Arc::new(config).into()
}

/// Takes every certificate, as the real service documents it for HTTPS target groups (*Target groups*, routing configuration).
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
