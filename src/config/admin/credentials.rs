//! The token that callers have to show, and the certificate that they are shown.
//!
//! Invariant: of the token only a checksum is held; comparing takes as long whatever is said.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::{ServerConfig, crypto};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{CERT_FILE, KEY_FILE, PortSettings, TOKEN, TOKEN_FILE, Token, Trouble, named};
use crate::base::limits;
use crate::config::schema::wrong;
use crate::config::secrets;
use crate::model::Secret;
use crate::model::origin::FromFile;
use crate::runtime::credentials::{self, Unread};

/// What was read.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Of the token.
    checksum: [u8; 32],
    /// None for a port without TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// The file of the token, or of the key, where everybody on this machine may read it.
    pub open_to_all: Option<PathBuf>,
}

// === impl Credentials ===

impl Credentials {
    /// Reads the files anew; `env` knows the variables. A disk may take as long as it likes.
    pub fn read(port: &PortSettings, env: impl Fn(&str) -> Option<String>) -> Result<Credentials, Trouble> {
        let (key, token, mut open_to_all) = match &port.token {
            Token::Variables(text) => {
                (TOKEN.name, secrets::resolve(text, &env).map_err(|wrong| Trouble::of(TOKEN.name, wrong))?, None)
            }
            Token::File(text) => {
                let file = named(TOKEN_FILE.name, text, &env)?;
                let (token, is_open) = credentials::secret(&file).map_err(|why| unreadable(&file, why))?;
                (TOKEN_FILE.name, token, is_open.then_some(file.path))
            }
        };
        check(key, &token)?;
        let tls = match &port.identity {
            None => None,
            Some(identity) => {
                let certificate = named(CERT_FILE.name, &identity.certificate, &env)?;
                let key = named(KEY_FILE.name, &identity.key, &env)?;
                let server = server(&certificate, &key)?;
                open_to_all = open_to_all.or_else(|| credentials::is_open_to_all(&key).then_some(key.path));
                Some(Arc::new(server))
            }
        };
        Ok(Credentials { checksum: Sha256::digest(token.expose()).into(), tls, open_to_all })
    }

    /// Whether this is the token. How long that takes says nothing of it, not even how long it is.
    pub fn admits(&self, said: &[u8]) -> bool {
        let said: [u8; 32] = Sha256::digest(said).into();
        said.ct_eq(&self.checksum).into()
    }
}

/// One that nobody can guess, and that a header can carry.
fn check(key: &'static str, token: &Secret) -> Result<(), Trouble> {
    let text = token.expose();
    let min = limits::TOKEN_BYTES_MIN;
    if text.len() < min {
        let remedy = "make one that nobody can guess: `openssl rand -hex 32`";
        return Err(Trouble::of(key, wrong(format!("the token has fewer than {min} characters"), remedy)));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let remedy = "use letters, digits and signs of ASCII";
        return Err(Trouble::of(key, wrong("the token has blanks or other characters that no header carries", remedy)));
    }
    Ok(())
}

fn server(certificate: &FromFile, key: &FromFile) -> Result<ServerConfig, Trouble> {
    let certificates = credentials::certificates(certificate).map_err(|why| unreadable(certificate, why))?;
    let private_key = credentials::private_key(key).map_err(|why| unreadable(key, why))?;
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let unfit = |error: rustls::Error| {
        let remedy = "name the two files that belong together, the certificate before those that signed it";
        Trouble::of(key.key, wrong(format!("it does not fit {}: {error}", certificate.key), remedy))
    };
    let config = config.and_then(|config| config.with_no_client_auth().with_single_cert(certificates, private_key));
    let mut config = config.map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn unreadable(file: &FromFile, Unread { why, is_denied, is_gone }: Unread) -> Trouble {
    // It begins with the key, which stands before it already.
    let message = why.strip_prefix(file.key).map_or(why.as_str(), str::trim_start).to_owned();
    let remedy = format!("put it there, readable for the daemon's user alone, or correct {}", file.key);
    Trouble { is_denied, is_gone, ..Trouble::of(file.key, wrong(message, remedy)) }
}
