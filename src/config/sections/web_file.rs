//! The web configuration of Prometheus and its exporters: TLS of the listener and
//! users with bcrypt hashes. What cannot be followed is an error: a listener must
//! not be less protected than its file says.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::problem::{Level, Problem, any_error};
use crate::yaml::fields::{At, Fields};
use crate::yaml::read::{TEXT_BYTES_MAX, documents};
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, one_of};

/// Users of one file.
const USERS_MAX: usize = 1_000;

/// A web configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebFile {
    pub tls: Option<TlsFiles>,
    /// Names with bcrypt hashes.
    pub users: BTreeMap<String, String>,
}

/// The files of a listener that speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    pub client_ca_file: Option<PathBuf>,
    pub clients: ClientCertificates,
    /// TLS 1.3 only.
    pub min_is_13: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    NotAsked,
    /// Verified if the client has one.
    Optional,
    Required,
}

/// Reads a file; all of its problems if there is an error.
pub fn read_web_file(path: &Path) -> Result<WebFile, Vec<Problem>> {
    let name = path.display().to_string();
    let mut text = String::new();
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX);
    let read = fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    if let Err(error) = read {
        return Err(vec![Problem::of_file(Level::Error, name, format!("cannot be read: {error}"), None)]);
    }
    parse(&text, &name)
}

fn parse(text: &str, name: &str) -> Result<WebFile, Vec<Problem>> {
    let directory = Path::new(name).parent().unwrap_or(Path::new("")).to_path_buf();
    let mut source = SourceText::new(name, text);
    let documents = documents(text, &mut source);
    let file = match documents.first() {
        Some(root) => web_file(&At::root(root), &directory, &mut source),
        None => Some(WebFile::default()),
    };
    let problems = source.into_problems();
    match file {
        Some(file) if !any_error(&problems) => Ok(file),
        _ => Err(problems),
    }
}

fn web_file(root: &At<'_>, directory: &Path, source: &mut SourceText<'_>) -> Option<WebFile> {
    let mut fields = root.fields(source)?;
    let (tls_at, users_at) = (fields.optional("tls_server_config"), fields.optional("basic_auth_users"));
    if let Some(http) = fields.optional("http_server_config") {
        // HTTP/2 is never spoken, whatever `http2` says, and the headers are ours.
        http.warning(source, "`http_server_config` has no effect here", Some("remove it".to_owned()));
    }
    fields.finish(source);
    let tls = tls_at.map_or(Some(None), |at| tls(&at, directory, source).map(Some));
    let users = users_at.map_or(Some(BTreeMap::new()), |at| users(&at, source));
    Some(WebFile { tls: tls?, users: users? })
}

fn users(at: &At<'_>, source: &mut SourceText<'_>) -> Option<BTreeMap<String, String>> {
    let mut users = BTreeMap::new();
    for entry in at.entries(source, USERS_MAX)? {
        let hash = at.entry(entry).parse_secret(source, bcrypt_hash);
        users.extend(hash.map(|hash| (entry.key.clone(), hash)));
    }
    Some(users)
}

/// `$2y$10$` and 53 characters.
fn bcrypt_hash(text: &str) -> Result<String, Complaint> {
    let is_hash = text.len() == 60 && ["$2a$", "$2b$", "$2y$"].iter().any(|start| text.starts_with(start));
    let hint = "make one with `htpasswd -nBC 10 \"\" | tr -d ':\\n'`";
    if is_hash { Ok(text.to_owned()) } else { Err(Complaint::new("this is not a bcrypt hash", hint)) }
}

fn tls(at: &At<'_>, directory: &Path, source: &mut SourceText<'_>) -> Option<TlsFiles> {
    const KINDS: [(&str, ClientCertificates); 4] = [
        ("NoClientCert", ClientCertificates::NotAsked),
        ("RequestClientCert", ClientCertificates::Optional),
        ("VerifyClientCertIfGiven", ClientCertificates::Optional),
        ("RequireAndVerifyClientCert", ClientCertificates::Required),
    ];
    let mut fields = at.fields(source)?;
    let cert_at = fields.required("cert_file", source, "the file with the certificate and its chain, in PEM");
    let key_at = fields.required("key_file", source, "the file with the private key, in PEM");
    let (ca_at, kind_at) = (fields.optional("client_ca_file"), fields.optional("client_auth_type"));
    let min_at = fields.optional("min_version");
    let max_at = fields.optional("max_version");
    unsupported(&mut fields, source);
    fields.finish(source);
    let file = |at: At<'_>, source: &mut SourceText<'_>| at.text(source).map(|text| directory.join(text));
    let cert_file = cert_at.and_then(|at| file(at, source));
    let key_file = key_at.and_then(|at| file(at, source));
    let client_ca_file = ca_at.map_or(Some(None), |at| file(at, source).map(Some));
    let clients =
        kind_at.as_ref().map_or(Some(ClientCertificates::NotAsked), |at| at.parse(source, |text| one_of(text, &KINDS)));
    let versions = [("TLS12", false), ("TLS13", true)];
    let min_is_13 = min_at.map_or(Some(false), |at| at.parse(source, |text| one_of(text, &versions)));
    let max = max_at.map_or(Some(true), |at| at.parse(source, |text| one_of(text, &[("TLS13", true)])));
    let (client_ca_file, clients) = (client_ca_file?, clients?);
    let is_asked = clients != ClientCertificates::NotAsked;
    if is_asked != client_ca_file.is_some() {
        let hint = "name both, or neither: `client_auth_type: RequireAndVerifyClientCert` and `client_ca_file`";
        at.error(source, "`client_auth_type` and `client_ca_file` do not go together", Some(hint.to_owned()));
    }
    max?;
    Some(TlsFiles { cert_file: cert_file?, key_file: key_file?, client_ca_file, clients, min_is_13: min_is_13? })
}

/// Keys of Prometheus that Evenkeel cannot follow.
fn unsupported(fields: &mut Fields<'_>, source: &mut SourceText<'_>) {
    let without = [
        ("cert", "name the file as `cert_file`"),
        ("key", "name the file as `key_file`"),
        ("client_ca", "name the file as `client_ca_file`"),
        ("client_allowed_sans", "use an authority that issues certificates for these clients only"),
        ("cipher_suites", "remove it: only secure ones are offered"),
        ("curve_preferences", "remove it: only secure ones are offered"),
        ("prefer_server_cipher_suites", "remove it: the server's order counts"),
    ];
    for (key, hint) in without {
        if let Some(at) = fields.optional(key) {
            at.error(source, format!("`{key}` is not supported"), Some(hint.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2b$10$Xs3ABw5ep5MyfEcNuzRQ6u/t.4GzSISSlWNSVRAYGNTOH5hJCpN8y";

    #[test]
    fn a_web_configuration_of_prometheus_is_read() {
        let text = format!(
            "tls_server_config:\n  cert_file: tls.crt\n  key_file: /etc/tls.key\n  client_ca_file: ca.crt\n  \
             client_auth_type: RequireAndVerifyClientCert\n  min_version: TLS13\nbasic_auth_users:\n  ann: {HASH}\n"
        );
        let tls = TlsFiles {
            cert_file: "etc/tls.crt".into(),
            key_file: "/etc/tls.key".into(),
            client_ca_file: Some("etc/ca.crt".into()),
            clients: ClientCertificates::Required,
            min_is_13: true,
        };
        let users = BTreeMap::from([("ann".to_owned(), HASH.to_owned())]);
        assert_eq!(parse(&text, "etc/web.yml"), Ok(WebFile { tls: Some(tls), users }));
        assert_eq!(parse("", "web.yml"), Ok(WebFile::default()));
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        for (text, part) in [
            ("basic_auth_users: {ann: hunter2}", "not a bcrypt hash"),
            ("tls_server_config: {cert_file: a}", "`key_file` is missing"),
            ("tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAnyClientCert}", "not one of"),
            ("tls_server_config: {cert_file: a, key_file: b, client_ca_file: c}", "do not go together"),
            ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}", "not one of"),
            ("tls_server_config: {cert_file: a, key_file: b, client_allowed_sans: [x]}", "not supported"),
            ("basic_auth: {}", "unknown key"),
            ("- 1", "must be a mapping"),
        ] {
            let problems = parse(text, "web.yml").unwrap_err();
            let text_of_problems = format!("{problems:?}");
            assert!(
                text_of_problems.contains(part) && !text_of_problems.contains("hunter2"),
                "{text}: {text_of_problems}"
            );
        }
    }
}
