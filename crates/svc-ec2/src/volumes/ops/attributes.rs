//! Attributes and statuses of volumes.

use crate::{
    describe::{Query, select},
    errors::{dry_run, missing_parameter, refuse},
    records::{find, place},
    volumes::{
        errors::incorrect_state,
        load::{row, rows},
        views,
    },
};
use api::ec2::{
    AttributeBooleanValue, DescribeVolumeAttributeRequest, DescribeVolumeAttributeResult, DescribeVolumeStatusRequest,
    DescribeVolumeStatusResult, EnableVolumeIORequest, ModifyVolumeAttributeRequest, VolumeAttributeName,
};
use front::{Answer, Cx};
use logic::ebs::{VolumeState, volume_state};
use model::ec2::Volume;
use spine::Tx;

/// `DescribeVolumeStatus`. `IncludeManagedResources` changes nothing: no volume here is hidden.
pub fn statuses(cx: &Cx, tx: &mut Tx, input: &DescribeVolumeStatusRequest) -> Answer<DescribeVolumeStatusResult> {
    dry_run(input.dry_run)?;
    let found = rows::<Volume>(cx, tx, input.volume_ids.as_deref())?;
    let views = found.iter().map(|(id, row)| views::status(place(cx), id, &row.spec, &row.plan)).collect();
    let query = Query {
        ids: input.volume_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (statuses, next_token) = select(views, query)?;
    Ok(DescribeVolumeStatusResult { next_token, volume_statuses: Some(statuses) })
}

/// `DescribeVolumeAttribute`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeVolumeAttributeRequest) -> Answer<DescribeVolumeAttributeResult> {
    dry_run(input.dry_run)?;
    find::<Volume>(cx, tx, &input.volume_id)?;
    let asked = |name| input.attribute == name;
    let auto = AttributeBooleanValue { value: Some(false) };
    Ok(DescribeVolumeAttributeResult {
        auto_enable_io: asked(VolumeAttributeName::AutoEnableIo).then_some(auto),
        product_codes: asked(VolumeAttributeName::ProductCodes).then(Vec::new),
        volume_id: Some(input.volume_id.clone()),
    })
}

/// `ModifyVolumeAttribute`. No volume's input and output are ever disabled here, so that there is nothing that could be enabled by itself.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyVolumeAttributeRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    find::<Volume>(cx, tx, &input.volume_id)?;
    let auto = input.auto_enable_io.as_ref().and_then(|it| it.value).ok_or_else(|| missing_parameter("AutoEnableIO"))?;
    refuse(&[("AutoEnableIO", auto)])?;
    Ok(())
}

/// `EnableVolumeIO`: of a volume whose data may be inconsistent. None here is stopped for that, so that its input and output are enabled.
pub fn enable_io(cx: &Cx, tx: &mut Tx, input: &EnableVolumeIORequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    let volume = row::<Volume>(cx, tx, &input.volume_id)?;
    match volume_state(&volume.spec, &volume.plan) {
        VolumeState::Available | VolumeState::InUse => Ok(()),
        state => Err(incorrect_state(format!("The volume '{}' is '{}'.", input.volume_id, state.name()))),
    }
}
