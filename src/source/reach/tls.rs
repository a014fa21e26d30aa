//! TLS to a server: whom we trust, who we are, and what went wrong in words.
//!
//! Invariant: a certificate is always checked, for its time, its name and who signed it; nothing turns that off. Files
//! are read for every connection, so that renewed ones are taken.

use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore, crypto};
use tokio_rustls::TlsConnector;

use super::super::format::words;
use crate::model::origin::{FromFile, Tls};
use crate::runtime::credentials::{certificates, private_key};

/// What a connection is wrapped in; else why not.
pub fn connector(tls: &Tls) -> Result<TlsConnector, String> {
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots(tls.ca.as_ref())?);
    let config = match &tls.identity {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificates = certificates(certificate)?;
            let key_der = private_key(key)?;
            config
                .with_client_auth_cert(certificates, key_der)
                .map_err(|error| format!("{} does not fit {}: {error}", key.key, certificate.key))?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(ca: Option<&FromFile>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(ca) => {
            for certificate in certificates(ca)? {
                roots
                    .add(certificate)
                    .map_err(|error| format!("{} {} cannot be trusted: {error}", ca.key, ca.path.display()))?;
            }
        }
        None => {
            // Some of the many may be odd; the others serve.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err("this system trusts no certificate: install ca-certificates, or set ca_file".to_owned());
            }
        }
    }
    Ok(roots)
}

/// What TLS says to an error of a connection; none where it is none of TLS.
pub fn trouble(error: &io::Error) -> Option<String> {
    let mut inner = error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(error) = inner {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(sentence(error));
        }
        inner = match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn sentence(error: &Error) -> String {
    use AlertDescription as Alert;
    use CertificateError as Certificate;
    let text = match error {
        Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            "its certificate has expired"
        }
        Error::InvalidCertificate(Certificate::NotValidYet | Certificate::NotValidYetContext { .. }) => {
            "its certificate is not valid yet: are the clocks right?"
        }
        Error::InvalidCertificate(Certificate::NotValidForName | Certificate::NotValidForNameContext { .. }) => {
            "its certificate is for another name than the one it is asked by"
        }
        Error::InvalidCertificate(Certificate::UnknownIssuer | Certificate::BadSignature) => {
            "its certificate is signed by nobody who is trusted here: set ca_file"
        }
        Error::InvalidCertificate(Certificate::Revoked) => "its certificate was revoked",
        Error::AlertReceived(Alert::CertificateRequired) => {
            "it wants a certificate of ours: set cert_file and key_file"
        }
        Error::AlertReceived(
            Alert::BadCertificate | Alert::UnknownCA | Alert::CertificateExpired | Alert::CertificateUnknown,
        ) => "it does not accept our certificate: is cert_file right, and not expired?",
        Error::InvalidMessage(_) => "it does not speak TLS: is https:// right in url?",
        other => return format!("TLS failed: {}", words(&other.to_string())),
    };
    text.to_owned()
}
