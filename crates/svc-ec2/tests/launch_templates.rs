//! Launch templates and their versions.

mod common;

use common::{Answer, call, cloud, ec2};
use front::testing::{Bench, START};

async fn template(cloud: &Bench, name: &str) -> String {
    let parameters = [
        ("LaunchTemplateName", name),
        ("VersionDescription", "first"),
        ("LaunchTemplateData.ImageId", "ami-0123456789abcdef0"),
        ("LaunchTemplateData.InstanceType", "t3.micro"),
        ("LaunchTemplateData.NetworkInterface.1.DeviceIndex", "0"),
        ("LaunchTemplateData.NetworkInterface.1.AssociatePublicIpAddress", "true"),
        ("LaunchTemplateData.BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("LaunchTemplateData.BlockDeviceMapping.1.Ebs.VolumeSize", "20"),
        ("LaunchTemplateData.MetadataOptions.HttpTokens", "required"),
        ("LaunchTemplateData.TagSpecification.1.ResourceType", "instance"),
        ("LaunchTemplateData.TagSpecification.1.Tag.1.Key", "Name"),
        ("LaunchTemplateData.TagSpecification.1.Tag.1.Value", "web"),
        ("TagSpecification.1.ResourceType", "launch-template"),
        ("TagSpecification.1.Tag.1.Key", "team"),
        ("TagSpecification.1.Tag.1.Value", "blue"),
    ];
    ec2(cloud, "CreateLaunchTemplate", &parameters).await.one("launchTemplate/launchTemplateId").to_owned()
}

async fn version(cloud: &Bench, id: &str, more: &[(&str, &str)]) -> Answer {
    let parameters = [&[("LaunchTemplateId", id), ("LaunchTemplateData.InstanceType", "t3.large")], more].concat();
    ec2(cloud, "CreateLaunchTemplateVersion", &parameters).await
}

async fn code(cloud: &Bench, operation: &str, parameters: &[(&str, &str)]) -> String {
    call(cloud, "ec2", operation, parameters).await.code().to_owned()
}

#[tokio::test]
async fn a_template_shows_what_was_asked_for() {
    let cloud = cloud();
    let id = template(&cloud, "web").await;
    let shown = ec2(&cloud, "DescribeLaunchTemplates", &[("Filter.1.Name", "tag:team"), ("Filter.1.Value.1", "blue")]).await;
    assert_eq!((shown.one("item/launchTemplateId"), shown.one("item/defaultVersionNumber")), (&*id, "1"));
    assert!(shown.one("item/createdBy").starts_with("arn:aws:iam::111122223333:"));
    let shown = ec2(&cloud, "DescribeLaunchTemplateVersions", &[("LaunchTemplateName", "web")]).await;
    for (path, value) in [
        ("launchTemplateData/imageId", "ami-0123456789abcdef0"),
        ("launchTemplateData/instanceType", "t3.micro"),
        ("networkInterfaceSet/item/associatePublicIpAddress", "true"),
        ("blockDeviceMappingSet/item/ebs/volumeSize", "20"),
        ("metadataOptions/httpTokens", "required"),
        ("tagSpecificationSet/item/tagSet/item/value", "web"),
        ("item/versionDescription", "first"),
        ("item/defaultVersion", "true"),
    ] {
        assert_eq!(shown.one(path), value, "{path}");
    }
}

#[tokio::test]
async fn versions_are_numbered_and_one_is_the_default() {
    let cloud = cloud();
    let id = template(&cloud, "web").await;
    let second = version(&cloud, &id, &[("SourceVersion", "1")]).await;
    assert_eq!(second.one("launchTemplateVersion/versionNumber"), "2");
    assert_eq!(second.one("launchTemplateData/imageId"), "ami-0123456789abcdef0", "from the source");
    assert_eq!(second.one("launchTemplateData/instanceType"), "t3.large");
    let third = version(&cloud, &id, &[]).await;
    assert!(third.all("launchTemplateData/imageId").is_empty());
    let numbers = async |parameters: &[(&str, &str)]| {
        let parameters = [&[("LaunchTemplateId", id.as_str())], parameters].concat();
        let shown = ec2(&cloud, "DescribeLaunchTemplateVersions", &parameters).await;
        shown.all("item/versionNumber").join(" ")
    };
    assert_eq!(numbers(&[]).await, "3 2 1");
    assert_eq!(numbers(&[("MinVersion", "2"), ("MaxVersion", "2")]).await, "2");
    assert_eq!(numbers(&[("LaunchTemplateVersion.1", "$Latest"), ("LaunchTemplateVersion.2", "$Default")]).await, "3 1");
    ec2(&cloud, "ModifyLaunchTemplate", &[("LaunchTemplateId", &id), ("SetDefaultVersion", "2")]).await;
    assert_eq!(numbers(&[("LaunchTemplateVersion.1", "$Default")]).await, "2");
    let gone = [
        ("LaunchTemplateId", id.as_str()),
        ("LaunchTemplateVersion.1", "1"),
        ("LaunchTemplateVersion.2", "2"),
        ("LaunchTemplateVersion.3", "9"),
    ];
    let gone = ec2(&cloud, "DeleteLaunchTemplateVersions", &gone).await;
    assert_eq!(gone.one("successfullyDeletedLaunchTemplateVersionSet/item/versionNumber"), "1");
    assert_eq!(gone.all("unsuccessfullyDeletedLaunchTemplateVersionSet/item/versionNumber"), ["2", "9"]);
    assert_eq!(numbers(&[]).await, "3 2");
}

#[tokio::test]
async fn a_version_that_is_asked_for_twice_is_made_once() {
    let cloud = cloud();
    let id = template(&cloud, "web").await;
    for _ in 0..2 {
        let made = version(&cloud, &id, &[("ClientToken", "once")]).await;
        assert_eq!(made.one("launchTemplateVersion/versionNumber"), "2");
    }
    let other = [("LaunchTemplateId", id.as_str()), ("LaunchTemplateData.InstanceType", "t3.nano"), ("ClientToken", "once")];
    assert_eq!(code(&cloud, "CreateLaunchTemplateVersion", &other).await, "IdempotentParameterMismatch");
}

#[tokio::test]
async fn what_is_not_there_or_there_already_is_refused() {
    let cloud = cloud();
    let id = template(&cloud, "web").await;
    let again = [("LaunchTemplateName", "web"), ("LaunchTemplateData.InstanceType", "t3.micro")];
    assert_eq!(code(&cloud, "CreateLaunchTemplate", &again).await, "InvalidLaunchTemplateName.AlreadyExistsException");
    for (operation, parameters, expected) in [
        ("DescribeLaunchTemplates", [("LaunchTemplateId.1", "lt-00000001")], "InvalidLaunchTemplateId.NotFound"),
        ("DescribeLaunchTemplates", [("LaunchTemplateId.1", "lt")], "InvalidLaunchTemplateId.Malformed"),
        ("DescribeLaunchTemplates", [("LaunchTemplateName.1", "none")], "InvalidLaunchTemplateName.NotFoundException"),
        ("DeleteLaunchTemplate", [("LaunchTemplateName", "none")], "InvalidLaunchTemplateName.NotFoundException"),
        ("DescribeLaunchTemplateVersions", [("MaxResults", "5")], "MissingParameter"),
    ] {
        assert_eq!(code(&cloud, operation, &parameters).await, expected, "{operation} {parameters:?}");
    }
    let unknown = [("LaunchTemplateId", id.as_str()), ("LaunchTemplateVersion.1", "7")];
    assert_eq!(code(&cloud, "DescribeLaunchTemplateVersions", &unknown).await, "InvalidLaunchTemplateId.VersionNotFound");
    ec2(&cloud, "DeleteLaunchTemplate", &[("LaunchTemplateId", &id)]).await;
    assert_eq!(code(&cloud, "DescribeLaunchTemplateVersions", &unknown).await, "InvalidLaunchTemplateId.NotFound");
}

#[tokio::test]
async fn a_version_shows_the_image_that_a_parameter_names() {
    let cloud = cloud();
    let region = model::Region::parse("us-east-1").unwrap();
    let at = model::Key::<model::ec2::Image>::quick_start(&region);
    let image = model::ec2::ImageSpec::new("q", "x86_64", model::ec2::MachineKind::QuickStart, "/dev/xvda", START);
    cloud.store.transact::<_, spine::StoreError>(|tx| tx.create(&at, &image)).await.unwrap();
    let name = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let parameters = [("LaunchTemplateName", "alias"), ("LaunchTemplateData.ImageId", name)];
    ec2(&cloud, "CreateLaunchTemplate", &parameters).await;
    let shown = |resolve: &'static str| {
        let cloud = cloud.clone();
        async move {
            let parameters = [("LaunchTemplateName", "alias"), ("ResolveAlias", resolve)];
            let shown = ec2(&cloud, "DescribeLaunchTemplateVersions", &parameters).await;
            shown.one("launchTemplateData/imageId").to_owned()
        }
    };
    assert_eq!(shown("false").await, name);
    assert_eq!(shown("true").await, at.id);
    let absent = [("LaunchTemplateName", "alias"), ("LaunchTemplateData.ImageId", "resolve:ssm:/none"), ("ResolveAlias", "true")];
    assert_eq!(code(&cloud, "CreateLaunchTemplateVersion", &absent).await, "SsmInvalidParameter");
}
