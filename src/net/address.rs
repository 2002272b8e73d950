//! Addresses that are never contacted: a cloud's metadata service gives
//! credentials to every process that asks from inside. Checked where a URL names
//! an address and again where a name is resolved, in the lookup that feeds the
//! connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// Whether a URL's host is a literal address of a metadata service.
pub(super) fn is_forbidden_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(_) => false,
        Host::Ipv4(ip) => is_forbidden(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => is_forbidden(IpAddr::V6(*ip)),
    }
}

/// Link-local addresses (169.254.0.0/16, where AWS, Azure and Google have it, and
/// fe80::/10), fd00:ec2::254 (AWS) and 100.100.100.200 (Alibaba), in every IPv6 spelling.
fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4 == Ipv4Addr::new(100, 100, 100, 200),
        IpAddr::V6(v6) => {
            v6 == AWS_V6 || v6.is_unicast_link_local() || embedded_v4(v6).is_some_and(|v4| is_forbidden(IpAddr::V4(v4)))
        }
    }
}

const AWS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The IPv4 address in `::ffff:a.b.c.d`, `::a.b.c.d` or `64:ff9b::a.b.c.d`.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = v6.segments();
    let embeds = matches!([a, b, c, d, e, f], [0, 0, 0, 0, 0, 0 | 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0]);
    embeds.then(|| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

/// A resolver that gives no forbidden address away. The connection is made to
/// what it returns, with no second lookup in between, so a name that means
/// another address a moment later (DNS rebinding) gains nothing.
pub(super) struct GuardedResolver<L = System> {
    lookup: L,
}

/// What a name means, for now.
pub(super) trait Lookup: Clone + Send + Sync + 'static {
    fn lookup(&self, host: String) -> impl Future<Output = std::io::Result<Vec<SocketAddr>>> + Send;
}

/// The resolver of the operating system.
#[derive(Clone, Copy)]
pub(super) struct System;

impl Lookup for System {
    async fn lookup(&self, host: String) -> std::io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.collect())
    }
}

impl GuardedResolver {
    pub fn system() -> Self {
        GuardedResolver { lookup: System }
    }
}

impl<L: Lookup> Resolve for GuardedResolver<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, lookup) = (name.as_str().to_owned(), self.lookup.clone());
        Box::pin(async move {
            let found = lookup.lookup(host.clone()).await?;
            if found.iter().any(|a| is_forbidden(a.ip())) {
                let reason = "a metadata service or link-local, which Evenkeel never contacts";
                return Err(format!("{host} resolves to the address of {reason}").into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(url: &str) -> bool {
        url::Url::parse(url).unwrap().host().is_some_and(|h| is_forbidden_host(&h))
    }

    #[test]
    fn metadata_services_are_seen_through_every_spelling() {
        for url in [
            "http://169.254.169.254/latest",
            "http://169.254.0.1",
            "http://0xa9.254.43518",
            "http://2852039166/",
            "http://[::ffff:169.254.169.254]",
            "http://[::ffff:a9fe:a9fe]:80",
            "http://[::a9fe:a9fe]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[fd00:ec2::254]",
            "http://[fe80::1]",
            "http://100.100.100.200",
        ] {
            assert!(forbidden(url), "{url}");
        }
        for url in ["http://127.0.0.1", "http://10.0.0.1", "http://[::1]", "http://[fd00::1]", "http://prometheus:9090"]
        {
            assert!(!forbidden(url), "{url}");
        }
    }

    /// Means one address first and another later.
    #[derive(Clone)]
    struct Rebound(std::sync::Arc<std::sync::Mutex<Vec<&'static str>>>);

    impl Lookup for Rebound {
        async fn lookup(&self, _: String) -> std::io::Result<Vec<SocketAddr>> {
            let answer = self.0.lock().unwrap().remove(0);
            Ok(answer.split(',').map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect())
        }
    }

    #[tokio::test]
    async fn a_name_that_means_a_metadata_service_is_not_resolved() {
        let answers = vec!["203.0.113.7", "169.254.169.254", "203.0.113.7,::ffff:169.254.169.254", "127.0.0.1"];
        let resolver = GuardedResolver { lookup: Rebound(std::sync::Arc::new(std::sync::Mutex::new(answers))) };
        let mut outcomes = Vec::new();
        for _ in 0..4 {
            let found = resolver.resolve("prometheus.example".parse().unwrap()).await;
            outcomes.push(found.map(Iterator::count).map_err(|error| error.to_string()));
        }
        let refused = "prometheus.example resolves to the address of a metadata service or link-local, \
                       which Evenkeel never contacts";
        assert_eq!(outcomes, [Ok(1), Err(refused.to_owned()), Err(refused.to_owned()), Ok(1)]);
    }
}
