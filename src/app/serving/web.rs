//! The listener from its settings: who may use it, TLS, and the files of both,
//! which may be replaced while it runs.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::Context;
use axum::http::HeaderName;

use crate::app::runtime::tasks::Round;
use crate::config::{Anonymous, ClientCertificates, Config, Proxy, TlsFiles, WebFile, read_web_file};
use crate::model::problem::Problem;
use crate::model::role::Role;
use crate::model::time::Millis;
use crate::net::Stamp;
use crate::publish::http::{Access, Hosts, ListenerTls, ServerTls, Token, TrustedProxy, Users};

/// How soon a replaced certificate or a removed user counts.
pub const PAUSE: Millis = Millis::from_secs(1);

/// What the server needs, and what keeps it up to date.
pub struct Web {
    pub access: Access,
    pub tls: Option<ListenerTls>,
    pub files: Option<WebFiles>,
}

impl Web {
    pub fn new(config: &Config, listener: &TcpListener) -> anyhow::Result<Web> {
        let is_loopback = listener.local_addr()?.ip().is_loopback();
        let file = config.web.config_file.as_deref().map(load).transpose()?.unwrap_or_default();
        let tls = file.tls.as_ref().map(server_tls);
        let listener_tls = match &tls {
            Some(tls) => Some(ListenerTls::new(tls.load().map_err(anyhow::Error::msg)?)),
            None => None,
        };
        let users = Users::new(file.users.clone());
        let files = config.web.config_file.clone().map(|path| {
            let mut files =
                WebFiles { path, tls, users: users.clone(), listener: listener_tls.clone(), seen: Vec::new() };
            files.seen = files.stamps();
            files
        });
        let access = access(config, users, &file, is_loopback)?;
        if access.anonymous.is_none() && !access.has_credentials() {
            tracing::warn!(
                "nobody can read anything here, because no credential is configured for a listener that others reach: \
                 set `web.config_file` (users) or `web.tokens`, or let everybody read with `--web-anonymous read`"
            );
        }
        Ok(Web { access, tls: listener_tls, files })
    }
}

fn access(config: &Config, users: Users, file: &WebFile, is_loopback: bool) -> anyhow::Result<Access> {
    let written = config.write_token.clone().map(|secret| Token {
        name: "write_token_file".to_owned(),
        secret,
        role: Role::Admin,
    });
    let named = config.web.tokens.iter().map(|token| Token {
        name: token.name.clone(),
        secret: token.secret.clone(),
        role: token.role,
    });
    let proxy = config.web.proxy.as_ref().map(trusted_proxy).transpose()?;
    let mut access = Access {
        hosts: hosts(config, is_loopback),
        anonymous: None,
        tokens: written.into_iter().chain(named).collect(),
        users,
        proxy,
        roles: config.web.roles.clone(),
    };
    let has_clients = file.tls.as_ref().is_some_and(|tls| tls.clients == ClientCertificates::Required);
    access.anonymous = match config.web.anonymous {
        Anonymous::Read => Some(Role::Read),
        Anonymous::Nothing => None,
        Anonymous::Auto if !file.users.is_empty() => None,
        // Who has a certificate has shown who they are.
        Anonymous::Auto if has_clients => Some(Role::Read),
        Anonymous::Auto if !is_loopback => None,
        Anonymous::Auto if access.has_credentials() => Some(Role::Read),
        Anonymous::Auto => Some(Role::Admin),
    };
    Ok(access)
}

fn hosts(config: &Config, is_loopback: bool) -> Hosts {
    let external = config.external_url.as_ref().and_then(|url| url.host_str()).map(str::to_ascii_lowercase);
    let mut names: BTreeSet<String> = config.web.hosts.clone();
    if is_loopback || !names.is_empty() {
        names.extend(external);
    }
    match (is_loopback, names.is_empty()) {
        (true, _) => Hosts::Loopback(names),
        (false, true) => Hosts::Any,
        (false, false) => Hosts::Named(names),
    }
}

fn trusted_proxy(proxy: &Proxy) -> anyhow::Result<TrustedProxy> {
    let user_header = HeaderName::try_from(&proxy.user_header).context("the header of `web.proxy`")?;
    Ok(TrustedProxy { addresses: proxy.addresses.clone(), user_header })
}

fn server_tls(files: &TlsFiles) -> ServerTls {
    let clients = files.client_ca_file.clone().map(|file| (file, files.clients == ClientCertificates::Required));
    ServerTls {
        cert_file: files.cert_file.clone(),
        key_file: files.key_file.clone(),
        clients,
        min_is_13: files.min_is_13,
    }
}

fn load(path: &Path) -> anyhow::Result<WebFile> {
    read_web_file(path).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(line).collect();
        anyhow::anyhow!("{}", all.join("; "))
    })
}

fn line(problem: &Problem) -> String {
    let Problem { file, line, column, message, .. } = problem;
    format!("{file}:{line}:{column}: {message}")
}

/// The web configuration and its certificates, read again when one of them
/// changes. What is wrong leaves everything as it is.
pub struct WebFiles {
    path: PathBuf,
    tls: Option<ServerTls>,
    users: Users,
    listener: Option<ListenerTls>,
    seen: Vec<Option<Stamp>>,
}

impl WebFiles {
    fn stamps(&self) -> Vec<Option<Stamp>> {
        let certificates = self.tls.iter().flat_map(ServerTls::files);
        std::iter::once(self.path.as_path()).chain(certificates).map(Stamp::of).collect()
    }

    fn reload(&mut self) -> anyhow::Result<()> {
        let file = load(&self.path)?;
        let tls = file.tls.as_ref().map(server_tls);
        anyhow::ensure!(
            tls.is_some() == self.listener.is_some() && file.users.is_empty() == self.users.is_empty(),
            "{}: switching TLS or the need for a password on or off needs a restart",
            self.path.display()
        );
        if let (Some(tls), Some(listener)) = (&tls, &self.listener) {
            listener.replace(tls.load().map_err(anyhow::Error::msg)?);
        }
        self.users.replace(file.users);
        self.tls = tls;
        Ok(())
    }
}

impl Round for WebFiles {
    async fn round(&mut self) -> anyhow::Result<()> {
        if self.stamps() == self.seen {
            return Ok(());
        }
        self.reload()?;
        self.seen = self.stamps();
        tracing::info!(file = %self.path.display(), "the web configuration was read again");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Overrides, parse};

    fn config(text: &str) -> Config {
        let anything = Environment { variable: &|_| None, readable: &|_| Ok(()) };
        let (config, problems) = parse(text, "evenkeel.yaml", &Overrides::default(), &anything);
        assert_eq!(problems, []);
        config.unwrap()
    }

    fn anonymous(text: &str, users: &[&str], is_loopback: bool) -> Option<Role> {
        let hashes = users.iter().map(|user| ((*user).to_owned(), String::new())).collect();
        let file = WebFile { tls: None, users: hashes };
        access(&config(text), Users::new(file.users.clone()), &file, is_loopback).unwrap().anonymous
    }

    #[test]
    fn nobody_reads_without_a_credential_where_others_reach_the_port() {
        let token = "web: {tokens: [{name: ci, file: t, role: read}]}";
        for (text, users, on_loopback, elsewhere) in [
            ("", &[][..], Some(Role::Admin), None),
            (token, &[], Some(Role::Read), None),
            ("write_token_file: t", &[], Some(Role::Read), None),
            ("", &["ann"], None, None),
            ("web: {anonymous: read}", &["ann"], Some(Role::Read), Some(Role::Read)),
            ("web: {anonymous: none}", &[], None, None),
        ] {
            assert_eq!(anonymous(text, users, true), on_loopback, "{text} on loopback");
            assert_eq!(anonymous(text, users, false), elsewhere, "{text} elsewhere");
        }
    }

    #[tokio::test]
    async fn a_changed_file_counts_and_a_broken_one_leaves_the_users() {
        const HASH: &str = "$2b$10$Xs3ABw5ep5MyfEcNuzRQ6u/t.4GzSISSlWNSVRAYGNTOH5hJCpN8y";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web.yml");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write(&format!("basic_auth_users: {{ann: {HASH}}}"));
        let config = config(&format!("web: {{config_file: {}}}", path.display()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut web = Web::new(&config, &listener).unwrap();
        let files = web.files.as_mut().unwrap();
        files.round().await.unwrap();
        write("basic_auth_users: {ann: hunter2}");
        let error = files.round().await.unwrap_err().to_string();
        assert!(error.contains("not a bcrypt hash") && !error.contains("hunter2"), "{error}");
        assert!(!web.access.users.is_empty(), "the users stay");
        write("");
        assert!(files.round().await.unwrap_err().to_string().contains("needs a restart"));
        write(&format!("basic_auth_users: {{bob: {HASH}, eve: {HASH}}}"));
        files.round().await.unwrap();
        files.round().await.unwrap();
    }
}
