//! TLS with certificates that are right, and with those that are not.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, crypto};

use super::*;
use crate::model::origin::Tls;

/// Somebody who signs.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Named after its key, so that no two are called alike.
        params.distinguished_name.push(DnType::CommonName, format!("{:?}", &key.public_key_raw()[..16]));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn signs(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }
}

/// A server that is this; it wants a certificate that `clients` signed where there is such a one.
fn server(identity: &Identity, clients: Option<&Authority>) -> Peer {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let roots = Arc::new(authority.roots());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let certificates = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = Arc::new(builder.with_single_cert(certificates, key).unwrap());
    Peer::with(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        while let Some(request) = Request::read(&mut stream) {
            peer::reply(&mut stream, "200 OK", "", &vector(&[("api", 1.0)], &request.field("time").unwrap()));
        }
        // An alert is on its way, and would be lost if what came meanwhile were left unread.
        let _ = stream.sock.shutdown(std::net::Shutdown::Write);
        let _ = io::copy(&mut stream.sock, &mut io::sink());
    })
}

/// A turn against it by one who trusts this authority, and shows this identity.
fn turn_with(peer: &Peer, trusted: &Authority, shown: Option<&Identity>) -> Result<Reading, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = |key: &'static str, text: &str| FromFile { key, path: written(&folder, key, text) };
    let mut facts = prometheus(peer.port(), PATIENT);
    facts.host = "localhost".to_owned();
    facts.tls = Some(Tls {
        ca: Some(file("ca_file", &trusted.0.pem())),
        identity: shown.map(|shown| (file("cert_file", &shown.certificate), file("key_file", &shown.key))),
    });
    turn(&mut turns(&facts), clock::wall())
}

#[test]
fn a_server_with_a_good_certificate_is_asked() {
    let authority = Authority::new();
    let peer = server(&authority.signs("localhost", |_| ()), None);
    assert_eq!(turn_with(&peer, &authority, None).unwrap().samples.len(), 1);
}

#[test]
fn a_certificate_that_is_not_good_is_told_in_words() {
    let authority = Authority::new();
    let expired = server(&authority.signs("localhost", |params| params.not_after = date_time_ymd(2020, 1, 1)), None);
    fails(turn_with(&expired, &authority, None), "its certificate has expired");
    let early = server(&authority.signs("localhost", |params| params.not_before = date_time_ymd(3020, 1, 1)), None);
    fails(turn_with(&early, &authority, None), "its certificate is not valid yet");
    let other = server(&authority.signs("elsewhere.example", |_| ()), None);
    fails(turn_with(&other, &authority, None), "its certificate is for another name than the one it is asked by");
    let unknown = server(&Authority::new().signs("localhost", |_| ()), None);
    fails(turn_with(&unknown, &authority, None), "signed by nobody who is trusted here: set ca_file");
}

#[test]
fn a_server_that_wants_to_know_us_is_shown_our_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let peer = server(&authority.signs("localhost", |_| ()), Some(&clients));
    let ours = clients.signs("unblink", |_| ());
    assert_eq!(turn_with(&peer, &authority, Some(&ours)).unwrap().samples.len(), 1);
    fails(turn_with(&peer, &authority, None), "it wants a certificate of ours: set cert_file and key_file");
}

#[test]
fn files_that_hold_no_certificate_or_key_are_named() {
    let authority = Authority::new();
    let peer = server(&authority.signs("localhost", |_| ()), None);
    let ours = authority.signs("unblink", |_| ());
    let bad = Identity { certificate: "none".to_owned(), key: ours.key.clone() };
    fails(turn_with(&peer, &authority, Some(&bad)), "holds no certificate in PEM");
    let bad = Identity { certificate: ours.certificate.clone(), key: "none".to_owned() };
    fails(turn_with(&peer, &authority, Some(&bad)), "holds no private key in PEM");
    let foreign = authority.signs("other", |_| ()).key;
    let bad = Identity { certificate: ours.certificate, key: foreign };
    fails(turn_with(&peer, &authority, Some(&bad)), "key_file does not fit cert_file");
}

#[test]
fn one_who_does_not_speak_tls_is_told_of() {
    let plain = Peer::start(|stream| {
        peer::send(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        while stream.read(&mut [0]).is_ok_and(|read| read > 0) {}
    });
    fails(turn_with(&plain, &Authority::new(), None), "it does not speak TLS: is https:// right in url?");
}

#[test]
fn one_who_never_agrees_on_tls_is_given_up() {
    let silent = Peer::start(|stream| while stream.read(&mut [0; 64]).is_ok_and(|read| read > 0) {});
    let folder = tempfile::tempdir().unwrap();
    let ca = FromFile { key: "ca_file", path: written(&folder, "ca", &Authority::new().0.pem()) };
    let mut facts = prometheus(silent.port(), HASTY);
    facts.tls = Some(Tls { ca: Some(ca), identity: None });
    fails(turn(&mut turns(&facts), clock::wall()), "no answer in 300ms");
}
