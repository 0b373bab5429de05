//! `RestoreObject`: asking for a copy of what is archived. When it is there, and until when, follows from the time that it was asked for.

use crate::s3::{
    errors, find, names,
    notify::{self, About, Actor, Happened},
    ops::get,
    rules::archive::{self, Asked, State},
};
use api::s3 as sdk;
use front::{Answer, Cx, Streamed};
use model::s3::{Content, Restore, RestoreSpec, VersionSpec};
use spine::{Read, Tx};
use std::sync::Arc;

/// Asks for a copy, or for a longer or faster one.
pub fn restore(cx: &Cx, tx: &mut Tx, input: &sdk::RestoreObjectRequest) -> Answer<Streamed<sdk::RestoreObjectOutput>> {
    names::key(&input.key)?;
    let (name, key) = (input.bucket.as_str(), input.key.as_str());
    let asked = asked(input.restore_request.as_ref())?;
    let bucket = find::bucket(cx, tx, name, input.expected_bucket_owner.as_ref())?;
    let version = get::existing(cx, tx, name, key, input.version_id.as_deref())?;
    let content = get::content(&bucket, &version, key, input.version_id.is_some())?;
    let at = Restore::key(name, key, version.order);
    let answer = Streamed::from(sdk::RestoreObjectOutput::default());
    match archive::ask(&content, tx.spec(&at)?.as_deref(), asked, cx.now) {
        Asked::NotArchived => {
            Err(errors::invalid_state("Restore is not allowed for the object's current storage class", &content))
        }
        Asked::NoTier => {
            Err(errors::invalid_argument("Retrieval option is not supported by this storage class", "Tier", asked.1.as_str()))
        }
        Asked::UnderWay => Err(errors::under_way()),
        Asked::Kept(spec) => {
            tx.set_spec(&at, &spec)?;
            Ok(answer)
        }
        Asked::Begun(spec) => {
            tx.set_spec(&at, &spec)?;
            let happened = Happened {
                event: "ObjectRestore:Post",
                detail_type: "Object Restore Initiated",
                key,
                version: &version,
                about: About::Restored(&content.class, None),
            };
            notify::tell(tx, (name, &bucket), happened, &Actor::of(cx), &cx.env)?;
            Ok(answer.status(202))
        }
    }
}

/// For how many days, and how fast.
fn asked(request: Option<&sdk::RestoreRequest>) -> Answer<(i32, sdk::Tier)> {
    let request = request.ok_or_else(errors::malformed_xml)?;
    let selects = request.r#type.is_some() || request.select_parameters.is_some() || request.output_location.is_some();
    if selects || request.description.is_some() {
        return Err(errors::not_built("selecting from archived objects"));
    }
    let days = request.days.ok_or_else(errors::malformed_xml)?;
    if days < 1 {
        return Err(errors::invalid_argument("Days must be a positive integer", "Days", days.to_string()));
    }
    let tier = request.glacier_job_parameters.as_ref().map(|job| job.tier).or(request.tier);
    Ok((days, tier.unwrap_or(sdk::Tier::Standard)))
}

/// The copy of a version that was asked for.
///
/// # Errors
/// Those of the store.
pub fn asked_of(read: &impl Read, (name, key): (&str, &str), version: &VersionSpec) -> Answer<Option<Arc<RestoreSpec>>> {
    let archived = version.content.as_ref().is_some_and(|content| archive::is_archive(&content.class));
    if archived { Ok(read.spec(&Restore::key(name, key, version.order))?) } else { Ok(None) }
}

/// What can be done with the bytes of a version.
///
/// # Errors
/// Those of the store.
pub fn state(cx: &Cx, read: &impl Read, at: (&str, &str), (version, content): (&VersionSpec, &Content)) -> Answer<State> {
    Ok(State::of(content, asked_of(read, at, version)?.as_deref(), cx.now))
}
