//! Where a request says that it comes from: the name it was sent to, proxies on
//! its way, and pages of a browser.

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, Uri, header};

use crate::net::error::shown;
use crate::publish::http::plumbing::problem::Problem;

/// Names that requests may be sent to. A web page whose own name was made to mean
/// this machine (DNS rebinding) cannot read anything: its requests carry the
/// name of the page.
#[derive(Clone, Debug, Default)]
pub enum Hosts {
    #[default]
    Any,
    /// Names of the loopback interface, and these; in lower case, without port.
    Loopback(BTreeSet<String>),
    /// These and addresses: a page of another name cannot be at an address.
    Named(BTreeSet<String>),
}

impl Hosts {
    /// Whether all names of a request are served here. One without a name does
    /// not come from a browser.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let named = headers.get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or("?"));
        let wrong = uri.authority().map(|a| a.as_str()).into_iter().chain(named).find(|host| !self.serves(host));
        wrong.map_or(Ok(()), |host| {
            Err(Problem::forbidden(format!("requests for the host `{}` are not served", shown(host)))
                .hint("add the name to `web.hosts` in the configuration"))
        })
    }

    fn serves(&self, host: &str) -> bool {
        let name = name_of(host);
        match self {
            Hosts::Any => true,
            Hosts::Loopback(more) => is_loopback(&name) || more.contains(&name),
            Hosts::Named(names) => name.parse::<IpAddr>().is_ok() || is_loopback(&name) || names.contains(&name),
        }
    }
}

/// Without port, brackets and final dot, in lower case.
fn name_of(host: &str) -> String {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn is_loopback(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Whether a proxy passed the request on, so that its sender is not the other end
/// of the connection.
pub(super) fn came_through_proxy(headers: &HeaderMap) -> bool {
    let is_mark = |name: &HeaderName| {
        let name = name.as_str();
        ["forwarded", "via", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
    };
    headers.keys().any(is_mark)
}

/// Whether a page of another site made the browser send the request.
pub(super) fn came_from_another_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !["same-origin", "none"].contains(&site);
    }
    // Older browsers; `null` is the origin of pages that hide theirs.
    let Some(origin) = text(header::ORIGIN) else { return false };
    let origin = origin.split_once("://").map(|(_, host)| host);
    origin.is_none() || origin != text(header::HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    #[test]
    fn a_loopback_listener_serves_its_own_names() {
        let hosts = Hosts::Loopback(BTreeSet::from(["evenkeel.example".to_owned()]));
        let is_served = |uri: &str, host: &str| hosts.check(&uri.parse().unwrap(), &headers(&[("host", host)])).is_ok();
        for host in [
            "localhost",
            "LocalHost:9595",
            "localhost.:9595",
            "127.0.0.1:9595",
            "127.8.8.8",
            "[::1]:9595",
            "[::ffff:127.0.0.1]",
            "evenkeel.example:443",
        ] {
            assert!(is_served("/", host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "evil.example:127.0.0.1",
            "0.0.0.0:9595",
            "10.0.0.1",
            "[::2]:9595",
            "localhost:80@evil.example",
            "",
        ] {
            assert!(!is_served("/", host), "{host}");
        }
        assert!(!is_served("http://evil.example/api", "localhost"), "the absolute form counts too");
        assert!(hosts.check(&"/".parse().unwrap(), &HeaderMap::new()).is_ok());
        let twice = headers(&[("host", "localhost")]).into_iter().chain(headers(&[("host", "evil.example")]));
        let mut two = HeaderMap::new();
        twice.for_each(|(name, value)| assert!(!two.append(name.unwrap(), value) || !two.is_empty()));
        assert!(hosts.check(&"/".parse().unwrap(), &two).is_err());
    }

    #[test]
    fn every_mark_of_a_proxy_counts() {
        for name in ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-user", "x-real-ip"] {
            assert!(came_through_proxy(&headers(&[(name, "x")])), "{name}");
        }
        assert!(!came_through_proxy(&headers(&[("user-agent", "curl"), ("accept", "*/*")])));
    }

    #[test]
    fn only_the_own_pages_of_a_browser_are_of_this_site() {
        for (pairs, other) in [
            (&[("host", "a:1")][..], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://a:1")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("origin", "http://a:1"), ("host", "a:1")], false),
            (&[("origin", "http://b:1"), ("host", "a:1")], true),
            (&[("origin", "null"), ("host", "null")], true),
        ] {
            assert_eq!(came_from_another_site(&headers(pairs)), other, "{pairs:?}");
        }
    }
}
