"""EC2's instance types through boto3: its paginators, and what its shapes make of the answers."""


def test_the_paginator_finds_every_type_once(cloud):
    ec2 = cloud.client("ec2")
    pages = list(ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 50}))
    names = [it["InstanceType"] for page in pages for it in page["InstanceTypes"]]
    assert len(pages) > 1 and len(set(names)) == len(names)
    assert {"t3.micro", "t4g.nano", "m5.large", "g4dn.xlarge"} <= set(names)
    offered = ec2.get_paginator("describe_instance_type_offerings").paginate(LocationType="availability-zone")
    zones = [it["Location"] for page in offered for it in page["InstanceTypeOfferings"] if it["InstanceType"] == "t3.micro"]
    assert zones == ["us-east-1a", "us-east-1b", "us-east-1c"]


def test_figures_are_numbers(cloud):
    (micro,) = cloud.client("ec2").describe_instance_types(InstanceTypes=["t3.micro"])["InstanceTypes"]
    assert (micro["VCpuInfo"]["DefaultVCpus"], micro["MemoryInfo"]["SizeInMiB"]) == (2, 1024)
    assert micro["NetworkInfo"]["NetworkCards"][0]["PeakBandwidthInGbps"] == 5.0
    assert micro["EbsInfo"]["EbsOptimizedInfo"]["BaselineThroughputInMBps"] == 10.875
