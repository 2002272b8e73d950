//! TLS of the listener, from files that may be replaced while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::net::install_crypto_provider;

/// What a listener uses for new connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ListenerTls(pub(crate) RustlsConfig);

impl ListenerTls {
    pub fn new(config: Arc<ServerConfig>) -> Self {
        ListenerTls(RustlsConfig::from_config(config))
    }

    /// Uses other certificates for connections from now on.
    pub fn replace(&self, config: Arc<ServerConfig>) {
        self.0.reload_from_config(config);
    }
}

/// The files of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// The certificate and its chain, in PEM.
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    /// Authorities of clients, and whether every client must have a certificate.
    pub clients: Option<(PathBuf, bool)>,
    /// TLS 1.3 only.
    pub min_is_13: bool,
}

impl ServerTls {
    /// Reads the files; fails with a reason that names the file.
    pub fn load(&self) -> Result<Arc<ServerConfig>, String> {
        install_crypto_provider();
        let versions: &[_] = if self.min_is_13 { &[&rustls::version::TLS13] } else { rustls::ALL_VERSIONS };
        let builder = ServerConfig::builder_with_protocol_versions(versions);
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some((file, is_required)) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|error| because(file, &error))?;
                }
                let verifier = WebPkiClientVerifier::builder(Arc::new(roots));
                let verifier = if *is_required { verifier } else { verifier.allow_unauthenticated() };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| because(file, &error))?)
            }
        };
        let key = PrivateKeyDer::from_pem_file(&self.key_file).map_err(|error| because(&self.key_file, &error))?;
        let mut config = builder
            .with_single_cert(certificates(&self.cert_file)?, key)
            .map_err(|error| because(&self.cert_file, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// All files, to notice when one of them is replaced.
    pub fn files(&self) -> Vec<&Path> {
        let clients = self.clients.as_ref().map(|(file, _)| file.as_path());
        [self.cert_file.as_path(), self.key_file.as_path()].into_iter().chain(clients).collect()
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).map_err(|error| because(file, &error))?;
    let all: Result<Vec<_>, _> = read.collect();
    let all = all.map_err(|error| because(file, &error))?;
    if all.is_empty() {
        return Err(because(file, &"it contains no certificate in PEM"));
    }
    Ok(all)
}

fn because(file: &Path, reason: &dyn std::fmt::Display) -> String {
    format!("{} cannot be used for TLS: {reason}", file.display())
}
