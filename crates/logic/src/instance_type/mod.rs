//! The instance types that EC2 publishes: what each has, as `DescribeInstanceTypes` tells it.
//!
//! The figures are AWS's and lie in `figures.txt`, whose lines [`figures`] reads at first use. They say what a type is, not whether this
//! host can run one: that depends on its processor and on what it has left, and is placement's to decide.

mod figures;
mod spec;
#[cfg(test)]
mod tests;

pub use spec::{
    Accelerator, Card, Cores, Ebs, EbsRate, Gpu, InstanceType, Limit, Network, Neuron, Optimized, Storage, StorageKind, Support,
};

use std::{collections::BTreeMap, sync::LazyLock};

static CATALOGUE: LazyLock<BTreeMap<String, InstanceType>> =
    LazyLock::new(|| figures::read(include_str!("figures.txt")).expect("the figures are read by a test"));

/// Every type, in the order of their names.
pub fn all() -> impl ExactSizeIterator<Item = &'static InstanceType> {
    CATALOGUE.values()
}

/// The type of that name, such as `t3.micro`.
pub fn named(name: &str) -> Option<&'static InstanceType> {
    CATALOGUE.get(name)
}

/// Those of the names that no type has, in the order in which they are given.
pub fn unknown(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).filter(|name| named(name).is_none()).collect()
}
