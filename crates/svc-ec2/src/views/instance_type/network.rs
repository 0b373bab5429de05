//! The network of an instance type.

use super::{either, known};
use api::ec2::{
    BandwidthWeightingType, DefaultConnectionTrackingConfiguration, EfaInfo, EnaSupport, FlexibleEnaQueuesSupport,
    NetworkCardInfo, NetworkCardInterfaceType, NetworkInfo,
};
use logic::instance_type::{Card, Network, Support};

/// After so many seconds an idle UDP flow is no longer tracked, in every type.
const UDP_TIMEOUT_S: i32 = 30;
/// The same of a flow that has been answered more than once.
const UDP_STREAM_TIMEOUT_S: i32 = 180;

/// The network of an instance type.
pub fn network(it: &Network) -> NetworkInfo {
    let ena = match it.ena {
        Support::Unsupported => EnaSupport::Unsupported,
        Support::Supported => EnaSupport::Supported,
        Support::Required => EnaSupport::Required,
    };
    NetworkInfo {
        network_performance: Some(it.performance.clone()),
        maximum_network_interfaces: Some(it.interfaces),
        maximum_network_cards: Some(it.cards.iter().map(|card| card.count).sum()),
        default_network_card_index: Some(0),
        network_cards: Some(cards(it)),
        ipv4_addresses_per_interface: Some(it.ipv4),
        ipv6_addresses_per_interface: Some(it.ipv6),
        ipv6_supported: Some(it.ipv6_supported),
        ena_support: Some(ena),
        efa_supported: Some(it.efa.is_some()),
        efa_info: it.efa.map(|most| EfaInfo { maximum_efa_interfaces: Some(most) }),
        encryption_in_transit_supported: Some(it.encrypted),
        ena_srd_supported: Some(it.ena_srd),
        bandwidth_weightings: known(&it.weightings, BandwidthWeightingType::parse).filter(|some| !some.is_empty()),
        flexible_ena_queues_support: Some(either(
            it.flexible_queues,
            FlexibleEnaQueuesSupport::Supported,
            FlexibleEnaQueuesSupport::Unsupported,
        )),
        connection_tracking_configuration: Some(DefaultConnectionTrackingConfiguration {
            default_tcp_established_timeout: Some(it.tcp_timeout_s),
            default_udp_timeout: Some(UDP_TIMEOUT_S),
            default_udp_stream_timeout: Some(UDP_STREAM_TIMEOUT_S),
        }),
        secondary_network_supported: Some(false),
        ipv4_addresses_per_secondary_interface: it.secondary_ipv4,
        ..NetworkInfo::default()
    }
}

/// Every card, numbered from 0.
fn cards(it: &Network) -> Vec<NetworkCardInfo> {
    let each = it.cards.iter().flat_map(|card| (0..card.count).map(move |_| card));
    (0..).zip(each).map(|(index, one)| card(it, index, one)).collect()
}

fn card(network: &Network, index: i32, it: &Card) -> NetworkCardInfo {
    NetworkCardInfo {
        network_card_index: Some(index),
        network_performance: Some(it.performance.as_ref().unwrap_or(&network.performance).clone()),
        maximum_network_interfaces: Some(it.interfaces.unwrap_or(network.interfaces)),
        additional_flexible_network_interfaces: it.flexible_interfaces,
        baseline_bandwidth_in_gbps: it.baseline_gbps,
        peak_bandwidth_in_gbps: it.peak_gbps,
        default_ena_queue_count_per_interface: it.queues,
        maximum_ena_queue_count: it.max_queues,
        maximum_ena_queue_count_per_interface: it.max_queues_per_interface,
        interface_types: known(&it.kinds, NetworkCardInterfaceType::parse),
    }
}
