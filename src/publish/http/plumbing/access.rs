//! Who may do what over HTTP, decided before a body is read: the host that is
//! asked, the credential, the role that the route needs. Every write is logged.

mod hosts;
mod policies;
mod users;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use self::policies::{Policy, is_known, policy};
use super::problem::Problem;
use crate::model::role::Role;
use crate::net::Secret;
use crate::net::error::shown;

pub use hosts::Hosts;
pub use users::Users;

/// A bearer token and what its holder may do.
#[derive(Clone, Debug)]
pub struct Token {
    /// For the log.
    pub name: String,
    pub secret: Secret,
    pub role: Role,
}

/// A proxy in front that authenticates people and names them in a header.
#[derive(Clone, Debug)]
pub struct TrustedProxy {
    /// The header is believed from these addresses only.
    pub addresses: Vec<IpNet>,
    pub user_header: HeaderName,
}

/// Who may use a listener.
#[derive(Clone, Debug)]
pub struct Access {
    pub hosts: Hosts,
    /// What a request without a credential may do.
    pub anonymous: Option<Role>,
    pub tokens: Vec<Token>,
    pub users: Users,
    pub proxy: Option<TrustedProxy>,
    /// Roles of users; the others may read.
    pub roles: BTreeMap<String, Role>,
}

impl Default for Access {
    /// Everybody who reaches the port reads, nobody writes.
    fn default() -> Self {
        Access {
            hosts: Hosts::Any,
            anonymous: Some(Role::Read),
            tokens: Vec::new(),
            users: Users::default(),
            proxy: None,
            roles: BTreeMap::new(),
        }
    }
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Principal {
    /// `None` without a credential.
    name: Option<String>,
    role: Role,
}

impl Access {
    /// Whether there is any credential that a request could carry.
    pub fn has_credentials(&self) -> bool {
        !self.tokens.is_empty() || !self.users.is_empty() || self.proxy.is_some()
    }

    /// Who sends a request, or why nobody that may do anything.
    async fn principal(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Principal, Problem> {
        if let Some(user) = self.proxy_user(headers, peer) {
            return Ok(self.named(user));
        }
        let sent = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
        let (scheme, credential) = sent.and_then(|sent| sent.split_once(' ').or(Some((sent, "")))).unwrap_or_default();
        let found = if scheme.eq_ignore_ascii_case("bearer") && !self.tokens.is_empty() {
            self.token(credential.trim()).await
        } else if scheme.eq_ignore_ascii_case("basic") && !self.users.is_empty() {
            self.users.check(credential).await.map(|user| self.named(user))
        } else {
            // Of another kind: that of a proxy in front, which passed it on.
            return self.nobody(headers);
        };
        let wrong = || {
            Problem::unauthorized("authentication failed: invalid credential")
                .hint("check the token, or user and password")
        };
        found.ok_or_else(wrong)
    }

    fn named(&self, user: String) -> Principal {
        let role = self.roles.get(&user).copied().unwrap_or(Role::Read);
        Principal { name: Some(user), role }
    }

    fn proxy_user(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<String> {
        let proxy = self.proxy.as_ref()?;
        let peer = peer?.to_canonical();
        let mut named = headers.get_all(&proxy.user_header).iter();
        let (only, more) = (named.next()?, named.next());
        let is_trusted = proxy.addresses.iter().any(|network| network.contains(&peer)) && more.is_none();
        let user = only.to_str().ok().filter(|user| !user.trim().is_empty())?;
        is_trusted.then(|| user.trim().to_owned())
    }

    /// Compares with every token, so that the time says nothing about them.
    async fn token(&self, sent: &str) -> Option<Principal> {
        let hash = |text: &str| Sha256::digest(text.as_bytes());
        let sent = hash(sent);
        let mut found = None;
        for token in &self.tokens {
            match token.secret.current().await {
                Ok(secret) if bool::from(hash(secret.expose_secret()).as_slice().ct_eq(sent.as_slice())) => {
                    found = Some(Principal { name: Some(token.name.clone()), role: token.role });
                }
                Ok(_) => {}
                Err(reason) => tracing::error!(token = token.name, reason, "a token cannot be used"),
            }
        }
        found
    }

    fn nobody(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        match self.anonymous {
            // Behind a proxy nobody is of this machine.
            Some(role) if hosts::came_through_proxy(headers) => {
                Ok(Principal { name: None, role: role.min(Role::Read) })
            }
            Some(role) => Ok(Principal { name: None, role }),
            None if self.has_credentials() => Err(Problem::unauthorized("authentication failed: missing credential")
                .hint("send a token, or user and password")),
            None => Err(Problem::unauthorized("reading needs a credential, and none is configured")
                .hint("set `web.tokens` or `web.config_file`; `web.anonymous: read` lets everybody read")),
        }
    }

    /// Whether a request may go on, by its head alone.
    #[expect(clippy::result_large_err, reason = "a refusal is made once for a request and answered at once")]
    async fn allow(&self, needed: Role, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<Principal, Refused> {
        let sender = self.principal(headers, peer).await.map_err(|problem| Refused { name: None, problem })?;
        let refused = |problem: Problem| Err(Refused { name: sender.name.clone(), problem });
        if sender.role < needed {
            let lacks = format!("this needs the role `{}`", needed.as_str());
            return match &sender.name {
                Some(name) => refused(Problem::forbidden(format!(
                    "{lacks}, and `{}` has `{}`",
                    shown(name),
                    sender.role.as_str()
                ))),
                None if self.has_credentials() => {
                    refused(Problem::unauthorized(lacks).hint("send `Authorization: Bearer TOKEN`"))
                }
                None => {
                    refused(Problem::forbidden("nothing can be changed over the API here without a credential").hint(
                        "set `write_token_file` or `web.tokens` in the configuration, or write a definition file",
                    ))
                }
            };
        }
        let is_bearer = headers
            .get(header::AUTHORIZATION)
            .is_some_and(|value| value.as_bytes().get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"bearer ")));
        // A browser sends everything but a token by itself.
        if needed > Role::Read && !is_bearer {
            let foreign_page = headers.contains_key(header::ORIGIN) && sender.name.is_none();
            if foreign_page || hosts::came_from_another_site(headers) {
                return refused(Problem::forbidden("pages of other sites cannot change anything"));
            }
        }
        Ok(sender)
    }
}

struct Refused {
    name: Option<String>,
    problem: Problem,
}

/// Lets a request pass to its handler, or answers it here. The body is not read.
pub(crate) async fn guard(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let found = route.as_deref().and_then(|route| policy(route, request.method()));
    // A probe asks for the address of a pod, and learns nothing but yes or no.
    if found == Some(Policy::Open) {
        return next.run(request).await;
    }
    let may_have_body = !matches!(*request.method(), Method::GET | Method::HEAD);
    let unread = |response: Response| if may_have_body { closing(response) } else { response };
    if let Err(problem) = access.hosts.check(request.uri(), request.headers()) {
        return unread(problem.into_response());
    }
    let needed = match (found, route) {
        (Some(Policy::Role(needed)), _) => needed,
        (Some(Policy::Open | Policy::Webhook), _) => return next.run(request).await,
        // Nobody has to say who they are to learn that there is no such path.
        (None, None) => return next.run(request).await,
        (None, Some(route)) if is_known(&route) => return unread(not_allowed()),
        (None, Some(route)) => {
            tracing::error!(route, "a route has no access policy, so nobody may use it");
            return unread(Problem::forbidden("this route has no access policy").into_response());
        }
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let entry = (needed > Role::Read).then(|| Entry::of(&request, peer));
    let (name, response) = match access.allow(needed, request.headers(), peer).await {
        Ok(sender) => (sender.name, next.run(request).await),
        Err(Refused { name, problem }) => (name, unread(challenged(&access, problem))),
    };
    if let Some(entry) = entry {
        entry.log(name.as_deref(), response.status());
    }
    response
}

/// A body that was not read must not be mistaken for the next request.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn not_allowed() -> Response {
    let mut response = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

/// A 401 says which credentials there are; browsers then ask for a password.
fn challenged(access: &Access, problem: Problem) -> Response {
    let is_unauthorized = problem.status == StatusCode::UNAUTHORIZED.as_u16();
    let mut response = problem.into_response();
    if is_unauthorized {
        let basic = (!access.users.is_empty()).then_some("Basic realm=\"evenkeel\", charset=\"UTF-8\"");
        for scheme in basic.into_iter().chain(["Bearer"]) {
            response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
        }
    }
    response
}

/// A line of the audit log: who tried to change what, and whether it was done.
struct Entry {
    method: String,
    path: String,
    address: Option<IpAddr>,
}

impl Entry {
    fn of(request: &Request, address: Option<IpAddr>) -> Entry {
        Entry { method: request.method().to_string(), path: shown(request.uri().path()), address }
    }

    fn log(self, user: Option<&str>, status: StatusCode) {
        let Entry { method, path, address } = self;
        let user = user.map_or_else(|| "anonymous".to_owned(), shown);
        let address = address.map(|ip| ip.to_string()).unwrap_or_default();
        let status = status.as_u16();
        tracing::info!(audit = true, user, address, method, path, status, "write request");
    }
}
