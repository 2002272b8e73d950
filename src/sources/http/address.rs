//! Addresses that are never contacted: a cloud's metadata service hands out
//! credentials to whoever asks from inside. Checked where a URL names an address
//! and again where a name is resolved, in the lookup that feeds the connection.

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

/// Link-local addresses (169.254.0.0/16, where AWS, Azure and Google have it),
/// fd00:ec2::254 (AWS) and 100.100.100.200 (Alibaba), in every IPv6 clothing.
fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4 == Ipv4Addr::new(100, 100, 100, 200),
        IpAddr::V6(v6) => v6 == AWS_V6 || embedded_v4(v6).is_some_and(|v4| is_forbidden(IpAddr::V4(v4))),
    }
}

const AWS_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The IPv4 address in `::ffff:a.b.c.d`, `::a.b.c.d` or `64:ff9b::a.b.c.d`.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = v6.segments();
    let embeds = matches!([a, b, c, d, e, f], [0, 0, 0, 0, 0, 0 | 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0]);
    embeds.then(|| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

/// The system's resolver, which gives no forbidden address away.
pub(super) struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            if found.iter().any(|a| is_forbidden(a.ip())) {
                return Err(format!("{host} is the address of a metadata service, which is never contacted").into());
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
            "http://100.100.100.200",
        ] {
            assert!(forbidden(url), "{url}");
        }
        for url in ["http://127.0.0.1", "http://10.0.0.1", "http://[::1]", "http://[fd00::1]", "http://prometheus:9090"]
        {
            assert!(!forbidden(url), "{url}");
        }
    }
}
