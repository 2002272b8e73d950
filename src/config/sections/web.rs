//! Who may use the listener: the section `web`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ipnet::IpNet;

use crate::model::role::Role;
use crate::net::Secret;
use crate::yaml::fields::At;
use crate::yaml::words::{Complaint, dns_label, one_of, shown};

use crate::config::endpoint::header_name;
use crate::config::layers::{Reading, path, readable_path, section};

/// Tokens of one daemon: a few tools and people.
const TOKENS_MAX: usize = 64;
/// Users with a role of their own.
const ROLES_MAX: usize = 1_000;

/// Who may use the listener.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// TLS and users, in the format of Prometheus' web configuration.
    pub config_file: Option<PathBuf>,
    /// Host names that requests may be sent to, besides those of the loopback
    /// interface; without any, a listener that others reach serves all.
    pub hosts: BTreeSet<String>,
    pub anonymous: Anonymous,
    pub tokens: Vec<WebToken>,
    pub roles: BTreeMap<String, Role>,
    pub proxy: Option<Proxy>,
}

/// What requests without a credential may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// Read on a loopback listener, and without any other credential write.
    Auto,
    Read,
    Nothing,
}

impl Anonymous {
    pub(crate) const ALL: [(&str, Anonymous); 3] =
        [("auto", Anonymous::Auto), ("read", Anonymous::Read), ("none", Anonymous::Nothing)];

    pub fn as_str(self) -> &'static str {
        match self {
            Anonymous::Auto => "auto",
            Anonymous::Read => "read",
            Anonymous::Nothing => "none",
        }
    }
}

/// A bearer token.
#[derive(Clone, Debug)]
pub struct WebToken {
    pub name: String,
    pub secret: Secret,
    pub role: Role,
}

/// A proxy that authenticates people.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub addresses: Vec<IpNet>,
    pub user_header: String,
}

pub(crate) fn web(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<WebSettings> {
    let keys = ["config_file", "hosts", "anonymous", "tokens", "roles", "proxy"];
    let [file_at, hosts_at, anonymous_at, tokens_at, roles_at, proxy_at] = section(at, keys, reading)?;
    let (directory, readable) = (reading.start("web.config_file", file_at.is_some()), reading.surroundings.readable);
    let file = |text: &str| readable_path(&directory.join(path(text)?), readable);
    let config_file = reading.choice("web.config_file", file_at, file);
    let hosts = reading.list("web.hosts", hosts_at, host);
    let anonymous = reading.scalar("web.anonymous", anonymous_at, |text| one_of(text, &Anonymous::ALL));
    let tokens = tokens_at.map_or(Some(Vec::new()), |at| tokens(&at, reading));
    let roles = roles_at.map_or(Some(BTreeMap::new()), |at| roles(&at, reading));
    let proxy = proxy_at.map_or(Some(None), |at| proxy(&at, reading).map(Some));
    Some(WebSettings {
        config_file: config_file?,
        hosts: hosts?.into_iter().collect(),
        anonymous: anonymous?,
        tokens: tokens?,
        roles: roles?,
        proxy: proxy?,
    })
}

/// A host name or address without scheme and port.
fn host(text: &str) -> Result<String, Complaint> {
    let name = text.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if name.is_empty() || !(is_name || name.parse::<std::net::Ipv6Addr>().is_ok()) {
        let message = format!("`{}` is not a host name", shown(text));
        return Err(Complaint::new(message, "for example `evenkeel.example`, without scheme and port"));
    }
    Ok(name)
}

fn role(text: &str) -> Result<Role, Complaint> {
    one_of(text, &Role::ALL)
}

fn tokens(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<Vec<WebToken>> {
    let items = at.items(&mut reading.source, TOKENS_MAX)?;
    let mut names = BTreeSet::new();
    let mut tokens = Vec::new();
    for item in &items {
        let Some(token) = token(item, reading) else { continue };
        if !names.insert(token.name.clone()) {
            let hint = Some("the name says in the log which token was used".to_owned());
            item.error(&mut reading.source, format!("duplicate token name `{}`", token.name), hint);
        }
        tokens.push(token);
    }
    (tokens.len() == items.len()).then_some(tokens)
}

fn token(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<WebToken> {
    let mut fields = at.fields(&mut reading.source)?;
    let name_at = fields.required("name", &mut reading.source, "a name for the log, for example `ci`");
    let file_at = fields.required("file", &mut reading.source, "the file with the token");
    let role_at = fields.required("role", &mut reading.source, "`read`, `annotate` or `admin`");
    fields.finish(&mut reading.source);
    let name = name_at.and_then(|at| at.parse(&mut reading.source, dns_label));
    let file = file_at.and_then(|at| reading.file(&at));
    let role = role_at.and_then(|at| at.parse(&mut reading.source, role));
    Some(WebToken { name: name?, secret: Secret::File(file?), role: role? })
}

fn roles(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<BTreeMap<String, Role>> {
    let before = reading.source.errors();
    let mut roles = BTreeMap::new();
    for entry in at.entries(&mut reading.source, ROLES_MAX)? {
        let role = at.entry(entry).parse(&mut reading.source, role);
        roles.extend(role.map(|role| (entry.key.clone(), role)));
    }
    (reading.source.errors() == before).then_some(roles)
}

fn proxy(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<Proxy> {
    let mut fields = at.fields(&mut reading.source)?;
    let addresses_at = fields.required("addresses", &mut reading.source, "where the proxy is: `[10.0.3.7/32]`");
    let header_at = fields.required("user_header", &mut reading.source, "for example `X-Forwarded-User`");
    fields.finish(&mut reading.source);
    let items = addresses_at.and_then(|at| at.items(&mut reading.source, TOKENS_MAX));
    let addresses: Option<Vec<IpNet>> =
        items.and_then(|items| items.iter().map(|item| item.parse(&mut reading.source, network)).collect());
    let user_header = header_at
        .and_then(|at| at.parse(&mut reading.source, |text| header_name(text).map(|()| text.to_ascii_lowercase())));
    Some(Proxy { addresses: addresses?, user_header: user_header? })
}

fn network(text: &str) -> Result<IpNet, Complaint> {
    let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().or_else(address).ok_or_else(|| {
        let message = format!("`{}` is not an address or network", shown(text));
        Complaint::new(message, "for example `10.0.3.7` or `10.0.3.0/24`")
    })
}
