//! What a request asks for, read and checked.

use super::{
    disks::{self, WantedDisk},
    image::{self, Launchable},
    network::{self, WantedNetwork},
    options, place,
};
use crate::{
    errors::{invalid_value, missing_parameter},
    instances::profiles,
    records::key_pair_named,
    resource::Resource,
    tags,
};
use api::ec2::{RunInstancesRequest, TagSpecification};
use front::{Answer, Cx};
use logic::instance_type::{InstanceType, named};
use model::ec2::{
    InstanceAttributes, InstanceKey, MetadataOptions, Placement, PrivateDnsOptions, ProfileAssociation, PurchaseOption, Tags,
};
use spine::Tx;
use wire::Fault;

/// The type of who names none (EC2 API reference, "RunInstances").
const DEFAULT_TYPE: &str = "m1.small";

/// What a request asks for.
pub struct Wanted {
    /// The image.
    pub image: Launchable,
    /// The type.
    pub kind: &'static InstanceType,
    /// The key pair.
    pub key: Option<InstanceKey>,
    /// In base64.
    pub user_data: Option<String>,
    /// The instance profile, whose role the caller may pass.
    pub profile: Option<ProfileAssociation>,
    /// Where.
    pub placement: Placement,
    /// How it is bought.
    pub purchase: PurchaseOption,
    /// Its interfaces.
    pub network: WantedNetwork,
    /// Its volumes.
    pub disks: Vec<WantedDisk>,
    /// Its own disks.
    pub instance_store: Vec<(String, u32)>,
    /// What can be changed later.
    pub attributes: InstanceAttributes,
    /// Its metadata service.
    pub metadata: MetadataOptions,
    /// Its name.
    pub private_dns: PrivateDnsOptions,
    /// The tags of what is made.
    pub tags: WantedTags,
    /// What makes a repeated request the same.
    pub client_token: Option<String>,
}

/// The tags of what is made.
#[derive(Default)]
pub struct WantedTags {
    /// Of each instance.
    pub instance: Tags,
    /// Of each volume.
    pub volume: Tags,
    /// Of each interface that is made.
    pub interface: Tags,
}

impl Wanted {
    /// Reads a request for at most so many instances.
    pub fn read(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, most: u32) -> Answer<Self> {
        let image_id = input.image_id.as_deref().ok_or_else(|| missing_parameter("ImageId"))?;
        let image = image::launchable(cx, tx, image_id)?;
        let kind = kind(input.instance_type.as_deref())?;
        image::check_type(&image.spec, kind)?;
        let network = network::read(cx, tx, input, kind, most)?;
        Ok(Self {
            key: input.key_name.as_deref().map(|name| key(cx, tx, name)).transpose()?,
            user_data: input.user_data.as_deref().map(options::user_data).transpose()?.flatten(),
            profile: input.iam_instance_profile.as_ref().map(|asked| profiles::association(cx, tx, asked)).transpose()?,
            purchase: options::purchase(input.instance_market_options.as_ref())?,
            placement: place::read(cx, tx, input, kind, &network)?,
            disks: disks::read(cx, tx, input, &image, kind)?,
            instance_store: disks::instance_store(kind, &disks::ephemeral(input, &image.spec)),
            attributes: options::attributes(cx, tx, input, kind, &image.spec)?,
            metadata: options::metadata(cx, tx, input.metadata_options.as_ref(), &image.spec)?,
            private_dns: options::private_dns(input.private_dns_name_options.as_ref(), &network.private_dns),
            tags: WantedTags::read(input.tag_specifications.as_deref())?,
            client_token: input.client_token.clone(),
            image,
            kind,
            network,
        })
    }
}

fn kind(name: Option<&str>) -> Answer<&'static InstanceType> {
    let name = name.unwrap_or(DEFAULT_TYPE);
    named(name).ok_or_else(|| invalid_value(format!("Invalid value '{name}' for InstanceType.")))
}

fn key(cx: &Cx, tx: &Tx, name: &str) -> Answer<InstanceKey> {
    let absent = || Fault::client("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist"));
    let (_, pair) = key_pair_named(cx, tx, name)?.ok_or_else(absent)?;
    Ok(InstanceKey { name: name.into(), public_key: pair.public_key.clone() })
}

impl WantedTags {
    fn read(specifications: Option<&[TagSpecification]>) -> Answer<Self> {
        let mut wanted = Self::default();
        for specification in specifications.unwrap_or_default() {
            let kind = specification.resource_type.ok_or_else(|| missing_parameter("ResourceType"))?;
            let tags = match kind.as_str() {
                name if name == Resource::INSTANCE.name => &mut wanted.instance,
                name if name == Resource::VOLUME.name => &mut wanted.volume,
                name if name == Resource::NETWORK_INTERFACE.name => &mut wanted.interface,
                name => {
                    let message = format!("'{name}' is not a valid taggable resource type for this operation.");
                    return Err(invalid_value(message));
                }
            };
            tags::add(tags, specification.tags.as_deref().unwrap_or_default())?;
        }
        Ok(wanted)
    }
}
