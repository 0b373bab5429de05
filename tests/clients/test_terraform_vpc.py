"""VPCs through Terraform: made, found unchanged, changed in place, and destroyed without a trace."""
import pytest

from terraform import Terraform

CONFIGURATION = """
variable "stage" { default = "first" }
variable "public" { default = true }
variable "port" { default = 80 }

data "aws_availability_zones" "all" {}

resource "aws_vpc" "lab" {
  cidr_block                       = "10.20.0.0/16"
  enable_dns_hostnames             = true
  assign_generated_ipv6_cidr_block = true
  tags                             = { Name = "lab", stage = var.stage }
}
resource "aws_vpc_ipv4_cidr_block_association" "more" {
  vpc_id     = aws_vpc.lab.id
  cidr_block = "10.21.0.0/16"
}
resource "aws_vpc_dhcp_options" "lab" {
  domain_name         = "lab.example"
  domain_name_servers = ["AmazonProvidedDNS"]
  tags                = { stage = var.stage }
}
resource "aws_vpc_dhcp_options_association" "lab" {
  vpc_id          = aws_vpc.lab.id
  dhcp_options_id = aws_vpc_dhcp_options.lab.id
}
resource "aws_subnet" "public" {
  count                   = 2
  vpc_id                  = aws_vpc.lab.id
  cidr_block              = cidrsubnet(aws_vpc.lab.cidr_block, 8, count.index)
  ipv6_cidr_block         = cidrsubnet(aws_vpc.lab.ipv6_cidr_block, 8, count.index)
  assign_ipv6_address_on_creation = var.public
  availability_zone       = data.aws_availability_zones.all.names[count.index]
  map_public_ip_on_launch = var.public
  tags                    = { Name = "public-${count.index}", stage = var.stage }
}
resource "aws_subnet" "more" {
  vpc_id     = aws_vpc_ipv4_cidr_block_association.more.vpc_id
  cidr_block = "10.21.3.0/24"
}
resource "aws_ec2_subnet_cidr_reservation" "kept" {
  subnet_id        = aws_subnet.public[0].id
  cidr_block       = "10.20.0.64/28"
  reservation_type = "explicit"
  description      = "for people"
}
resource "aws_internet_gateway" "lab" {
  vpc_id = aws_vpc.lab.id
  tags   = { stage = var.stage }
}
resource "aws_route_table" "public" {
  vpc_id = aws_vpc.lab.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.lab.id
  }
  route {
    ipv6_cidr_block = "::/0"
    gateway_id      = aws_internet_gateway.lab.id
  }
  tags = { stage = var.stage }
}
resource "aws_route_table" "private" { vpc_id = aws_vpc.lab.id }
resource "aws_egress_only_internet_gateway" "lab" {
  vpc_id = aws_vpc.lab.id
  tags   = { stage = var.stage }
}
resource "aws_route" "out" {
  route_table_id              = aws_route_table.private.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.lab.id
}
resource "aws_vpc_endpoint" "sts" {
  vpc_id              = aws_vpc.lab.id
  service_name        = "com.amazonaws.us-east-1.sts"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.public[*].id
  security_group_ids  = [aws_security_group.web.id]
  private_dns_enabled = var.public
  tags                = { stage = var.stage }
}
resource "aws_route" "through" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "192.0.2.0/24"
  network_interface_id   = aws_network_interface.router.id
}
resource "aws_route_table_association" "public" {
  count          = 2
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}
resource "aws_main_route_table_association" "lab" {
  vpc_id         = aws_vpc.lab.id
  route_table_id = aws_route_table.private.id
}
resource "aws_security_group" "web" {
  name        = "web"
  description = "web"
  vpc_id      = aws_vpc.lab.id
  ingress {
    from_port   = var.port
    to_port     = var.port
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
}
resource "aws_default_security_group" "lab" { vpc_id = aws_vpc.lab.id }
resource "aws_default_network_acl" "lab" {
  default_network_acl_id = aws_vpc.lab.default_network_acl_id
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  lifecycle { ignore_changes = [subnet_ids] }
}
resource "aws_network_acl" "strict" {
  vpc_id     = aws_vpc.lab.id
  subnet_ids = [aws_subnet.more.id]
  ingress {
    rule_no    = 10
    action     = "allow"
    protocol   = "tcp"
    cidr_block = "10.0.0.0/8"
    from_port  = var.port
    to_port    = var.port
  }
  tags = { stage = var.stage }
}
resource "aws_network_acl_rule" "out" {
  network_acl_id = aws_network_acl.strict.id
  rule_number    = 20
  egress         = true
  protocol       = "icmp"
  rule_action    = "deny"
  cidr_block     = "0.0.0.0/0"
  icmp_type      = -1
  icmp_code      = -1
}
resource "aws_network_interface" "router" {
  subnet_id         = aws_subnet.public[0].id
  description       = "of the ${var.stage} stage"
  private_ips       = ["10.20.0.10", "10.20.0.11"]
  ipv6_addresses    = [cidrhost(aws_subnet.public[0].ipv6_cidr_block, 16)]
  security_groups   = [aws_security_group.web.id]
  source_dest_check = !var.public
  tags              = { stage = var.stage }
}
resource "aws_eip" "router" {
  domain     = "vpc"
  tags       = { stage = var.stage }
  depends_on = [aws_internet_gateway.lab]
}
resource "aws_eip_association" "router" {
  allocation_id        = aws_eip.router.id
  network_interface_id = aws_network_interface.router.id
  private_ip_address   = "10.20.0.11"
}

data "aws_vpc" "lab" { id = aws_vpc.lab.id }
data "aws_subnets" "public" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.lab.id]
  }
  tags       = { stage = var.stage }
  depends_on = [aws_subnet.public]
}
data "aws_route_table" "public" {
  subnet_id  = aws_subnet.public[0].id
  depends_on = [aws_route_table_association.public]
}

output "vpc" { value = data.aws_vpc.lab }
output "subnets" { value = data.aws_subnets.public.ids }
output "table" { value = data.aws_route_table.public.route_table_id == aws_route_table.public.id }
output "endpoint" { value = aws_vpc_endpoint.sts.dns_entry[*].dns_name }
output "address" { value = aws_eip.router.public_ip }
output "interface" { value = aws_network_interface.router.id }
"""

WAYS = """
variable "stage" { default = "first" }
variable "office" { default = "198.51.100.0/24" }

resource "aws_vpc" "one" { cidr_block = "10.30.0.0/16" }
resource "aws_vpc" "two" { cidr_block = "10.31.0.0/16" }
resource "aws_subnet" "one" {
  vpc_id     = aws_vpc.one.id
  cidr_block = "10.30.0.0/24"
}
resource "aws_internet_gateway" "one" { vpc_id = aws_vpc.one.id }
resource "aws_eip" "nat" { domain = "vpc" }
resource "aws_nat_gateway" "public" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.one.id
  tags          = { stage = var.stage }
  depends_on    = [aws_internet_gateway.one]
}
resource "aws_nat_gateway" "private" {
  connectivity_type = "private"
  subnet_id         = aws_subnet.one.id
  private_ip        = "10.30.0.9"
}
resource "aws_vpc_peering_connection" "both" {
  vpc_id      = aws_vpc.one.id
  peer_vpc_id = aws_vpc.two.id
  auto_accept = true
  tags        = { stage = var.stage }
}
resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices-${var.stage}"
  address_family = "IPv4"
  max_entries    = 5
  entry {
    cidr        = "192.0.2.0/24"
    description = "north"
  }
  entry { cidr = var.office }
  tags = { stage = var.stage }
}
resource "aws_route_table" "one" {
  vpc_id = aws_vpc.one.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.public.id
  }
  route {
    cidr_block                = aws_vpc.two.cidr_block
    vpc_peering_connection_id = aws_vpc_peering_connection.both.id
  }
  route {
    destination_prefix_list_id = aws_ec2_managed_prefix_list.offices.id
    nat_gateway_id             = aws_nat_gateway.private.id
  }
}
resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.one.id
  service_name    = "com.amazonaws.us-east-1.s3"
  route_table_ids = [aws_route_table.one.id]
  tags            = { stage = var.stage }
}
resource "aws_security_group" "office" {
  name   = "office"
  vpc_id = aws_vpc.one.id
}
resource "aws_vpc_security_group_ingress_rule" "office" {
  security_group_id = aws_security_group.office.id
  prefix_list_id    = aws_ec2_managed_prefix_list.offices.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

data "aws_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }

output "table" { value = aws_route_table.one.id }
output "list" { value = data.aws_prefix_list.s3.id == aws_vpc_endpoint.s3.prefix_list_id }
"""


@pytest.fixture
def ec2(own_cloud):
    return own_cloud.client("ec2")


def test_a_vpc_is_made_changed_and_destroyed(own_cloud, ec2, tmp_path):
    before = left(ec2)
    terraform = Terraform(own_cloud, tmp_path, CONFIGURATION)
    terraform.apply()
    assert terraform.changes() == {}
    made = terraform.outputs()
    assert made["vpc"]["cidr_block"] == "10.20.0.0/16" and made["vpc"]["enable_dns_hostnames"]
    assert len(made["subnets"]) == 2 and made["table"]
    shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[made["interface"]])["NetworkInterfaces"][0]
    public = {it["PrivateIpAddress"]: it.get("Association", {}).get("PublicIp") for it in shown["PrivateIpAddresses"]}
    assert public == {"10.20.0.10": None, "10.20.0.11": made["address"]}
    assert [it["Ipv6Address"] for it in shown["Ipv6Addresses"]] == [made["vpc"]["ipv6_cidr_block"].replace("/56", "10")]
    assert "sts.us-east-1.amazonaws.com" in made["endpoint"]

    second = {"stage": "second", "public": "false", "port": 8080}
    changes = terraform.changes(**second)
    assert changes and all(actions == ["update"] for actions in changes.values()), changes
    terraform.apply(**second)
    assert terraform.changes(**second) == {}
    shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[made["interface"]])["NetworkInterfaces"][0]
    assert (shown["Description"], shown["SourceDestCheck"]) == ("of the second stage", True)

    terraform.destroy(**second)
    assert left(ec2) == before


def test_ways_between_networks_are_made_changed_and_destroyed(own_cloud, ec2, tmp_path):
    before = left(ec2)
    terraform = Terraform(own_cloud, tmp_path, WAYS)
    terraform.apply()
    assert terraform.changes() == {}
    made = terraform.outputs()
    assert made["list"]
    table = ec2.describe_route_tables(RouteTableIds=[made["table"]])["RouteTables"][0]
    assert [route["State"] for route in table["Routes"]] == ["active"] * 5

    second = {"stage": "second", "office": "203.0.113.0/24"}
    changes = terraform.changes(**second)
    assert changes and all(actions == ["update"] for actions in changes.values()), changes
    terraform.apply(**second)
    assert terraform.changes(**second) == {}

    terraform.destroy(**second)
    assert left(ec2) == before


def left(ec2):
    """The ids of what there is, by kind."""
    kinds = {
        "vpcs": (ec2.describe_vpcs, "Vpcs", "VpcId"),
        "subnets": (ec2.describe_subnets, "Subnets", "SubnetId"),
        "gateways": (ec2.describe_internet_gateways, "InternetGateways", "InternetGatewayId"),
        "tables": (ec2.describe_route_tables, "RouteTables", "RouteTableId"),
        "groups": (ec2.describe_security_groups, "SecurityGroups", "GroupId"),
        "acls": (ec2.describe_network_acls, "NetworkAcls", "NetworkAclId"),
        "interfaces": (ec2.describe_network_interfaces, "NetworkInterfaces", "NetworkInterfaceId"),
        "addresses": (ec2.describe_addresses, "Addresses", "AllocationId"),
        "options": (ec2.describe_dhcp_options, "DhcpOptions", "DhcpOptionsId"),
        "lists": (ec2.describe_managed_prefix_lists, "PrefixLists", "PrefixListId"),
        "egress": (ec2.describe_egress_only_internet_gateways, "EgressOnlyInternetGateways", "EgressOnlyInternetGatewayId"),
        "endpoints": (ec2.describe_vpc_endpoints, "VpcEndpoints", "VpcEndpointId"),
    }
    return {kind: sorted(it[name] for it in describe()[member]) for kind, (describe, member, name) in kinds.items()}
