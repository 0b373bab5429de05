//! EC2's instance types and their offerings, through the front.

mod common;

use common::{Answer, call, cloud, ec2};
use front::testing::Bench;

/// The names of the types that match a filter.
async fn matching(cloud: &Bench, filter: &str, value: &str) -> Vec<String> {
    let parameters = [("Filter.1.Name", filter), ("Filter.1.Value.1", value)];
    names(&ec2(cloud, "DescribeInstanceTypes", &parameters).await)
}

fn names(answer: &Answer) -> Vec<String> {
    answer.all("instanceTypeSet/item/instanceType").iter().map(ToString::to_string).collect()
}

/// Calls again with each page's token; gives the texts of all pages.
async fn paged(cloud: &Bench, operation: &str, parameters: &[(&str, &str)], suffix: &str) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let parameters = [parameters, &[("NextToken", token.as_str())]].concat();
        let answer = ec2(cloud, operation, &parameters).await;
        found.extend(answer.all(suffix).iter().map(ToString::to_string));
        match answer.all("nextToken").first() {
            Some(next) => token = (*next).to_owned(),
            None => return found,
        }
    }
}

#[tokio::test]
async fn a_type_is_told_whole() {
    let answer = ec2(&cloud(), "DescribeInstanceTypes", &[("InstanceType.1", "t3.micro")]).await;
    assert_eq!(names(&answer), ["t3.micro"]);
    for (path, value) in [
        ("vCpuInfo/defaultVCpus", "2"),
        ("vCpuInfo/defaultCores", "1"),
        ("memoryInfo/sizeInMiB", "1024"),
        ("processorInfo/manufacturer", "Intel"),
        ("processorInfo/supportedArchitectures/item", "x86_64"),
        ("hypervisor", "nitro"),
        ("burstablePerformanceSupported", "true"),
        ("bareMetal", "false"),
        ("freeTierEligible", "true"),
        ("instanceStorageSupported", "false"),
        ("networkInfo/networkPerformance", "Up to 5 Gigabit"),
        ("networkInfo/maximumNetworkInterfaces", "2"),
        ("networkInfo/ipv4AddressesPerInterface", "2"),
        ("networkCards/item/peakBandwidthInGbps", "5"),
        ("ebsInfo/ebsOptimizedSupport", "default"),
        ("ebsOptimizedInfo/baselineThroughputInMBps", "10.875"),
        ("ebsOptimizedInfo/maximumIops", "11800"),
    ] {
        let shown = answer.one(path);
        assert_eq!(shown.strip_suffix(".0").unwrap_or(shown), value, "{path}");
    }
    assert_eq!(answer.all("supportedUsageClasses/item"), ["on-demand", "spot"]);
    assert_eq!(answer.all("supportedBootModes/item"), ["legacy-bios", "uefi"]);
}

#[tokio::test]
async fn accelerators_and_disks_are_told() {
    let cloud = cloud();
    let answer = ec2(&cloud, "DescribeInstanceTypes", &[("InstanceType.1", "g4dn.xlarge")]).await;
    assert_eq!((answer.one("gpus/item/name"), answer.one("totalGpuMemoryInMiB")), ("T4", "16384"));
    assert_eq!((answer.one("disks/item/sizeInGB"), answer.one("totalSizeInGB")), ("125", "125"));
    let answer = ec2(&cloud, "DescribeInstanceTypes", &[("InstanceType.1", "inf2.xlarge")]).await;
    assert_eq!(answer.one("neuronDevices/item/name"), "Inferentia2");
    assert_eq!(answer.one("inferenceAcceleratorInfo/totalInferenceMemoryInMiB"), "32768");
}

#[tokio::test]
async fn filters_have_wildcards_and_all_have_to_match() {
    let cloud = cloud();
    let t3 = ["2xlarge", "large", "medium", "micro", "nano", "small", "xlarge"].map(|size| format!("t3.{size}"));
    assert_eq!(matching(&cloud, "instance-type", "t3.*").await, t3);
    assert_eq!(matching(&cloud, "instance-type", "t?.nano").await, ["t2.nano", "t3.nano"]);
    let parameters = [
        ("Filter.1.Name", "processor-info.supported-architecture"),
        ("Filter.1.Value.1", "arm64"),
        ("Filter.2.Name", "memory-info.size-in-mib"),
        ("Filter.2.Value.1", "512"),
        ("Filter.2.Value.2", "1024"),
    ];
    assert_eq!(names(&ec2(&cloud, "DescribeInstanceTypes", &parameters).await), ["t4g.micro", "t4g.nano"]);
    let parameters = [
        ("Filter.1.Name", "bare-metal"),
        ("Filter.1.Value.1", "true"),
        ("InstanceType.1", "m5.metal"),
        ("InstanceType.2", "m5.large"),
    ];
    assert_eq!(names(&ec2(&cloud, "DescribeInstanceTypes", &parameters).await), ["m5.metal"]);
}

#[tokio::test]
async fn every_documented_filter_finds_something() {
    let cloud = cloud();
    for (filter, value) in [
        ("auto-recovery-supported", "true"),
        ("burstable-performance-supported", "true"),
        ("current-generation", "false"),
        ("dedicated-hosts-supported", "true"),
        ("ebs-info.attachment-limit-type", "dedicated"),
        ("ebs-info.maximum-ebs-attachments", "40"),
        ("ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps", "87"),
        ("ebs-info.ebs-optimized-info.baseline-iops", "500"),
        ("ebs-info.ebs-optimized-info.baseline-throughput-in-mbps", "10.875"),
        ("ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps", "2085"),
        ("ebs-info.ebs-optimized-info.maximum-iops", "11800"),
        ("ebs-info.ebs-optimized-info.maximum-throughput-in-mbps", "125"),
        ("ebs-info.ebs-optimized-support", "unsupported"),
        ("ebs-info.encryption-support", "supported"),
        ("ebs-info.nvme-support", "required"),
        ("free-tier-eligible", "true"),
        ("hibernation-supported", "true"),
        ("hypervisor", "xen"),
        ("instance-storage-info.disk.count", "2"),
        ("instance-storage-info.disk.size-in-gb", "125"),
        ("instance-storage-info.disk.type", "hdd"),
        ("instance-storage-info.encryption-support", "required"),
        ("instance-storage-info.nvme-support", "unsupported"),
        ("instance-storage-info.total-size-in-gb", "125"),
        ("instance-storage-supported", "true"),
        ("network-info.bandwidth-weightings", "vpc-1"),
        ("network-info.efa-info.maximum-efa-interfaces", "4"),
        ("network-info.efa-supported", "true"),
        ("network-info.ena-support", "unsupported"),
        ("network-info.flexible-ena-queues-support", "supported"),
        ("network-info.encryption-in-transit-supported", "true"),
        ("network-info.ipv4-addresses-per-interface", "2"),
        ("network-info.ipv6-addresses-per-interface", "2"),
        ("network-info.ipv6-supported", "true"),
        ("network-info.maximum-network-cards", "4"),
        ("network-info.maximum-network-interfaces", "2"),
        ("network-info.network-performance", "25 Gigabit"),
        ("nitro-enclaves-support", "supported"),
        ("nitro-tpm-support", "supported"),
        ("nitro-tpm-info.supported-versions", "2.0"),
        ("processor-info.sustained-clock-speed-in-ghz", "2.5"),
        ("processor-info.supported-features", "amd-sev-snp"),
        ("reboot-migration-support", "supported"),
        ("supported-boot-mode", "uefi"),
        ("supported-root-device-type", "instance-store"),
        ("supported-usage-class", "capacity-block"),
        ("supported-virtualization-type", "paravirtual"),
        ("vcpu-info.default-cores", "1"),
        ("vcpu-info.default-threads-per-core", "1"),
        ("vcpu-info.default-vcpus", "96"),
        ("vcpu-info.valid-cores", "4"),
        ("vcpu-info.valid-threads-per-core", "1,2"),
    ] {
        assert!(!matching(&cloud, filter, value).await.is_empty(), "{filter}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_in_ec2s_words() {
    let cloud = cloud();
    for (operation, parameters, code, message) in [
        (
            "DescribeInstanceTypes",
            &[("InstanceType.1", "t3.micro"), ("InstanceType.2", "x9.huge"), ("InstanceType.3", "t3")][..],
            "InvalidInstanceType",
            "The following supplied instance types do not exist: [x9.huge, t3]",
        ),
        (
            "DescribeInstanceTypes",
            &[("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")],
            "InvalidParameterValue",
            "The filter 'colour' is invalid",
        ),
        (
            "DescribeInstanceTypeOfferings",
            &[("Filter.1.Name", "vcpu"), ("Filter.1.Value.1", "2")],
            "InvalidParameterValue",
            "The filter 'vcpu' is invalid",
        ),
        (
            "DescribeInstanceTypes",
            &[("InstanceType.1", "t3.micro"), ("MaxResults", "5")],
            "InvalidParameterCombination",
            "The parameter InstanceTypes cannot be used with the parameter MaxResults",
        ),
        ("DescribeInstanceTypes", &[("NextToken", "xyz")], "InvalidNextToken", "The specified token is not valid"),
        ("DescribeInstanceTypeOfferings", &[("NextToken", "xyz")], "InvalidNextToken", "The specified token is not valid"),
    ] {
        let answer = call(&cloud, "ec2", operation, parameters).await;
        assert_eq!((answer.status, answer.code(), answer.message()), (400, code, message));
    }
    for (operation, most) in [("DescribeInstanceTypes", "101"), ("DescribeInstanceTypeOfferings", "1001")] {
        for outside in ["4", most] {
            assert_eq!(call(&cloud, "ec2", operation, &[("MaxResults", outside)]).await.code(), "InvalidParameterValue");
        }
        assert_eq!(call(&cloud, "ec2", operation, &[("DryRun", "true")]).await.code(), "DryRunOperation");
    }
}

#[tokio::test]
async fn pages_together_are_all_types_once() {
    let cloud = cloud();
    let first = names(&ec2(&cloud, "DescribeInstanceTypes", &[("MaxResults", "7")]).await);
    assert_eq!(first.len(), 7);
    let suffix = "instanceTypeSet/item/instanceType";
    let all = paged(&cloud, "DescribeInstanceTypes", &[], suffix).await;
    let catalogue: Vec<_> = logic::instance_type::all().map(|it| it.name.clone()).collect();
    assert_eq!(all, catalogue);
    assert_eq!(paged(&cloud, "DescribeInstanceTypes", &[("MaxResults", "99")], suffix).await, catalogue);
}

#[tokio::test]
async fn every_place_offers_every_type() {
    let cloud = cloud();
    let catalogue = logic::instance_type::all().len();
    let micro = |kind| [("LocationType", kind), ("Filter.1.Name", "instance-type"), ("Filter.1.Value.1", "t3.mi*")];
    for (kind, expected) in [
        ("region", &["us-east-1"][..]),
        ("availability-zone", &["us-east-1a", "us-east-1b", "us-east-1c"]),
        ("availability-zone-id", &["use1-az1", "use1-az2", "use1-az3"]),
        ("outpost", &[]),
    ] {
        let answer = ec2(&cloud, "DescribeInstanceTypeOfferings", &micro(kind)).await;
        assert_eq!(answer.all("instanceTypeOfferingSet/item/location"), expected, "{kind}");
        assert!(answer.all("item/locationType").iter().all(|it| *it == kind));
        let all = paged(&cloud, "DescribeInstanceTypeOfferings", &[("LocationType", kind)], "item/location").await;
        assert_eq!(all.len(), expected.len() * catalogue, "{kind}");
    }
    let elsewhere = ec2(&cloud.region("eu-west-1"), "DescribeInstanceTypeOfferings", &[]).await;
    assert_eq!(elsewhere.one("item/location"), "eu-west-1");
    let one = [("LocationType", "availability-zone"), ("Filter.1.Name", "location"), ("Filter.1.Value.1", "*b")];
    let found = ec2(&cloud, "DescribeInstanceTypeOfferings", &one).await;
    assert_eq!(found.all("item/location").len(), catalogue);
}
