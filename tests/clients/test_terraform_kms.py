"""Keys through Terraform, and a disk that is encrypted with one: made, found unchanged, changed in place, destroyed."""
from inputs import REGION
from terraform import Terraform

KEYS = """
variable "stage" { default = "first" }

resource "aws_iam_user" "reader" { name = "kms-reader" }
resource "aws_kms_key" "lab" {
  description             = var.stage
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = 180
  tags                    = { stage = var.stage }
}
resource "aws_kms_key" "signing" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
}
resource "aws_kms_alias" "lab" {
  name          = "alias/lab"
  target_key_id = aws_kms_key.lab.key_id
}
resource "aws_kms_grant" "lab" {
  name              = "reader"
  key_id            = aws_kms_key.lab.key_id
  grantee_principal = aws_iam_user.reader.arn
  operations        = ["Encrypt", "Decrypt"]
  constraints { encryption_context_equals = { Dept = "IT" } }
}
resource "aws_ebs_volume" "lab" {
  availability_zone = "%sa"
  size              = 1
  encrypted         = true
  kms_key_id        = aws_kms_key.lab.arn
}
data "aws_kms_alias" "lab" {
  name       = "alias/lab"
  depends_on = [aws_kms_alias.lab]
}
output "arn" { value = aws_kms_key.lab.arn }
output "found" { value = data.aws_kms_alias.lab.target_key_arn }
""" % REGION


def test_keys_are_made_changed_and_destroyed(cloud, tmp_path):
    lab = Terraform(cloud, tmp_path, KEYS)
    lab.apply()
    assert lab.changes() == {}
    told = lab.outputs()
    assert told["arn"] == told["found"]
    lab.apply(stage="second")
    assert lab.changes(stage="second") == {}
    assert cloud.aws("kms", "describe-key", "--key-id", "alias/lab")["KeyMetadata"]["Description"] == "second"
    lab.destroy()
    assert cloud.aws("kms", "describe-key", "--key-id", told["arn"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
