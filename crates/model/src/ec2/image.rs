//! AMIs: what instances are made of.

use super::{MachineKind, RequestToken, Tags};
use crate::{AccountId, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// An Amazon Machine Image, under `ami-…`. `Spec` is written by EC2's handlers, and for the quick start images by `first_touch`; `Plan`
/// by the reconciler of images.
pub enum Image {}

impl Record for Image {
    const KIND: &'static str = "ec2/image";
    type Spec = ImageSpec;
    type Plan = ImagePlan;
    type Observed = ();
}

impl Key<Image> {
    /// The account of `amazon`, to which the images belong that the cloud brings.
    pub const AMAZON: &'static str = "137112412989";
    /// The quick start image: the same in every region, and in every cloud.
    pub const QUICK_START: &'static str = "ami-0c10d50000000a571";

    /// The quick start image of a region.
    pub fn quick_start(region: &Region) -> Self {
        let amazon = AccountId::parse(Self::AMAZON).expect("twelve digits");
        Self::new(&amazon, region, Self::QUICK_START)
    }
}

/// What an [`Image`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageSpec {
    /// Unique among an account's own images in a region.
    pub name: String,
    /// What people wrote.
    pub description: Option<String>,
    /// The alias of its owner, `amazon`, for images that the cloud brings.
    pub owner_alias: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// What runs it.
    pub machine: MachineKind,
    /// `legacy-bios`, `uefi` or `uefi-preferred`.
    pub boot_mode: Option<String>,
    /// Such as `/dev/xvda`.
    pub root_device: String,
    /// The disks that instances get.
    pub block_devices: Vec<BlockDevice>,
    /// `Linux/UNIX`.
    pub platform_details: String,
    /// `enaSupport`.
    pub ena_support: bool,
    /// `imdsSupport` is `v2.0`.
    pub imds_v2: bool,
    /// `tpmSupport` is `v2.0`.
    pub tpm: bool,
    /// The instance that it was made of.
    pub source_instance: Option<String>,
    /// The image that it is a copy of, and its region.
    pub source_image: Option<(String, String)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Everybody may launch it.
    pub public: bool,
    /// Accounts that may launch it.
    pub launch_permissions: Vec<String>,
    /// It is deprecated from then on.
    pub deprecated_at: Option<Timestamp>,
    /// It is disabled: nobody may launch it.
    pub disabled: bool,
    /// `deregistrationProtection`.
    pub deregistration_protection: bool,
    /// The user that its first boot gives the key to: `ec2-user`.
    pub default_user: String,
    /// The `ClientToken` of the request that copied it.
    pub client_token: Option<RequestToken>,
    /// Its tags.
    pub tags: Tags,
}

impl ImageSpec {
    /// An image of Linux that its owner alone may launch, without disks, description and tags.
    pub fn new(name: &str, architecture: &str, machine: MachineKind, root_device: &str, now: Timestamp) -> Self {
        Self {
            name: name.into(),
            description: None,
            owner_alias: None,
            architecture: architecture.into(),
            machine,
            boot_mode: None,
            root_device: root_device.into(),
            block_devices: Vec::new(),
            platform_details: "Linux/UNIX".into(),
            ena_support: false,
            imds_v2: false,
            tpm: false,
            source_instance: None,
            source_image: None,
            created_at: now,
            public: false,
            launch_permissions: Vec::new(),
            deprecated_at: None,
            disabled: false,
            deregistration_protection: false,
            default_user: "ec2-user".into(),
            client_token: None,
            tags: Tags::new(),
        }
    }
}

/// A disk that an instance gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockDevice {
    /// Such as `/dev/xvda`.
    pub device: String,
    /// What it is.
    pub kind: BlockDeviceKind,
}

/// What a disk of an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockDeviceKind {
    /// A volume that is made at the launch.
    Ebs(EbsDevice),
    /// An instance store volume: `ephemeral0`.
    Ephemeral(String),
    /// None, although the image it comes from has one.
    NoDevice,
}

/// A volume that is made at the launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbsDevice {
    /// `snap-…`.
    pub snapshot: Option<String>,
    /// In GiB.
    pub size: Option<u32>,
    /// `gp3` and its like.
    pub volume_type: String,
    /// I/O operations a second.
    pub iops: Option<u32>,
    /// In MiB a second.
    pub throughput: Option<u32>,
    /// It goes with the instance.
    pub delete_on_termination: bool,
    /// Whether it is encrypted, where that is said.
    pub encrypted: Option<bool>,
    /// The KMS key, as it was given.
    pub kms_key: Option<String>,
}

/// What the reconciler of images has noted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImagePlan {
    /// All its snapshots are complete.
    pub available_at: Option<Timestamp>,
    /// Why it isn't: code and message of `stateReason`.
    pub failure: Option<(String, String)>,
    /// How its root disk boots (`legacy-bios`, `uefi`, `uefi-preferred`), found on the disk: there, where it holds something to boot. It counts
    /// where the image was registered without a boot mode.
    #[serde(default)]
    pub boots_by: Option<String>,
}

impl ImagePlan {
    /// It can be launched.
    pub fn available(at: Timestamp) -> Self {
        Self { available_at: Some(at), ..Self::default() }
    }
}

records! {
    /// Images can't be made public, under `images`: it is there while that is so. Written by EC2's handlers.
    ImageBlockPublicAccess(()) = "ec2/image-block-public-access";
}
