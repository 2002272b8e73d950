//! Real TLS servers with certificates of a private and of the system's
//! authority, and with every kind of certificate that people install.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(hosts.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> Authority {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that answers `{}` to each connection.
struct TlsServer {
    url: Url,
    _tasks: JoinSet<()>,
}

impl TlsServer {
    #[expect(clippy::disallowed_methods, reason = "a server of tests ends with its handle")]
    async fn start(certificate: &rcgen::Certificate, key: &KeyPair, clients: Option<&Authority>) -> TlsServer {
        install_crypto_provider();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let builder = match clients {
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.der().clone()).unwrap();
                let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
                rustls::ServerConfig::builder().with_client_cert_verifier(verifier)
            }
            None => rustls::ServerConfig::builder().with_no_client_auth(),
        };
        let acceptor =
            TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ =
                        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}").await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        TlsServer { url, _tasks: tasks }
    }

    async fn of(authority: &Authority, params: CertificateParams) -> TlsServer {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        TlsServer::start(&certificate, &key, None).await
    }

    fn trusting(&self, ca_file: Option<&std::path::Path>) -> Endpoint {
        Endpoint { ca_file: ca_file.map(Into::into), ..Endpoint::new(self.url.clone()) }
    }
}

fn write(dir: &tempfile::TempDir, name: &str, pem: &str) -> std::path::PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, pem).unwrap();
    path
}

async fn reason(endpoint: &Endpoint) -> String {
    match get(endpoint).await {
        Err(HttpError::Unreachable { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let dir = tempfile::tempdir().unwrap();
    let both = write(&dir, "both.pem", &format!("{}{}", theirs.pem(), ours.pem()));
    let other = write(&dir, "other.pem", &theirs.pem());
    let server = TlsServer::of(&ours, params("server", &["127.0.0.1"])).await;
    assert_eq!(get(&server.trusting(Some(&both))).await.unwrap().bytes, b"{}");
    for ca_file in [Some(other.as_path()), None] {
        let reason = reason(&server.trusting(ca_file)).await;
        assert!(reason.contains("signed by an authority that is not trusted"), "{reason}");
    }
}

#[tokio::test]
async fn an_authority_that_is_replaced_is_read_again() {
    let (old, new) = (authority("old"), authority("new"));
    let dir = tempfile::tempdir().unwrap();
    let ca_file = write(&dir, "ca.pem", &old.pem());
    let (before, after) = (params("before", &["127.0.0.1"]), params("after", &["127.0.0.1"]));
    let (before, after) = (TlsServer::of(&old, before).await, TlsServer::of(&new, after).await);
    let http = Http::new(&before.trusting(Some(&ca_file))).unwrap();
    http.get(&[], &[], "*/*").await.unwrap();
    let renewed = Http::new(&after.trusting(Some(&ca_file))).unwrap();
    renewed.get(&[], &[], "*/*").await.unwrap_err();
    // Half-written at first: what was trusted before stays trusted.
    write(&dir, "ca.pem", "-----BEGIN CERTIFICATE-----");
    http.get(&[], &[], "*/*").await.unwrap();
    write(&dir, "ca.pem", &new.pem());
    renewed.get(&[], &[], "*/*").await.unwrap();
    http.get(&[], &[], "*/*").await.unwrap_err();
}

/// The system's authorities come from the environment, which only a new process
/// can have.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test runs itself in a child with another environment")]
fn the_authorities_of_the_system_stay_trusted_with_a_ca_file() {
    const CHILD: &str = "EVENKEEL_TEST_CA_CHILD";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if let Ok(child) = std::env::var(CHILD) {
        let (url, ca_file) = child.split_once(' ').unwrap();
        for ca_file in [None, Some(ca_file.into())] {
            let endpoint = Endpoint { ca_file, ..Endpoint::new(url.parse().unwrap()) };
            runtime.block_on(get(&endpoint)).unwrap();
        }
        return;
    }
    runtime.block_on(async {
        let (system, private) = (authority("system"), authority("private"));
        let dir = tempfile::tempdir().unwrap();
        let ca_file = write(&dir, "private.pem", &private.pem());
        let server = TlsServer::of(&system, params("server", &["127.0.0.1"])).await;
        let name = "net::tests::tls::the_authorities_of_the_system_stay_trusted_with_a_ca_file";
        let child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(CHILD, format!("{} {}", server.url, ca_file.display()))
            .env("SSL_CERT_FILE", write(&dir, "system.pem", &system.pem()))
            .output();
        let output = child.await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    });
}

#[tokio::test]
async fn a_refused_certificate_says_what_to_change() {
    let ours = authority("ours");
    let dir = tempfile::tempdir().unwrap();
    let ca_file = write(&dir, "ca.pem", &ours.pem());
    let valid = |name: &str, from, until| {
        let mut params = params(name, &["127.0.0.1"]);
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        params
    };
    let (expired, early) = (valid("expired", 2020, 2021), valid("early", 2090, 2091));
    for (certificate, expected) in [
        (expired, "the server's certificate expired at 2021-01-01T00:00:00.000Z"),
        (early, "the server's certificate is not valid before 2090-01-01T00:00:00.000Z"),
        (params("other", &["prometheus.example"]), "prometheus.example"),
    ] {
        let server = TlsServer::of(&ours, certificate).await;
        let reason = reason(&server.trusting(Some(&ca_file))).await;
        assert!(reason.contains(expected), "{reason}");
    }
    // `openssl req -x509` makes an authority of its own accord.
    let key = KeyPair::generate().unwrap();
    let mut own = params("own", &["127.0.0.1"]);
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = own.self_signed(&key).unwrap();
    let server = TlsServer::start(&own, &key, None).await;
    let named = write(&dir, "own.pem", &own.pem());
    let refused = reason(&server.trusting(Some(&named))).await;
    assert!(refused.contains("(self-signed, CA:TRUE)") && !refused.contains("OtherError"), "{refused}");
    // One that is a server's may be trusted directly.
    let own = params("own", &["127.0.0.1"]).self_signed(&key).unwrap();
    let server = TlsServer::start(&own, &key, None).await;
    let refused = reason(&server.trusting(None)).await;
    assert!(refused.contains("self-signed") && refused.contains("`ca_file`"), "{refused}");
    get(&server.trusting(Some(&write(&dir, "own.pem", &own.pem())))).await.unwrap();
}

#[tokio::test]
async fn the_wrong_protocol_and_a_wanted_client_certificate_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let speak_plainly = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    };
    let endpoint = Endpoint::new(url);
    let (wrong, _stream) = tokio::join!(reason(&endpoint), speak_plainly);
    assert!(wrong.contains("does not speak TLS on this port"), "{wrong}");
    let ours = authority("ours");
    let dir = tempfile::tempdir().unwrap();
    let ca_file = write(&dir, "ca.pem", &ours.pem());
    let key = KeyPair::generate().unwrap();
    let certificate = params("server", &["127.0.0.1"]).signed_by(&key, &ours).unwrap();
    let server = TlsServer::start(&certificate, &key, Some(&ours)).await;
    let wanted = reason(&server.trusting(Some(&ca_file))).await;
    assert!(wanted.contains("requires a client certificate"), "{wanted}");
}
