//! The parameters that AWS has for everybody (Systems Manager user guide, "Working with public parameters").
//!
//! The paths by which people find machine images all name the one image that the cloud brings, of the processor that is asked for: it is
//! none of those distributions, and says so in its name.

use crate::regions::REGIONS;
use model::{
    Key, Timestamp,
    ec2::{Image, ImageSpec},
};

/// What all public parameters begin with; a parameter of one's own can't.
const ROOT: &str = "/aws/";
/// Under which each region has a parameter.
const REGION_NAMES: &str = "/aws/service/global-infrastructure/regions/";

/// The names for images, `{arch}` being that of a name's own world, with what that world calls the architectures.
const IMAGES: &[(&str, Words)] = &[
    ("/aws/service/hillfog/quick-start/{arch}/image_id", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{arch}", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-{arch}", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-{arch}", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-{arch}", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-6.1-{arch}", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-6.12-{arch}", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-{arch}-gp2", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-{arch}-ebs", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-{arch}-gp2", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-{arch}-ebs", KERNEL),
    ("/aws/service/ami-amazon-linux-latest/amzn2-ami-minimal-hvm-{arch}-ebs", KERNEL),
    ("/aws/service/canonical/ubuntu/server/20.04/stable/current/{arch}/hvm/ebs-gp2/ami-id", DEBIAN),
    ("/aws/service/canonical/ubuntu/server/22.04/stable/current/{arch}/hvm/ebs-gp2/ami-id", DEBIAN),
    ("/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id", DEBIAN),
    ("/aws/service/canonical/ubuntu/server/jammy/stable/current/{arch}/hvm/ebs-gp2/ami-id", DEBIAN),
    ("/aws/service/canonical/ubuntu/server/noble/stable/current/{arch}/hvm/ebs-gp3/ami-id", DEBIAN),
    ("/aws/service/canonical/ubuntu/server-minimal/22.04/stable/current/{arch}/hvm/ebs-gp2/ami-id", DEBIAN),
    ("/aws/service/canonical/ubuntu/server-minimal/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id", DEBIAN),
    ("/aws/service/debian/release/11/latest/{arch}", DEBIAN),
    ("/aws/service/debian/release/12/latest/{arch}", DEBIAN),
    ("/aws/service/debian/release/13/latest/{arch}", DEBIAN),
    ("/aws/service/debian/release/bookworm/latest/{arch}", DEBIAN),
];

/// What `x86_64` and `arm64` are called.
type Words = [&'static str; 2];
const KERNEL: Words = ["x86_64", "arm64"];
const DEBIAN: Words = ["amd64", "arm64"];

/// A public parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// `aws:ec2:image` or `text`.
    pub data_type: &'static str,
    /// Since when it is so.
    pub at: Timestamp,
}

/// Whether a name is one of those that AWS has for itself.
pub fn is_public(name: &str) -> bool {
    name.get(..ROOT.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(ROOT))
}

/// The public parameter of that name. `quick_start` is the region's quick start image, once it is there.
pub fn public(name: &str, quick_start: Option<&ImageSpec>) -> Option<Public> {
    is_public(name).then(|| all(quick_start).find(|parameter| parameter.name == name))?
}

/// The public parameters under a path that ends with a slash, in the order of their names.
pub fn under(path: &str, quick_start: Option<&ImageSpec>) -> Vec<Public> {
    let mut found: Vec<Public> = all(quick_start).filter(|parameter| parameter.name.starts_with(path)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn all(quick_start: Option<&ImageSpec>) -> impl Iterator<Item = Public> + '_ {
    let images = quick_start.into_iter().flat_map(|image| IMAGES.iter().map(move |entry| named_image(entry, image)));
    images.chain(REGIONS.iter().map(|region| Public {
        name: format!("{REGION_NAMES}{region}"),
        value: (*region).to_owned(),
        data_type: "text",
        at: Timestamp(0),
    }))
}

fn named_image((pattern, words): &(&str, Words), image: &ImageSpec) -> Public {
    let word = words[usize::from(image.architecture != "x86_64")];
    Public {
        name: pattern.replace("{arch}", word),
        value: Key::<Image>::QUICK_START.to_owned(),
        data_type: "aws:ec2:image",
        at: image.created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ec2::MachineKind;

    fn image(architecture: &str) -> ImageSpec {
        ImageSpec::new("quick-start", architecture, MachineKind::QuickStart, "/dev/xvda", Timestamp(7))
    }

    #[test]
    fn the_usual_paths_name_the_image_of_their_processor() {
        let here = image("x86_64");
        for name in [
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
            "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
            "/aws/service/debian/release/12/latest/amd64",
        ] {
            let found = public(name, Some(&here)).unwrap();
            assert_eq!((found.value.as_str(), found.data_type), (Key::<Image>::QUICK_START, "aws:ec2:image"), "{name}");
            assert_eq!(public(name, Some(&image("arm64"))), None, "{name}");
            assert_eq!(public(name, None), None, "{name}: there is no image yet");
        }
    }

    #[test]
    fn regions_are_listed_and_paths_end_at_slashes() {
        assert_eq!(under(REGION_NAMES, None).len(), REGIONS.len());
        assert_eq!(public("/aws/service/global-infrastructure/regions/eu-west-1", None).unwrap().value, "eu-west-1");
        assert!(under("/aws/service/debian/release/1/", Some(&image("x86_64"))).is_empty());
        assert!(!under("/aws/service/debian/release/12/", Some(&image("x86_64"))).is_empty());
        assert!(is_public("/AWS/x") && !is_public("/awesome") && !is_public("é"));
    }
}
