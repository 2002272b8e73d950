//! What addresses and composed names name: hosts, services of the cluster's DNS,
//! resources of clouds.

use std::net::IpAddr;

use super::exporters::NODE_PORTS;

/// Service and namespace of a name of the cluster's DNS, with or without a scheme, a
/// port and a path, and as Istio names what Envoy calls: `outbound|80||cart.shop.svc`.
pub(super) fn inner_name(address: &str) -> Option<(&str, &str)> {
    let address = address.rsplit_once('|').map_or(address, |(_, host)| host);
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = without_port(rest.split(['/', '?', '#']).next()?);
    let mut parts = host.split('.');
    let (service, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
    (svc == "svc" && !service.is_empty()).then_some((service, namespace))
}

/// `namespace/name`, as jobs of PodMonitors and of OpenTelemetry are called; the
/// provider behind `@` of Traefik's services is left out, and of a name of the
/// cluster's DNS only the service is kept.
pub(super) fn last_part(name: &str) -> &str {
    if let Some((service, _)) = inner_name(name) {
        return service;
    }
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.rsplit_once('/').map(|(_, last)| last).filter(|last| !last.is_empty()).unwrap_or(name)
}

/// The last part of a resource's name: `arn:aws:sqs:eu-west-1:123:orders`.
pub(super) fn resource(name: &str) -> &str {
    name.rsplit([':', '/']).find(|part| !part.is_empty()).unwrap_or(name)
}

/// The host of a URL or of `host:port`; of a name of the cluster's DNS the service.
pub(super) fn host(address: &str) -> Option<&str> {
    if let Some((service, _)) = inner_name(address) {
        return Some(service);
    }
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    Some(without_port(rest)).filter(|host| !host.is_empty())
}

/// Without a port, and without the brackets of IPv6.
pub(super) fn without_port(address: &str) -> &str {
    if let Some((inside, _)) = address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inside;
    }
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match address.rsplit_once(':') {
        Some((host, port)) if is_port(port) && !host.contains(':') => host,
        _ => address,
    }
}

pub(super) fn is_of_node(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(_, port)| NODE_PORTS.contains(&port))
}

/// Whether a host has a name that lasts: an address of a pod does not.
pub(super) fn is_name(host: &str) -> bool {
    host.parse::<IpAddr>().is_err() && host != "localhost"
}
