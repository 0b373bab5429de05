"""Buses, rules and schedules through Terraform: made, found unchanged, changed in place, destroyed."""
from inputs import ACCOUNT, REGION
from terraform import Terraform

EVENTS = """
variable "stage" { default = "first" }

resource "aws_cloudwatch_event_bus" "orders" {
  name        = "orders"
  description = "all orders"
  tags        = { stage = var.stage }
}
resource "aws_cloudwatch_event_bus_policy" "orders" {
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Sid = "friend", Effect = "Allow", Principal = { AWS = "arn:aws:iam::444455556666:root" }, Action = "events:PutEvents"
      Resource = aws_cloudwatch_event_bus.orders.arn
    }]
  })
}
resource "aws_cloudwatch_event_permission" "default" {
  principal    = "444455556666"
  statement_id = "friend"
}
resource "aws_cloudwatch_log_group" "orders" { name = "/aws/events/orders" }
resource "aws_iam_role" "runner" {
  name = "runner"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["events.amazonaws.com", "scheduler.amazonaws.com"] }
    }]
  })
}
resource "aws_cloudwatch_event_rule" "large" {
  name           = "large"
  description    = var.stage
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  event_pattern  = jsonencode({ source = ["shop"], detail = { total = [{ numeric = [">", 100] }] } })
  tags           = { stage = var.stage }
}
resource "aws_cloudwatch_event_target" "log" {
  rule           = aws_cloudwatch_event_rule.large.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  arn            = aws_cloudwatch_log_group.orders.arn
  target_id      = "log"
}
resource "aws_cloudwatch_event_target" "task" {
  rule           = aws_cloudwatch_event_rule.large.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  arn            = "arn:aws:ecs:%(region)s:%(account)s:cluster/shop"
  role_arn       = aws_iam_role.runner.arn
  ecs_target {
    task_definition_arn = "arn:aws:ecs:%(region)s:%(account)s:task-definition/bill:1"
    task_count          = 1
    launch_type         = "FARGATE"
    network_configuration { subnets = ["subnet-0123456789abcdef0"] }
  }
  input_transformer {
    input_paths    = { total = "$.detail.total" }
    input_template = "{\\"total\\": <total>}"
  }
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
  dead_letter_config { arn = "arn:aws:sqs:%(region)s:%(account)s:dead" }
}
resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  schedule_expression = "cron(0 2 * * ? *)"
  state               = var.stage == "first" ? "DISABLED" : "ENABLED"
}
resource "aws_scheduler_schedule_group" "lab" {
  name = "lab"
  tags = { stage = var.stage }
}
resource "aws_scheduler_schedule" "lab" {
  name                         = "lab"
  group_name                   = aws_scheduler_schedule_group.lab.name
  description                  = var.stage
  schedule_expression          = "rate(12 hours)"
  schedule_expression_timezone = "Europe/Berlin"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }
  target {
    arn      = "arn:aws:scheduler:::aws-sdk:ec2:stopInstances"
    role_arn = aws_iam_role.runner.arn
    input    = jsonencode({ InstanceIds = ["i-0123456789abcdef0"] })
    retry_policy { maximum_retry_attempts = 3 }
  }
}
""" % {"region": REGION, "account": ACCOUNT}


def test_buses_rules_and_schedules_are_made_changed_and_destroyed(cloud, tmp_path):
    lab = Terraform(cloud, tmp_path, EVENTS)
    lab.apply()
    assert lab.changes() == {}
    lab.apply(stage="second")
    assert lab.changes(stage="second") == {}
    assert cloud.aws("events", "describe-rule", "--name", "nightly")["State"] == "ENABLED"
    assert cloud.aws("scheduler", "get-schedule", "--name", "lab", "--group-name", "lab")["Description"] == "second"
    lab.destroy()
    assert cloud.aws("events", "list-event-buses", "--name-prefix", "orders")["EventBuses"] == []
    assert cloud.aws("scheduler", "list-schedules", "--name-prefix", "lab")["Schedules"] == []
