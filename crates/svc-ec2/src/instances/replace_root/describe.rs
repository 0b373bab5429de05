//! `DescribeReplaceRootVolumeTasks`.

use crate::{
    describe::{Described, Field, Query, Text, select},
    errors::dry_run,
    records::{chosen, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    DescribeReplaceRootVolumeTasksRequest, DescribeReplaceRootVolumeTasksResult, ReplaceRootVolumeTask,
    ReplaceRootVolumeTaskState as Shown, Tag,
};
use front::{Answer, Cx};
use model::{
    Timestamp,
    ec2::{RootReplacement, RootReplacementPlan, RootReplacementSpec, RootReplacementState as State},
};
use spine::{Read, Tx};
use wire::Time;

/// `DescribeReplaceRootVolumeTasks`.
pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeReplaceRootVolumeTasksRequest,
) -> Answer<DescribeReplaceRootVolumeTasksResult> {
    dry_run(input.dry_run)?;
    let ids = input.replace_root_volume_task_ids.as_deref();
    let mut shown = Vec::new();
    for (id, spec) in chosen::<RootReplacement>(cx, tx, ids)? {
        let plan = tx.get(&key::<RootReplacement>(cx, &id))?.map(|row| *row.plan).unwrap_or_default();
        shown.push(view(&id, &spec, &plan));
    }
    let query =
        Query { ids, filters: input.filters.as_deref(), max_results: input.max_results, next_token: input.next_token.as_deref() };
    let (tasks, next_token) = select(shown, query)?;
    Ok(DescribeReplaceRootVolumeTasksResult { replace_root_volume_tasks: Some(tasks), next_token })
}

/// A replacement as the API shows it.
pub fn view(id: &str, spec: &RootReplacementSpec, plan: &RootReplacementPlan) -> ReplaceRootVolumeTask {
    let moment = |at: Timestamp| Time(at.0).to_the_second();
    let state = match plan.state {
        State::Pending => Shown::Pending,
        State::InProgress => Shown::InProgress,
        State::Succeeded => Shown::Succeeded,
        State::Failed => Shown::Failed,
    };
    ReplaceRootVolumeTask {
        replace_root_volume_task_id: Some(id.into()),
        instance_id: Some(spec.instance.clone()),
        task_state: Some(state),
        start_time: Some(moment(spec.started_at)),
        complete_time: plan.completed_at.map(moment),
        tags: tags::view_if_any(&spec.tags),
        image_id: spec.image.clone(),
        snapshot_id: spec.snapshot.clone(),
        delete_replaced_root_volume: Some(spec.delete_replaced),
    }
}

/// EC2 API reference, "DescribeReplaceRootVolumeTasks", filters.
impl Described for ReplaceRootVolumeTask {
    const RESOURCE: Resource = Resource::REPLACE_ROOT_VOLUME_TASK;
    const IDS: &'static str = "ReplaceRootVolumeTaskIds";
    const FIELDS: &'static [Field<Self>] = &[("instance-id", |it| it.instance_id.texts())];
    fn id(&self) -> &str {
        self.replace_root_volume_task_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
