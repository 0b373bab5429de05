"""Buckets through Terraform, with everything that is said of them: made, found unchanged, changed in place, destroyed."""
from terraform import Terraform

BUCKETS = """
variable "stage" { default = "first" }

resource "aws_s3_bucket" "photos" {
  bucket        = "tf-photos"
  force_destroy = true
  tags          = { stage = var.stage }
}
resource "aws_s3_bucket_versioning" "photos" {
  bucket = aws_s3_bucket.photos.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_public_access_block" "photos" {
  bucket                  = aws_s3_bucket.photos.id
  block_public_acls       = true
  block_public_policy     = false
  ignore_public_acls      = true
  restrict_public_buckets = false
}
resource "aws_s3_bucket_policy" "photos" {
  bucket     = aws_s3_bucket.photos.id
  depends_on = [aws_s3_bucket_public_access_block.photos]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Sid = var.stage, Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "${aws_s3_bucket.photos.arn}/*" }]
  })
}
resource "aws_s3_bucket_ownership_controls" "photos" {
  bucket = aws_s3_bucket.photos.id
  rule { object_ownership = "BucketOwnerPreferred" }
}
resource "aws_s3_bucket_acl" "photos" {
  bucket     = aws_s3_bucket.photos.id
  acl        = "private"
  depends_on = [aws_s3_bucket_ownership_controls.photos]
}
resource "aws_s3_bucket_cors_configuration" "photos" {
  bucket = aws_s3_bucket.photos.id
  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = ["GET", "PUT"]
    allowed_origins = ["https://example.com"]
    max_age_seconds = 3000
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "photos" {
  bucket = aws_s3_bucket.photos.id
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "log/" }
    expiration { days = 30 }
    noncurrent_version_expiration { noncurrent_days = 7 }
    abort_incomplete_multipart_upload { days_after_initiation = 3 }
  }
  rule {
    id     = "cold"
    status = "Enabled"
    filter {
      and {
        prefix                   = "film/"
        object_size_greater_than = 1000
        tags                     = { keep = "cold" }
      }
    }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    transition {
      days          = 90
      storage_class = "GLACIER"
    }
    noncurrent_version_transition {
      noncurrent_days           = 30
      newer_noncurrent_versions = 2
      storage_class             = "GLACIER_IR"
    }
  }
}
resource "aws_s3_bucket_request_payment_configuration" "photos" {
  bucket = aws_s3_bucket.photos.id
  payer  = "BucketOwner"
}
resource "aws_s3_bucket_server_side_encryption_configuration" "photos" {
  bucket = aws_s3_bucket.photos.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.photos.arn
    }
    bucket_key_enabled = var.stage == "first"
  }
}
resource "aws_kms_key" "photos" { deletion_window_in_days = 7 }
resource "aws_s3_bucket_notification" "photos" {
  bucket      = aws_s3_bucket.photos.id
  eventbridge = true
}
resource "aws_s3_object" "hello" {
  # Else it is put, or found, before the bucket says how it is encrypted.
  bucket       = aws_s3_bucket_server_side_encryption_configuration.photos.bucket
  key          = "in/hello.txt"
  content      = "hello ${var.stage}"
  content_type = "text/plain"
  tags         = { stage = var.stage }
}
resource "aws_s3_object_copy" "hello" {
  bucket = aws_s3_bucket.photos.id
  key    = "copy.txt"
  source = "${aws_s3_bucket.photos.id}/${aws_s3_object.hello.key}"
  # Otherwise the copy has its source's tags, and the next plan takes them away.
  tagging_directive = "REPLACE"
}
resource "aws_s3_bucket" "vault" {
  bucket              = "tf-vault"
  object_lock_enabled = true
}
resource "aws_s3_bucket_object_lock_configuration" "vault" {
  bucket = aws_s3_bucket.vault.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 1
    }
  }
}
data "aws_s3_bucket" "photos" { bucket = aws_s3_bucket.photos.id }
data "aws_s3_object" "hello" {
  bucket = aws_s3_bucket.photos.id
  key    = aws_s3_object.hello.key
}
output "region" { value = data.aws_s3_bucket.photos.region }
output "body" { value = data.aws_s3_object.hello.body }
"""


def test_buckets_are_made_changed_and_destroyed(cloud, tmp_path):
    lab = Terraform(cloud, tmp_path, BUCKETS)
    lab.apply()
    assert lab.changes() == {}
    assert lab.outputs() == {"region": "us-east-1", "body": "hello first"}
    lab.apply(stage="second")
    assert lab.changes(stage="second") == {}
    assert lab.outputs()["body"] == "hello second"
    lab.destroy()
    assert not [bucket for bucket in cloud.aws("s3api", "list-buckets")["Buckets"] if bucket["Name"].startswith("tf-")]
