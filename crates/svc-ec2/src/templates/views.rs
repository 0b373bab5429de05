//! From launch templates' records to what the API shows, and by what they are found. Pure.

use super::load::{Template, Version};
use crate::{
    describe::{Described, Field, Text},
    resource::Resource,
    tags,
};
use api::ec2::{LaunchTemplate, LaunchTemplateVersion, ResponseLaunchTemplateData, Tag};
use front::Answer;
use wire::{FromValue, Time, stored};

/// A template.
pub fn template(template: &Template) -> LaunchTemplate {
    let spec = &template.spec;
    LaunchTemplate {
        launch_template_id: Some(template.id.clone()),
        launch_template_name: Some(spec.name.clone()),
        create_time: Some(Time(spec.created_at.0)),
        created_by: Some(spec.created_by.clone()),
        default_version_number: Some(spec.default_version),
        latest_version_number: Some(spec.latest_version),
        tags: tags::view_if_any(&spec.tags),
        operator: None,
    }
}

/// A version, with what was asked for shown as it is kept.
pub fn version(template: &Template, (number, spec): &Version) -> Answer<LaunchTemplateVersion> {
    Ok(LaunchTemplateVersion {
        launch_template_id: Some(template.id.clone()),
        launch_template_name: Some(template.spec.name.clone()),
        version_number: Some(*number),
        version_description: spec.description.clone(),
        create_time: Some(Time(spec.created_at.0)),
        created_by: Some(spec.created_by.clone()),
        default_version: Some(*number == template.spec.default_version),
        launch_template_data: Some(ResponseLaunchTemplateData::from_value(stored::from_text(&spec.data)?)?),
        operator: None,
    })
}

/// EC2 API reference, "DescribeLaunchTemplates", filters.
impl Described for LaunchTemplate {
    const RESOURCE: Resource = Resource::LAUNCH_TEMPLATE;
    const IDS: &'static str = "LaunchTemplateIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("create-time", |it| it.create_time.iter().map(|at| at.to_the_second()).collect()),
        ("launch-template-name", |it| it.launch_template_name.texts()),
    ];
    fn id(&self) -> &str {
        self.launch_template_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

fn data(it: &LaunchTemplateVersion, of: fn(&ResponseLaunchTemplateData) -> Vec<String>) -> Vec<String> {
    it.launch_template_data.iter().flat_map(of).collect()
}

/// EC2 API reference, "DescribeLaunchTemplateVersions", filters.
pub const VERSION_FIELDS: &[Field<LaunchTemplateVersion>] = &[
    ("create-time", |it| it.create_time.iter().map(|at| at.to_the_second()).collect()),
    ("ebs-optimized", |it| data(it, |data| data.ebs_optimized.texts())),
    ("http-endpoint", |it| data(it, |data| options(data, |it| it.http_endpoint.map(|word| word.as_str())))),
    ("http-protocol-ipv4", |it| data(it, |data| options(data, |it| it.http_endpoint.map(|word| word.as_str())))),
    ("host-resource-group-arn", |it| data(it, |data| placement(data, |it| it.host_resource_group_arn.clone()))),
    ("http-tokens", |it| data(it, |data| options(data, |it| it.http_tokens.map(|word| word.as_str())))),
    ("iam-instance-profile", |it| {
        data(it, |data| {
            data.iam_instance_profile.iter().flat_map(|it| it.arn.texts().into_iter().chain(it.name.texts())).collect()
        })
    }),
    ("image-id", |it| data(it, |data| data.image_id.texts())),
    ("instance-type", |it| data(it, |data| data.instance_type.texts())),
    ("is-default-version", |it| it.default_version.texts()),
    ("kernel-id", |it| data(it, |data| data.kernel_id.texts())),
    ("license-configuration-arn", |it| {
        data(it, |data| {
            data.license_specifications.iter().flatten().flat_map(|it| it.license_configuration_arn.texts()).collect()
        })
    }),
    ("ram-disk-id", |it| data(it, |data| data.ram_disk_id.texts())),
];

fn options(
    data: &ResponseLaunchTemplateData,
    of: fn(&api::ec2::LaunchTemplateInstanceMetadataOptions) -> Option<&'static str>,
) -> Vec<String> {
    data.metadata_options.as_ref().and_then(of).map(str::to_owned).into_iter().collect()
}

fn placement(data: &ResponseLaunchTemplateData, of: fn(&api::ec2::LaunchTemplatePlacement) -> Option<String>) -> Vec<String> {
    data.placement.as_ref().and_then(of).into_iter().collect()
}
