"""Functions through Terraform with all that belongs to them: made, found unchanged, changed in place, destroyed."""
import zipfile

from inputs import REGION
from terraform import Terraform

FUNCTIONS = """
variable "timeout" { default = 3 }

resource "aws_iam_role" "lab" {
  name = "lab-function"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}
resource "aws_iam_role_policy" "lab" {
  name = "lab"
  role = aws_iam_role.lab.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:*", "logs:*"], Resource = "*" }]
  })
}
resource "aws_sqs_queue" "lab" {
  name = "lab-function"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sqs:SendMessage", Principal = { Service = "s3.amazonaws.com" }
      Resource  = "arn:aws:sqs:%(region)s:000000000000:lab-function"
      Condition = { ArnEquals = { "aws:SourceArn" = aws_s3_bucket.lab.arn } }
    }]
  })
}
resource "aws_s3_bucket" "lab" { bucket = "tf-lab-function" }
resource "aws_lambda_permission" "bucket" {
  statement_id  = "bucket"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.lab.function_name
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.lab.arn
}
resource "aws_s3_bucket_notification" "lab" {
  depends_on = [aws_lambda_permission.bucket]
  bucket     = aws_s3_bucket.lab.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.lab.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "in/"
    filter_suffix       = ".jpg"
  }
  queue {
    queue_arn = aws_sqs_queue.lab.arn
    events    = ["s3:ObjectRemoved:*"]
  }
}
resource "aws_lambda_layer_version" "lab" {
  layer_name          = "lab"
  filename            = "layer.zip"
  source_code_hash    = filebase64sha256("layer.zip")
  compatible_runtimes = ["python3.11"]
}
resource "aws_lambda_layer_version_permission" "lab" {
  layer_name     = aws_lambda_layer_version.lab.layer_name
  version_number = aws_lambda_layer_version.lab.version
  statement_id   = "friends"
  action         = "lambda:GetLayerVersion"
  principal      = "444455556666"
}
resource "aws_lambda_function" "lab" {
  function_name    = "lab"
  role             = aws_iam_role.lab.arn
  filename         = "app.zip"
  source_code_hash = filebase64sha256("app.zip")
  runtime          = "python3.11"
  handler          = "app.handler"
  timeout          = var.timeout
  memory_size      = 256
  publish          = true
  layers           = [aws_lambda_layer_version.lab.arn]
  reserved_concurrent_executions = 20
  environment { variables = { STAGE = "lab" } }
  ephemeral_storage { size = 1024 }
  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
  tags = { team = "lab" }
}
resource "aws_lambda_alias" "lab" {
  name             = "live"
  function_name    = aws_lambda_function.lab.function_name
  function_version = aws_lambda_function.lab.version
}
resource "aws_lambda_alias" "canary" {
  depends_on       = [aws_lambda_function.lab]
  name             = "canary"
  function_name    = aws_lambda_function.lab.function_name
  function_version = "1"
  dynamic "routing_config" {
    for_each = var.timeout == 3 ? [] : ["the second version"]
    content { additional_version_weights = { "2" = 0.25 } }
  }
}
resource "aws_lambda_function_recursion_config" "lab" {
  function_name  = aws_lambda_function.lab.function_name
  recursive_loop = "Allow"
}
resource "aws_lambda_permission" "lab" {
  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.lab.function_name
  qualifier     = aws_lambda_alias.lab.name
  principal     = "events.amazonaws.com"
  source_arn    = "arn:aws:events:%(region)s:000000000000:rule/lab"
}
resource "aws_lambda_function_url" "lab" {
  function_name      = aws_lambda_function.lab.function_name
  authorization_type = "NONE"
  cors { allow_origins = ["*"] }
}
resource "aws_lambda_function_event_invoke_config" "lab" {
  depends_on             = [aws_iam_role_policy.lab]
  function_name          = aws_lambda_function.lab.function_name
  maximum_retry_attempts = 1
  destination_config {
    on_failure { destination = aws_sqs_queue.lab.arn }
  }
}
resource "aws_lambda_event_source_mapping" "lab" {
  depends_on       = [aws_iam_role_policy.lab]
  event_source_arn = aws_sqs_queue.lab.arn
  function_name    = aws_lambda_function.lab.arn
  batch_size       = 5
}
resource "aws_lambda_provisioned_concurrency_config" "lab" {
  function_name                     = aws_lambda_function.lab.function_name
  qualifier                         = aws_lambda_alias.lab.name
  provisioned_concurrent_executions = 1
}
output "url" { value = aws_lambda_function_url.lab.function_url }
""" % {"region": REGION}


def test_functions_are_made_changed_and_destroyed(cloud, tmp_path):
    for name, inside in [("app", "app.py"), ("layer", "python/lib.py")]:
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            entry = zipfile.ZipInfo(inside)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, "def handler(event, context):\n    return event\n")
    lab = Terraform(cloud, tmp_path, FUNCTIONS)
    lab.apply()
    assert lab.changes() == {}
    assert ".lambda-url." in lab.outputs()["url"]
    lab.apply(timeout=9)
    assert lab.changes(timeout=9) == {}
    shown = cloud.aws("lambda", "get-function-configuration", "--function-name", "lab")
    assert (shown["Timeout"], shown["Environment"]) == (9, {"Variables": {"STAGE": "lab"}})
    alias = cloud.aws("lambda", "get-alias", "--function-name", "lab", "--name", "live")
    assert alias["FunctionVersion"] == "2"
    canary = cloud.aws("lambda", "get-alias", "--function-name", "lab", "--name", "canary")
    assert canary["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}
    lab.destroy()
    assert cloud.aws("lambda", "list-functions")["Functions"] == []
