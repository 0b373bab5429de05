"""EC2's data source for a machine that is a system container.

cloud-init knows EC2 by the firmware's tables, and looks at none in a container. Without that knowledge it asks without tokens, which a machine may
refuse, and not for the identity document, which names the region.
"""
from cloudinit import sources
from cloudinit.sources.DataSourceEc2 import CloudNames, DataSourceEc2 as Ec2


class DataSourceEc2(Ec2):
    def _get_cloud_name(self):
        return CloudNames.AWS


def get_datasource_list(depends):
    return sources.list_from_depends(depends, [(DataSourceEc2, (sources.DEP_FILESYSTEM, sources.DEP_NETWORK))])
