//! Operations on trails. A trail delivers to a bucket, no bucket can exist here yet, so that no trail can: what is asked of one is checked as
//! far as CloudTrail checks it before it looks for the trail or the bucket, and then answered with what is true.

use super::super::errors;
use api::cloudtrail as sdk;
use front::{Answer, Cx};
use model::Arn;
use spine::Tx;

/// Refuses every trail, for want of a bucket.
pub(in super::super) fn create(_: &Cx, _: &mut Tx, input: &sdk::CreateTrailRequest) -> Answer<sdk::CreateTrailResponse> {
    check_name(&input.name)?;
    check_bucket(&input.s3_bucket_name)?;
    if input.s3_key_prefix.as_ref().is_some_and(|prefix| prefix.len() > 200) {
        return Err(errors::invalid_prefix());
    }
    if input.is_multi_region_trail == Some(true) && input.include_global_service_events == Some(false) {
        return Err(errors::invalid_combination("Multi-Region trail must include global service events."));
    }
    Err(errors::no_bucket(&input.s3_bucket_name))
}

pub(in super::super) fn describe(cx: &Cx, _: &mut Tx, input: &sdk::DescribeTrailsRequest) -> Answer<sdk::DescribeTrailsResponse> {
    // Those of the named trails that exist are described; there is no error for those that don't.
    input.trail_name_list.iter().flatten().try_for_each(|name| check(cx, name).map(drop))?;
    Ok(sdk::DescribeTrailsResponse { trail_list: Some(Vec::new()) })
}

pub(in super::super) fn list(_: &Cx, _: &mut Tx, _: &sdk::ListTrailsRequest) -> Answer<sdk::ListTrailsResponse> {
    Ok(sdk::ListTrailsResponse { trails: Some(Vec::new()), next_token: None })
}

/// An operation on a trail that has to exist.
macro_rules! of_a_trail {
    ($($operation:ident($input:ident.$name:ident) -> $output:ident;)+) => {$(
        pub(in super::super) fn $operation(cx: &Cx, _: &mut Tx, input: &sdk::$input) -> Answer<sdk::$output> {
            Err(unknown(cx, &input.$name))
        }
    )+};
}

of_a_trail! {
    get(GetTrailRequest.name) -> GetTrailResponse;
    get_status(GetTrailStatusRequest.name) -> GetTrailStatusResponse;
    update(UpdateTrailRequest.name) -> UpdateTrailResponse;
    delete(DeleteTrailRequest.name) -> DeleteTrailResponse;
    start_logging(StartLoggingRequest.name) -> StartLoggingResponse;
    stop_logging(StopLoggingRequest.name) -> StopLoggingResponse;
    put_selectors(PutEventSelectorsRequest.trail_name) -> PutEventSelectorsResponse;
    get_selectors(GetEventSelectorsRequest.trail_name) -> GetEventSelectorsResponse;
}

fn unknown(cx: &Cx, name: &str) -> wire::Fault {
    check(cx, name).map_or_else(|fault| fault, |name| errors::unknown_trail(cx, &name))
}

/// The name of a trail that is called by its name or its ARN.
fn check(cx: &Cx, name_or_arn: &str) -> Answer<String> {
    if !name_or_arn.starts_with("arn:") {
        check_name(name_or_arn)?;
        return Ok(name_or_arn.to_owned());
    }
    let arn: Option<Arn> = name_or_arn.parse().ok();
    let arn = arn.filter(|arn| arn.service == "cloudtrail" && arn.resource.starts_with("trail/"));
    let arn = arn.ok_or_else(|| errors::invalid_arn(format!("Got invalid trail ARN: {name_or_arn}")))?;
    if arn.region != cx.region.as_str() {
        return Err(errors::invalid_arn(format!(
            "Region in ARN is wrong, you can only access resources in region {}.",
            cx.region
        )));
    }
    check_name(&arn.resource["trail/".len()..])?;
    Ok(name_or_arn.to_owned())
}

/// The rules for names (CloudTrail API reference, "CreateTrail", `Name`).
fn check_name(name: &str) -> Answer<()> {
    let length = name.chars().count();
    let is_alphanumeric = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let wrong = if length < 3 {
        format!("Trail name too short. Minimum allowed length: 3 characters. Specified name length: {length} characters.")
    } else if length > 128 {
        format!("Trail name too long. Maximum allowed length: 128 characters. Specified name length: {length} characters.")
    } else if !is_alphanumeric(name.chars().next()) {
        "Trail name must starts with a letter or number.".to_owned()
    } else if !is_alphanumeric(name.chars().next_back()) {
        "Trail name must ends with a letter or number.".to_owned()
    } else if !name.chars().all(is_allowed) {
        "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_)."
            .to_owned()
    } else {
        return Ok(());
    };
    Err(errors::invalid_name(wrong))
}

/// The rules for buckets' names (S3 user guide, "Bucket naming rules"), as far as they say which letters there may be.
fn check_bucket(name: &str) -> Answer<()> {
    let is_outer = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let bytes = name.as_bytes();
    let valid = (3..=63).contains(&bytes.len())
        && is_outer(bytes.first())
        && is_outer(bytes.last())
        && bytes.iter().copied().all(is_inner)
        && !name.contains("..");
    if valid { Ok(()) } else { Err(errors::invalid_bucket(name)) }
}
