//! The names by which people look for the images of distributions, all of which find the quick start image: `DescribeImages` with owners and
//! filters is how most configurations say which image they want, as others say it by a public parameter (`logic::parameter`).
//!
//! What is found is shown as what it is: the name and the owner in the answer are its own. Pure.

use crate::describe::{Described, matching};
use api::ec2::{Filter, Image};
use front::Answer;

/// Who publishes images, and which names they bear: `{arch}` is what the publisher calls the architecture. The last part of a name changes with each
/// release, so that everybody looks for it by a pattern; the releases named here are recent ones.
struct Publisher {
    account: &'static str,
    /// What `x86_64` and `arm64` are called.
    words: [&'static str; 2],
    names: &'static [&'static str],
}

/// Amazon, Canonical and Debian: the distributions whose public parameters there are. Canonical's and Debian's images have Amazon's alias too.
const PUBLISHERS: [Publisher; 3] = [
    Publisher {
        account: "137112412989",
        words: ["x86_64", "arm64"],
        names: &[
            "al2023-ami-2023.9.20251110.1-kernel-6.1-{arch}",
            "al2023-ami-2023.9.20251110.1-kernel-6.12-{arch}",
            "al2023-ami-minimal-2023.9.20251110.1-kernel-6.1-{arch}",
            "al2023-ami-minimal-2023.9.20251110.1-kernel-6.12-{arch}",
            "amzn2-ami-hvm-2.0.20251110.1-{arch}-gp2",
            "amzn2-ami-hvm-2.0.20251110.1-{arch}-ebs",
            "amzn2-ami-kernel-5.10-hvm-2.0.20251110.1-{arch}-gp2",
            "amzn2-ami-kernel-5.10-hvm-2.0.20251110.1-{arch}-ebs",
            "amzn2-ami-minimal-hvm-2.0.20251110.1-{arch}-ebs",
            "amzn-ami-hvm-2018.03.0.20231218.0-{arch}-gp2",
            "amzn-ami-hvm-2018.03.0.20231218.0-{arch}-ebs",
        ],
    },
    Publisher {
        account: "099720109477",
        words: ["amd64", "arm64"],
        names: &[
            "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-{arch}-server-20250603",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{arch}-server-20251015",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-20251022",
            "ubuntu-minimal/images/hvm-ssd/ubuntu-jammy-22.04-{arch}-minimal-20251015",
            "ubuntu-minimal/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-minimal-20251022",
        ],
    },
    Publisher {
        account: "136693071363",
        words: ["amd64", "arm64"],
        names: &["debian-11-{arch}-20251027-2278", "debian-12-{arch}-20251112-2294", "debian-13-{arch}-20251117-2299"],
    },
];

/// Whether the quick start image is found by these owners and filters under one of those names.
pub fn find(quick_start: &Image, owners: &[String], filters: &[Filter]) -> Answer<bool> {
    let arm = quick_start.architecture.is_some_and(|architecture| architecture.as_str() == "arm64");
    let of_owners = |it: &&Publisher| owners.is_empty() || owners.iter().any(|owner| owner == "amazon" || owner == it.account);
    let guises = PUBLISHERS.iter().filter(of_owners).flat_map(|publisher| {
        publisher.names.iter().map(|name| Image {
            name: Some(name.replace("{arch}", publisher.words[usize::from(arm)])),
            owner_id: Some(publisher.account.to_owned()),
            ..quick_start.clone()
        })
    });
    Ok(!matching(guises.collect(), filters, Image::FIELDS, Some(Image::tags))?.is_empty())
}
