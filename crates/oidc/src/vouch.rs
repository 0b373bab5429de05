//! Which servers are believed to be a provider's: those that the host's root certificates vouch for, and where these don't know the
//! issuer, those whose topmost certificate has one of the provider's thumbprints (IAM user guide, "Obtain the thumbprint for an OpenID
//! Connect identity provider").

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::sync::Arc;

/// How connections to a provider are secured.
pub fn client_config(roots: Arc<RootCertStore>, thumbprints: &[String]) -> Option<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier { roots, thumbprints: thumbprints.to_vec(), provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// SHA-1 of a certificate, in hexadecimal digits.
pub fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Debug)]
struct Verifier {
    roots: Arc<RootCertStore>,
    thumbprints: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// Whether those roots vouch for a server: name, time and signatures are looked at in any case.
    fn verify(&self, roots: Arc<RootCertStore>, shown: &Shown<'_>) -> Result<ServerCertVerified, Error> {
        let unknown = |_| Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, self.provider.clone()).build().map_err(unknown)?;
        verifier.verify_server_cert(shown.end_entity, shown.intermediates, shown.name, shown.ocsp, shown.now)
    }

    /// The topmost certificate that was shown, as the only root, if one of the thumbprints is its.
    fn by_thumbprint(&self, shown: &Shown<'_>) -> Option<Arc<RootCertStore>> {
        let top = shown.intermediates.last().unwrap_or(shown.end_entity);
        let found = thumbprint(top);
        let known = self.thumbprints.iter().any(|thumbprint| thumbprint.eq_ignore_ascii_case(&found));
        let mut roots = RootCertStore::empty();
        (known && roots.add(top.clone().into_owned()).is_ok()).then(|| Arc::new(roots))
    }
}

/// What a server shows of itself.
struct Shown<'a> {
    end_entity: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    ocsp: &'a [u8],
    now: UnixTime,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Shown { end_entity, intermediates, name, ocsp, now };
        match self.verify(self.roots.clone(), &shown) {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => match self.by_thumbprint(&shown) {
                Some(roots) => self.verify(roots, &shown),
                None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
            },
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
