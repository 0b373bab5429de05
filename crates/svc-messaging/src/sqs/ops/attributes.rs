//! `GetQueueAttributes` and `SetQueueAttributes`.

use super::{
    super::{
        errors,
        names::{find, own},
        queues::Queues,
        settings,
        views::{self, ATTRIBUTES},
    },
    receive::delay,
};
use api::sqs as sdk;
use front::{Answer, Cx};
use std::{collections::BTreeMap, sync::Arc};

/// `GetQueueAttributes`.
pub async fn get(cx: Cx, queues: Arc<Queues>, input: sdk::GetQueueAttributesRequest) -> Answer<sdk::GetQueueAttributesResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    let asked = input.attribute_names.unwrap_or_default();
    let fifo = ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];
    let known =
        |name: &str| name == "All" || (ATTRIBUTES.contains(&name) && (found.spec.fifo.is_some() || !fifo.contains(&name)));
    if let Some(unknown) = asked.iter().find(|name| !known(name)) {
        return Err(errors::unknown_attribute(unknown));
    }
    let counts = found.live.counts(delay(&found), queues.env.now())?;
    let all = asked.iter().any(|name| name == "All");
    let wanted = ATTRIBUTES.iter().filter(|name| all || asked.iter().any(|asked| asked == *name));
    let shown = |name: &&str| Some(((*name).to_owned(), views::attribute(&found.key, &found.spec, counts, name)?));
    let attributes: BTreeMap<String, String> = wanted.filter_map(shown).collect();
    Ok(sdk::GetQueueAttributesResult { attributes: Some(attributes).filter(|attributes| !attributes.is_empty()) })
}

/// `SetQueueAttributes`.
pub async fn set(cx: Cx, queues: Arc<Queues>, input: sdk::SetQueueAttributesRequest) -> Answer<()> {
    let changed = queues.store.transact(|tx| {
        let (key, spec) = own(&cx, tx, &input.queue_url)?;
        if input.attributes.contains_key("FifoQueue") {
            return Err(errors::unknown_attribute("FifoQueue"));
        }
        let mut spec = (*spec).clone();
        settings::set(tx, &key, &mut spec, &input.attributes)?;
        spec.modified = cx.now;
        tx.put_spec(&key, &spec)?;
        Ok(spec.mailbox)
    });
    queues.stir(changed.await?);
    Ok(())
}
