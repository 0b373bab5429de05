//! The certificates of an HTTPS listener.

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, ServerName},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::sync::Arc;

/// Several certificates: the first whose names fit what the client asked for (SNI), else the default, which is the first.
#[derive(Debug)]
struct Certificates(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let wanted = hello.server_name().and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let fitting = wanted.and_then(|name| self.0.iter().find(|key| fits(key, &name)));
        fitting.or(self.0.first()).cloned()
    }
}

fn fits(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = key.end_entity_cert().ok().and_then(|der| webpki::EndEntityCert::try_from(der).ok());
    certificate.is_some_and(|certificate| certificate.verify_is_valid_for_subject_name(name).is_ok())
}

/// The configuration of a listener with these PEM chains and keys. Errors say which certificate can't be used, and why.
pub(super) fn server_config(certificates: &[(String, String)], http2: bool) -> Result<Arc<ServerConfig>, String> {
    let keys = certificates.iter().enumerate().map(|(index, (chain, key))| {
        certified(chain, key).map(Arc::new).map_err(|error| format!("certificate {}: {error}", index + 1))
    });
    let resolver = Certificates(keys.collect::<Result<_, _>>()?);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(Arc::new(config))
}

fn certified(chain: &str, key: &str) -> Result<CertifiedKey, String> {
    let chain = rustls_pemfile::certs(&mut chain.as_bytes()).collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let key: Option<PrivateKeyDer<'static>> =
        rustls_pemfile::private_key(&mut key.as_bytes()).map_err(|error| error.to_string())?;
    let key = key.ok_or("it has no private key")?;
    if chain.is_empty() {
        return Err("its chain is empty".into());
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(|error| error.to_string())
}
