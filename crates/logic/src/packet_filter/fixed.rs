//! The rulesets that are the same for every VPC: an instance's, a NAT gateway's, and that of the namespace in which VPCs meet the
//! internet.

use super::TABLE;
use model::Cidr;
use std::net::Ipv4Addr;

/// The network of containers in `bridge` mode inside an instance, as Docker has it by default.
pub const BRIDGE: Cidr = Cidr { address: Ipv4Addr::new(172, 17, 0, 0), prefix: 16 };

/// Nothing reaches the namespace itself but answers.
const NOTHING_ARRIVES: &str = "\
	chain input {
		type filter hook input priority filter; policy drop;
		ct state vmap { established : accept, related : accept, invalid : drop }
	}
";

/// The table of an instance, where containers in `bridge` mode hide behind the instance's own address.
///
/// `ports` maps protocol and port at the instance to address and port of a container. Its elements come and go with the
/// containers, and stay when this is loaded anew. As with Docker, a mapped port answers at the instance's own loopback address too.
/// A container's packets must come in by the link that its address is behind.
pub fn instance_ruleset() -> String {
    format!(
        r#"table {TABLE} {{}}
flush table {TABLE}
table {TABLE} {{
	map ports {{ type inet_proto . inet_service : ipv4_addr . inet_service; }}
	chain source_check {{
		type filter hook prerouting priority raw; policy accept;
		iifname "eth0" ip saddr {BRIDGE} drop
		iifname "b*" fib saddr . iif oif 0 drop
		iifname != "lo" ip daddr 127.0.0.0/8 drop
	}}
	chain forward {{
		type filter hook forward priority filter; policy accept;
		iifname "eth0" ct state new ct status & dnat == 0 drop
	}}
	chain arriving {{
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local dnat ip to meta l4proto . th dport map @ports
	}}
	chain local {{
		type nat hook output priority -100; policy accept;
		fib daddr type local dnat ip to meta l4proto . th dport map @ports
	}}
	chain leaving {{
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr {BRIDGE} oifname "eth0" masquerade
		ip saddr {BRIDGE} ct status dnat masquerade
		ip saddr 127.0.0.0/8 ip daddr {BRIDGE} masquerade
	}}
}}
"#
    )
}

/// The table of the namespace that joins the routers of all VPCs: their links are called `v…`, the one to the host is `host_link`
/// and the one beyond the host `egress_link`.
///
/// VPCs reach each other's public addresses and what is beyond the host; the host reaches them, but they do not begin
/// anything with the host.
pub fn internet_ruleset(host_link: &str, egress_link: &str) -> String {
    format!(
        r#"table {TABLE} {{}}
delete table {TABLE}
table {TABLE} {{
	chain forward {{
		type filter hook forward priority filter; policy drop;
		ct state vmap {{ established : accept, related : accept, invalid : drop }}
		iifname "{host_link}" oifname "v*" accept
		iifname "v*" oifname "v*" accept
		iifname "v*" oifname "{egress_link}" accept
	}}
{NOTHING_ARRIVES}	chain leaving {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname "{egress_link}" masquerade
	}}
}}
"#
    )
}

/// The table of the namespace that function environments are linked to, by interfaces whose names begin with `f`: each gets beyond the host by
/// `egress_link`, and none to another. Nothing of it depends on which there are.
pub fn functions_ruleset(egress_link: &str) -> String {
    format!(
        r#"table {TABLE} {{}}
delete table {TABLE}
table {TABLE} {{
	chain forward {{
		type filter hook forward priority filter; policy drop;
		ct state vmap {{ established : accept, related : accept, invalid : drop }}
		iifname "f*" oifname "{egress_link}" accept
	}}
{NOTHING_ARRIVES}	chain leaving {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname "{egress_link}" masquerade
	}}
}}
"#
    )
}

/// The table of a NAT gateway, which has these addresses at its only network interface, `eth0`: what comes in by it goes out by it, from
/// one of them. Flows of one source stay at one address. Nothing reaches the gateway itself.
pub fn nat_ruleset(addresses: &[Ipv4Addr]) -> String {
    let own = match addresses {
        [one] => one.to_string(),
        many => {
            let each: Vec<_> = many.iter().enumerate().map(|(place, address)| format!("{place} : {address}")).collect();
            format!("jhash ip saddr mod {} map {{ {} }}", many.len(), each.join(", "))
        }
    };
    let translate = if addresses.is_empty() { String::new() } else { format!("\t\toifname \"eth0\" snat ip to {own}\n") };
    format!(
        r#"table {TABLE} {{}}
delete table {TABLE}
table {TABLE} {{
	chain forward {{
		type filter hook forward priority filter; policy drop;
		ct state vmap {{ established : accept, related : accept, invalid : drop }}
		iifname "eth0" oifname "eth0" meta l4proto {{ tcp, udp, icmp }} accept
	}}
{NOTHING_ARRIVES}	chain leaving {{
		type nat hook postrouting priority srcnat; policy accept;
{translate}	}}
}}
"#
    )
}
