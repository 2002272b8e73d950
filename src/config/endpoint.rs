//! The settings of an HTTP endpoint: address, credentials, headers. Credentials
//! come from variables or files; one that is written in the configuration itself
//! is refused, since such files end up in Git.

use url::Url;

use crate::model::time::Millis;
use crate::net::{Auth, Endpoint, Header, Secret};
use crate::yaml::fields::{At, Fields};
use crate::yaml::words::{Complaint, duration, shown};

use super::layers::Reading;
use super::variables::expand;

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

/// Reads the keys of an endpoint; the caller finishes the mapping.
pub(super) fn endpoint(fields: &mut Fields<'_>, timeout_key: &str, reading: &mut Reading<'_, '_>) -> Option<Endpoint> {
    let url_at = fields.required("url", &mut reading.source, "for example http://prometheus:9090");
    let more = Details::of(fields);
    let url = url_at.and_then(|at| at.parse(&mut reading.source, url));
    more.read(url, timeout_key, reading)
}

/// What an endpoint has besides its address.
pub(super) struct Details<'n> {
    auth: Option<At<'n>>,
    pub headers: Option<At<'n>>,
    header_files: Option<At<'n>>,
    timeout: Option<At<'n>>,
    ca_file: Option<At<'n>>,
}

impl<'n> Details<'n> {
    pub fn of(fields: &mut Fields<'n>) -> Self {
        Details {
            auth: fields.optional("auth"),
            headers: fields.optional("headers"),
            header_files: fields.optional("header_files"),
            timeout: fields.optional("timeout"),
            ca_file: fields.optional("ca_file"),
        }
    }

    /// The first of them that is there.
    pub fn first(&self) -> Option<&At<'n>> {
        let all = [&self.auth, &self.headers, &self.header_files, &self.timeout, &self.ca_file];
        all.into_iter().find_map(Option::as_ref)
    }

    /// Reads all of them, also without an address, so that no problem waits for
    /// another one to be solved.
    pub fn read(self, url: Option<Url>, timeout_key: &str, reading: &mut Reading<'_, '_>) -> Option<Endpoint> {
        let auth = self.auth.map_or(Some(None), |at| auth(&at, reading).map(Some));
        let headers = self.headers.map_or(Some(Vec::new()), |at| headers(&at, reading));
        let from_files = self.header_files.map_or(Some(Vec::new()), |at| header_files(&at, reading));
        let timeout = reading.scalar(timeout_key, self.timeout, timeout);
        let ca_file = self.ca_file.map_or(Some(None), |at| reading.file(&at).map(Some));
        let mut headers = headers?;
        headers.extend(from_files?);
        Some(Endpoint { auth: auth?, headers, timeout: timeout?, ca_file: ca_file?, ..Endpoint::new(url?) })
    }
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
                    format!("the {} is written in the configuration itself", key.replace('_', " ")),
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
                format!(
                    "the header `{}` holds a credential that is written in the configuration itself",
                    shown(&entry.key)
                ),
                "write it as `${VARIABLE}`, or use `header_files` or `auth`",
            )),
            (value, _) => header_text(&value).map(Secret::value),
        });
        headers.extend(value.map(|value| Header { name: entry.key.clone(), value }));
    }
    (reading.source.errors() == before).then_some(headers)
}

/// Headers from a mapping of names to files with the values.
fn header_files(at: &At<'_>, reading: &mut Reading<'_, '_>) -> Option<Vec<Header>> {
    let before = reading.source.errors();
    let mut headers = Vec::new();
    for entry in at.entries(&mut reading.source, HEADERS_MAX)? {
        let entry_at = at.entry(entry);
        if let Err(Complaint { message, hint }) = header_name(&entry.key) {
            reading.source.error(entry.key_span, &entry_at.path, message, hint);
            continue;
        }
        let file = reading.file(&entry_at);
        headers.extend(file.map(|path| Header { name: entry.key.clone(), value: Secret::File(path) }));
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
pub(super) fn header_name(name: &str) -> Result<(), Complaint> {
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
