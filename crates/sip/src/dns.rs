//! Where a SIP URI leads (RFC 3263): NAPTR, SRV with weights, addresses; several targets in the order in which they are tried.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{IpAddr, SocketAddr};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use rsipstack::sip::uri::ParamsExt;
use rsipstack::sip::{Host, Scheme, Uri};

use crate::Transport;
use crate::error::SipError;
use crate::listeners::transport_of;

/// One place that answers for a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub address: SocketAddr,
    /// Over what.
    pub transport: Transport,
    /// The name that its certificate must have, over TLS.
    pub host: String,
}

/// What a lookup found, and how, in words for a person who looks for a mistake.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// In the order in which they are tried.
    pub targets: Vec<Target>,
    /// One step each.
    pub steps: Vec<String>,
}

/// Asks the DNS.
pub(crate) struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// With name servers of its own; without any, those of the system.
    pub(crate) fn new(servers: &[SocketAddr]) -> Result<Self, SipError> {
        let provider = TokioRuntimeProvider::default();
        let system = || TokioResolver::builder_tokio();
        let mut builder = if servers.is_empty() {
            // A machine without a `resolv.conf` still has addresses to call: only names fail, and say so.
            system()
                .unwrap_or_else(|_| TokioResolver::builder_with_config(ResolverConfig::default(), provider))
        } else {
            let servers = servers.iter().map(|server| {
                let mut config = NameServerConfig::udp_and_tcp(server.ip());
                config.connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
                    .into_iter()
                    .map(|mut connection| {
                        connection.port = server.port();
                        connection
                    })
                    .collect();
                config
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            TokioResolver::builder_with_config(config, provider)
        };
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let resolver = builder.build().map_err(|error| SipError::Library(error.to_string()))?;
        Ok(Self { resolver })
    }

    /// Everywhere that a URI leads.
    pub(crate) async fn locate(&self, uri: &Uri) -> Found {
        let mut found = Found::default();
        let wanted = wire(uri);
        let port = uri.host_with_port.port.map(|port| port.value());
        let host = match uri.host() {
            Host::IpAddr(ip) => {
                let transport = wanted.unwrap_or(Transport::Udp);
                let address = SocketAddr::new(*ip, port.unwrap_or(default_port(transport)));
                found.targets.push(Target { address, transport, host: ip.to_string() });
                return found;
            }
            Host::Domain(domain) => domain.0.trim_end_matches('.').to_owned(),
        };
        if let Ok(ip) = host.parse::<IpAddr>() {
            let transport = wanted.unwrap_or(Transport::Udp);
            let address = SocketAddr::new(ip, port.unwrap_or(default_port(transport)));
            found.targets.push(Target { address, transport, host });
            return found;
        }
        if let Some(port) = port {
            // 4.2: a port says that no SRV is wanted.
            self.addresses(&host, port, wanted.unwrap_or(Transport::Udp), &mut found).await;
            return found;
        }
        for (name, transport) in self.services(&host, wanted, &mut found).await {
            self.servers(&name, transport, &mut found).await;
        }
        if found.targets.is_empty() {
            let transport = wanted.unwrap_or(Transport::Udp);
            self.addresses(&host, default_port(transport), transport, &mut found).await;
        }
        found
    }

    /// Names of SRV records, the best first (4.1).
    async fn services(
        &self,
        host: &str,
        wanted: Option<Transport>,
        found: &mut Found,
    ) -> Vec<(String, Transport)> {
        let usual = |transport: Transport| (format!("{}.{host}", service(transport)), transport);
        if let Some(transport) = wanted {
            return vec![usual(transport)];
        }
        let records = match self.resolver.lookup(absolute(host), RecordType::NAPTR).await {
            Ok(lookup) => lookup
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::NAPTR(naptr) => Some(Naptr {
                        order: naptr.order,
                        preference: naptr.preference,
                        flags: String::from_utf8_lossy(&naptr.flags).into_owned(),
                        services: String::from_utf8_lossy(&naptr.services).into_owned(),
                        replacement: naptr.replacement.to_string().trim_end_matches('.').to_owned(),
                    }),
                    _ => None,
                })
                .collect(),
            Err(error) => {
                found.steps.push(missing("NAPTR", host, &error));
                Vec::new()
            }
        };
        let chosen = choose_services(records);
        if chosen.is_empty() {
            return vec![usual(Transport::Udp), usual(Transport::Tcp)];
        }
        for (name, transport) in &chosen {
            found.steps.push(format!("NAPTR of {host}: {} at {name}", transport.name()));
        }
        chosen
    }

    /// SRV records of a name, and the addresses of what they name.
    async fn servers(&self, name: &str, transport: Transport, found: &mut Found) {
        let records = match self.resolver.lookup(absolute(name), RecordType::SRV).await {
            Ok(lookup) => lookup
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::SRV(srv) => Some(Srv {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        target: srv.target.to_string().trim_end_matches('.').to_owned(),
                    }),
                    _ => None,
                })
                .collect(),
            Err(error) => {
                found.steps.push(missing("SRV", name, &error));
                return;
            }
        };
        for record in order_servers(records, random()).into_iter().take(TARGETS_MAX) {
            found.steps.push(format!(
                "SRV of {name}: {}:{}, priority {}, weight {}",
                record.target, record.port, record.priority, record.weight
            ));
            // RFC 2782: a dot says that the service is not there at all.
            if !record.target.is_empty() {
                self.addresses(&record.target, record.port, transport, found).await;
            }
        }
    }

    async fn addresses(&self, host: &str, port: u16, transport: Transport, found: &mut Found) {
        match self.resolver.lookup_ip(absolute(host)).await {
            Ok(ips) => {
                let mut ips: Vec<IpAddr> = ips.iter().collect();
                ips.sort_by_key(IpAddr::is_ipv6);
                let listed: Vec<String> = ips.iter().map(ToString::to_string).collect();
                found.steps.push(format!("address of {host}: {}", listed.join(", ")));
                for ip in ips {
                    let target =
                        Target { address: SocketAddr::new(ip, port), transport, host: host.to_owned() };
                    if found.targets.len() < TARGETS_MAX && !found.targets.contains(&target) {
                        found.targets.push(target);
                    }
                }
            }
            Err(error) => found.steps.push(missing("address", host, &error)),
        }
    }
}

/// A NAPTR record, as far as it counts here.
#[derive(Debug, Clone)]
struct Naptr {
    order: u16,
    preference: u16,
    flags: String,
    services: String,
    replacement: String,
}

/// Those for transports that we can do, the best first (RFC 3263 section 4.1). Only records that lead to SRV (`s`) say one.
fn choose_services(mut records: Vec<Naptr>) -> Vec<(String, Transport)> {
    records.sort_by_key(|record| (record.order, record.preference));
    let usable = records.into_iter().filter(|record| record.flags.eq_ignore_ascii_case("s"));
    let mut chosen: Vec<(String, Transport)> = Vec::new();
    for record in usable.take(SERVICES_MAX) {
        let transport = match record.services.to_ascii_uppercase().as_str() {
            "SIP+D2U" => Transport::Udp,
            "SIP+D2T" => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => continue,
        };
        chosen.push((record.replacement, transport));
    }
    chosen
}

/// A SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Srv {
    priority: u16,
    weight: u16,
    port: u16,
    target: String,
}

/// The order of RFC 2782: by priority, and within one drawn by weight, so that load spreads. `seed` draws.
fn order_servers(mut records: Vec<Srv>, mut seed: u64) -> Vec<Srv> {
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let group = records.iter().take_while(|record| record.priority == priority).count();
        let total: u64 = records[..group].iter().map(|record| u64::from(record.weight)).sum();
        // Xorshift: zero would stay zero.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut drawn = seed % (total + 1);
        let at = records[..group].iter().position(|record| {
            let hit = drawn <= u64::from(record.weight);
            drawn = drawn.saturating_sub(u64::from(record.weight));
            hit
        });
        ordered.push(records.remove(at.unwrap_or(0)));
    }
    ordered
}

/// What a URI says about its transport.
fn wire(uri: &Uri) -> Option<Transport> {
    let secure = uri.scheme == Some(Scheme::Sips);
    match uri.transport() {
        None if !secure => None,
        // A `sips:` address never leads over anything that can be read on the way.
        None | Some(_) => transport_of(uri).or_else(|| secure.then_some(Transport::Tls)),
    }
}

const fn service(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
        // Connecting to one fails, as its target then says.
        Transport::Ws => "_sip._ws",
        Transport::Wss => "_sips._ws",
    }
}

const fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
        Transport::Ws => 80,
        Transport::Wss => 443,
    }
}

/// With the dot at its end, so that no search domain of the system is put after it.
fn absolute(name: &str) -> String {
    format!("{name}.")
}

fn missing(kind: &str, name: &str, error: &NetError) -> String {
    if error.is_nx_domain() {
        format!("{kind} of {name}: there is no such name")
    } else if error.is_no_records_found() {
        format!("{kind} of {name}: none")
    } else {
        format!("{kind} of {name}: the name server did not help: {error}")
    }
}

fn random() -> u64 {
    // Each has keys of its own.
    RandomState::new().build_hasher().finish() | 1
}

/// Whoever lists more servers than this has some that answer among the first.
const TARGETS_MAX: usize = 16;
/// There are five kinds.
const SERVICES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv { priority, weight, port: 5060, target: target.to_owned() }
    }

    #[test]
    fn servers_come_by_priority_and_share_by_weight() {
        let records =
            vec![srv(20, 0, "backup"), srv(10, 30, "big"), srv(10, 10, "small"), srv(10, 0, "spare")];
        let mut first = std::collections::BTreeMap::new();
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..4_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let ordered = order_servers(records.clone(), seed | 1);
            assert_eq!(ordered.len(), 4);
            assert_eq!(ordered[3].target, "backup");
            *first.entry(ordered[0].target.clone()).or_insert(0) += 1;
        }
        // 30 to 10, and hardly ever the one without weight.
        assert!((2_700..3_200).contains(&first["big"]), "{first:?}");
        assert!((800..1_200).contains(&first["small"]), "{first:?}");
        assert!((1..300).contains(&first["spare"]), "{first:?}");
    }

    #[test]
    fn services_come_by_order_and_only_those_that_we_can_do() {
        let naptr = |order, preference, flags: &str, services: &str, replacement: &str| Naptr {
            order,
            preference,
            flags: flags.to_owned(),
            services: services.to_owned(),
            replacement: replacement.to_owned(),
        };
        let chosen = choose_services(vec![
            naptr(20, 10, "s", "SIP+D2U", "_sip._udp.b"),
            naptr(10, 20, "S", "sip+d2t", "_sip._tcp.a"),
            naptr(10, 10, "s", "SIP+D2S", "_sip._sctp.a"),
            naptr(10, 5, "u", "E2U+sip", ""),
        ]);
        assert_eq!(
            chosen,
            [("_sip._tcp.a".to_owned(), Transport::Tcp), ("_sip._udp.b".to_owned(), Transport::Udp)]
        );
    }
}
