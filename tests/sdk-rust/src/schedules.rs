//! EventBridge Scheduler: what is to happen once does, at its time, and the schedule deletes itself.

use crate::{
    cloud::{Cloud, until},
    queues,
};
use anyhow::Result;
use aws_sdk_scheduler::{
    Client,
    operation::create_schedule::builders::CreateScheduleFluentBuilder,
    types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target},
};

const NAME: &str = "rust-once";

pub async fn run(cloud: &Cloud) -> Result<()> {
    let (scheduler, sqs) = (cloud.schedules(), cloud.queues());
    let url = queues::create(&sqs, "rust-ticks").await?;
    let target =
        Target::builder().arn(queues::arn(&sqs, &url).await?).role_arn(cloud.role()?).input(r#"{"it": "is time"}"#).build()?;
    let at = format!("at({})", cloud.schedule_at()?);
    let made = said(&scheduler, &target, &at)?.name(NAME).action_after_completion(ActionAfterCompletion::Delete).send().await?;
    let again =
        said(&scheduler, &target, "rate(1 hour)")?.name(NAME).send().await.expect_err("there is one").into_service_error();
    assert!(again.is_conflict_exception(), "{again:?}");
    let wrong = said(&scheduler, &target, "cron(a)")?.name("wrong").send().await.expect_err("no expression").into_service_error();
    assert!(wrong.is_validation_exception(), "{wrong:?}");
    assert!(made.schedule_arn().ends_with("schedule/default/rust-once"), "{made:?}");
    assert_eq!(queues::next(&sqs, &url).await?, r#"{"it": "is time"}"#);
    until("the end of the schedule", async || match scheduler.get_schedule().name(NAME).send().await {
        Ok(_) => Ok(None),
        Err(error) => {
            assert!(error.as_service_error().is_some_and(|it| it.is_resource_not_found_exception()), "{error:?}");
            Ok(Some(()))
        }
    })
    .await?;
    sqs.delete_queue().queue_url(url).send().await?;
    Ok(())
}

fn said(scheduler: &Client, target: &Target, expression: &str) -> Result<CreateScheduleFluentBuilder> {
    let off = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build()?;
    Ok(scheduler.create_schedule().schedule_expression(expression).target(target.clone()).flexible_time_window(off))
}
