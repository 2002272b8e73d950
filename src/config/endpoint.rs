//! Something that is spoken to over HTTP: address, credentials, headers. Must
//! not know what is said. Credentials come from variables or files; one that
//! stands in the file itself is refused, since such files end up in Git.

use std::path::PathBuf;

use url::Url;

use crate::model::time::Millis;
use crate::yaml::fields::{At, Fields};
use crate::yaml::words::{Complaint, duration, shown};

use super::layers::Reading;
use super::secret::{Secret, expand};

/// Headers of one endpoint.
const HEADERS_MAX: usize = 32;
/// The longest address, as browsers and proxies take it.
const URL_BYTES_MAX: usize = 2_048;
/// The longest user name or header value.
const TEXT_BYTES_MAX: usize = 8_192;
const TIMEOUT_MIN: Millis = Millis::from_secs(1);
const TIMEOUT_MAX: Millis = Millis::from_mins(10);

/// Headers whose values are credentials.
const SECRET_HEADERS: [&str; 6] = ["authorization", "proxy-authorization", "cookie", "api-key", "apikey", "token"];

/// Where and how a request goes.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Without user, query and fragment; a path is a prefix.
    pub url: Url,
    pub auth: Auth,
    pub headers: Vec<Header>,
    pub timeout: Millis,
    /// Trusted in addition to the system's authorities.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub enum Auth {
    None,
    Basic { username: String, password: Secret },
    Bearer(Secret),
}

/// A header; its value is never shown.
#[derive(Clone, Debug)]
pub struct Header {
    pub name: String,
    pub value: Secret,
}

impl Endpoint {
    /// An address alone, as a flag gives it.
    pub(super) fn bare(url: Url, timeout: Millis) -> Self {
        Endpoint { url, auth: Auth::None, headers: Vec::new(), timeout, ca_file: None }
    }
}

/// Reads the keys of an endpoint; the caller finishes the mapping.
pub(super) fn endpoint(fields: &mut Fields<'_>, timeout_key: &str, reading: &mut Reading<'_, '_>) -> Option<Endpoint> {
    let url_at = fields.required("url", &mut reading.source, "for example http://prometheus:9090");
    let auth_at = fields.optional("auth");
    let headers_at = fields.optional("headers");
    let timeout_at = fields.optional("timeout");
    let ca_at = fields.optional("ca_file");
    let url = url_at.and_then(|at| at.parse(&mut reading.source, url));
    let auth = auth_at.map_or(Some(Auth::None), |at| auth(&at, reading));
    let headers = headers_at.map_or(Some(Vec::new()), |at| headers(&at, reading));
    let timeout = reading.scalar(timeout_key, timeout_at, timeout);
    let ca_file = ca_at.map_or(Some(None), |at| reading.file(&at).map(Some));
    Some(Endpoint { url: url?, auth: auth?, headers: headers?, timeout: timeout?, ca_file: ca_file? })
}

/// A timeout within its bounds.
pub(super) fn timeout(text: &str) -> Result<Millis, Complaint> {
    duration(text, TIMEOUT_MIN, TIMEOUT_MAX)
}

/// An `http` or `https` address without user, query and fragment. Messages do
/// not repeat it: it may hold a password.
pub(super) fn url(text: &str) -> Result<Url, Complaint> {
    let example = "for example http://prometheus:9090 or https://host/prefix";
    if text.len() > URL_BYTES_MAX {
        return Err(Complaint::from(format!("the address has {} bytes; at most {URL_BYTES_MAX}", text.len())));
    }
    let url = Url::parse(text).map_err(|error| Complaint::new(format!("this is not an address: {error}"), example))?;
    if url.scheme() != "http" && url.scheme() != "https" {
        // `prometheus:9090` reads as an address with the scheme `prometheus`.
        let hint = if text.contains("://") {
            example.to_owned()
        } else {
            format!("it starts with http:// or https://, {example}")
        };
        return Err(Complaint::new(format!("`{}` is not the start of an http address", shown(url.scheme())), hint));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Complaint::new(
            "the address holds a user or a password",
            "write them below `auth`, the password as `password: ${VARIABLE}` or `password_file`",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Complaint::new("the address has a query or a fragment", "leave out what starts with `?` or `#`"));
    }
    Ok(url)
}

fn auth(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<Auth> {
    let mut fields = at.fields(&mut reading.source)?;
    let username = fields.optional("username");
    let password = credential(&mut fields, "password", "password_file", reading);
    let bearer = credential(&mut fields, "bearer_token", "bearer_token_file", reading);
    let named = [username.is_some(), password.is_named(), bearer.is_named()];
    let whole = match named {
        [true, true, false] | [false, false, true] => true,
        _ => {
            let hint = "`username` with `password` or `password_file`; or `bearer_token` or `bearer_token_file`";
            fields.error(&mut reading.source, "the credentials are incomplete or of two kinds", Some(hint.to_owned()));
            false
        }
    };
    fields.finish(&mut reading.source);
    let username = username.and_then(|at| {
        let variable = reading.surroundings.variable;
        at.parse(&mut reading.source, |text| header_text(&expand(text, variable)?.0))
    });
    if !whole {
        return None;
    }
    match (password, bearer) {
        (Credential::Sound(password), _) => Some(Auth::Basic { username: username?, password }),
        (_, Credential::Sound(token)) => Some(Auth::Bearer(token)),
        _ => None,
    }
}

/// What became of a credential that may be named.
enum Credential {
    Absent,
    Wrong,
    Sound(Secret),
}

impl Credential {
    fn is_named(&self) -> bool {
        !matches!(self, Credential::Absent)
    }
}

fn credential(
    fields: &mut Fields<'_>,
    key: &'static str,
    file_key: &'static str,
    reading: &mut Reading<'_, '_>,
) -> Credential {
    let (inline, file) = (fields.optional(key), fields.optional(file_key));
    let read = match (inline, file) {
        (None, None) => return Credential::Absent,
        (Some(at), Some(_)) => {
            at.error(
                &mut reading.source,
                format!("`{key}` and `{file_key}` are both named"),
                Some("keep one".to_owned()),
            );
            None
        }
        (Some(at), None) => {
            let variable = reading.surroundings.variable;
            at.parse_secret(&mut reading.source, |text| match expand(text, variable)? {
                (value, true) => header_text(&value).map(Secret::value),
                (_, false) => Err(Complaint::new(
                    format!("the {} stands in the file itself", key.replace('_', " ")),
                    format!(
                        "such files end up where others read them; write `{key}: ${{VARIABLE}}` or `{file_key}: PATH`"
                    ),
                )),
            })
        }
        (None, Some(at)) => reading.file(&at).map(Secret::File),
    };
    read.map_or(Credential::Wrong, Credential::Sound)
}

/// Headers from a mapping of names to values.
pub(super) fn headers(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<Vec<Header>> {
    let before = reading.source.errors();
    let mut headers = Vec::new();
    for entry in at.entries(&mut reading.source, HEADERS_MAX)? {
        let entry_at = at.entry(entry);
        if let Err(Complaint { message, hint }) = header_name(&entry.key) {
            reading.source.error(entry.key_span, &entry_at.path, message, hint);
            continue;
        }
        let variable = reading.surroundings.variable;
        let value = entry_at.parse_secret(&mut reading.source, |text| match expand(text, variable)? {
            (_, false) if is_secret_header(&entry.key) => Err(Complaint::new(
                format!("the header `{}` holds a credential that stands in the file itself", shown(&entry.key)),
                "write it as `${VARIABLE}`, or use `auth`",
            )),
            (value, _) => header_text(&value).map(Secret::value),
        });
        headers.extend(value.map(|value| Header { name: entry.key.clone(), value }));
    }
    (reading.source.errors() == before).then_some(headers)
}

/// Headers from `NAME=VALUE`, as flags and variables give them. Those are not
/// written into files, so a credential may stand there.
pub(super) fn header(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Header, Complaint> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(Complaint::new("a header is written NAME=VALUE", "for example X-Scope-OrgID=team-a"));
    };
    header_name(name)?;
    let (value, _) = expand(value, variable)?;
    Ok(Header { name: name.to_owned(), value: Secret::value(header_text(&value)?) })
}

fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_HEADERS.iter().any(|secret| name.contains(secret))
}

/// A name as HTTP allows it.
fn header_name(name: &str) -> Result<(), Complaint> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > 256 || !name.chars().all(allowed) {
        return Err(Complaint::new(
            format!("`{}` is not the name of a header", shown(name)),
            "letters, digits and hyphens",
        ));
    }
    Ok(())
}

/// Text that may stand in a header: a line break would start another one.
fn header_text(text: &str) -> Result<String, Complaint> {
    if text.is_empty() || text.len() > TEXT_BYTES_MAX || text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Complaint::from("the value is empty, too long, or holds a line break".to_owned()));
    }
    Ok(text.to_owned())
}
