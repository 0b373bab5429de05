//! `ReceiveMessage`, and what it does with messages that were received too often.

use super::super::{
    content, errors,
    live::{Moving, Received},
    mail::{Content, Head, Letter, Message},
    names::{find, record},
    queues::{Found, Queues},
    views::{self, Wanted},
};
use api::sqs as sdk;
use front::{Answer, Cx};
use logic::queue::{Call, Number, Past, Wish};
use model::Timestamp;
use std::{sync::Arc, time::Duration};
use wire::Fault;

/// What a receiver asks for, as far as it says so.
struct Asked {
    most: usize,
    visibility: Option<u32>,
    wait: Option<u32>,
}

/// `ReceiveMessage`. It waits without holding anything: for a message that comes, or for the time at which one becomes visible.
pub async fn receive(cx: Cx, queues: Arc<Queues>, input: sdk::ReceiveMessageRequest) -> Answer<sdk::ReceiveMessageResult> {
    let asked = read(&input)?;
    let mut found = find(&cx, &queues, &input.queue_url).await?;
    super::admit(&found, Call::Receive, queues.env.now())?;
    let attempt = attempt(&found, &input)?;
    queues.data_keys.check_reader(&cx, &queues.store, &found).await?;
    let ends = cx.now + Duration::from_secs(asked.wait.unwrap_or(found.spec.wait).into());
    loop {
        let live = found.live.clone();
        let arrival = live.arrivals.notified();
        tokio::pin!(arrival);
        arrival.as_mut().enable();
        let messages = take(&queues, &found, &asked, attempt).await?;
        if !messages.is_empty() {
            let wanted = wanted(&input)?;
            let opened = open(&cx, &queues, &found, messages).await?;
            let show = |(receipt, letter)| views::message(found.spec.mailbox, &wanted, receipt, letter);
            return Ok(sdk::ReceiveMessageResult { messages: Some(opened.into_iter().map(show).collect()) });
        }
        if queues.env.now() >= ends {
            wanted(&input)?;
            return Ok(sdk::ReceiveMessageResult { messages: None });
        }
        // It may have been changed or deleted before anybody could tell this receiver.
        if record(&cx, &queues.store.snapshot(), &input.queue_url)?.1 != found.spec {
            found = find(&cx, &queues, &input.queue_url).await?;
            continue;
        }
        let until = live.next_change(delay(&found)).map_or(ends, |next| next.min(ends));
        tokio::select! {
            () = arrival => {}
            () = queues.env.clock.sleep_until(until) => {}
        }
        found = find(&cx, &queues, &input.queue_url).await?;
    }
}

/// A received message, and what it says.
type Opened = ((Number, Past), (Head, Letter));

/// What messages say. One whose key can't be used now stays invisible as if it had been given; an error it is only where there is no other.
async fn open(cx: &Cx, queues: &Queues, found: &Found, messages: Vec<(Number, Past, Message)>) -> Answer<Vec<Opened>> {
    let (mut opened, mut failed) = (Vec::with_capacity(messages.len()), None);
    for (number, past, Message { head, content }) in messages {
        match letter(cx, queues, found, content).await {
            Ok(letter) => opened.push(((number, past), (head, letter))),
            Err(fault) => failed = Some(fault),
        }
    }
    match failed {
        Some(fault) if opened.is_empty() => Err(fault),
        _ => Ok(opened),
    }
}

async fn letter(cx: &Cx, queues: &Queues, found: &Found, content: Content) -> Answer<Letter> {
    match content {
        Content::Open(letter) => Ok(letter),
        Content::Sealed(sealed) => {
            let bytes = queues.data_keys.open(cx, &queues.store, found, sealed).await?;
            Letter::decode(&bytes).ok_or_else(|| Fault::internal("a message that was sealed can't be read"))
        }
    }
}

/// The delay of all messages of a FIFO queue; those of a standard queue have each their own.
pub fn delay(found: &Found) -> Duration {
    Duration::from_secs(found.spec.fifo.map_or(0, |_| found.spec.delay).into())
}

/// Whether the receipts of a queue's messages have to outlive a crash: where they decide on order or on dead letters.
pub fn keeps_receipts(found: &Found) -> bool {
    found.spec.fifo.is_some() || found.spec.redrive.is_some()
}

fn read(input: &sdk::ReceiveMessageRequest) -> Answer<Asked> {
    let check = |name: &str, value: Option<i32>, (least, most): (i32, i32), reason: &str| match value {
        Some(value) if !(least..=most).contains(&value) => Err(errors::invalid(value, name, reason)),
        value => Ok(value.and_then(|value| u32::try_from(value).ok())),
    };
    let reason = "Must be between 1 and 10, if provided.";
    let most = check("MaxNumberOfMessages", input.max_number_of_messages, (1, 10), reason)?;
    let reason = "Must be >= 0 and <= 43200, if provided.";
    let visibility = check("VisibilityTimeout", input.visibility_timeout, (0, 43_200), reason)?;
    let wait = check("WaitTimeSeconds", input.wait_time_seconds, (0, 20), "Must be >= 0 and <= 20, if provided.")?;
    Ok(Asked { most: most.unwrap_or(1) as usize, visibility, wait })
}

fn attempt<'a>(found: &Found, input: &'a sdk::ReceiveMessageRequest) -> Answer<Option<&'a str>> {
    let Some(attempt) = input.receive_request_attempt_id.as_deref() else { return Ok(None) };
    if found.spec.fifo.is_none() {
        let reason = "The request includes a parameter that is not valid for this queue type.";
        return Err(errors::invalid(attempt, "ReceiveRequestAttemptId", reason));
    }
    content::check_id("ReceiveRequestAttemptId", attempt)?;
    Ok(Some(attempt))
}

/// The system attributes by either parameter: the older one names them among the attributes of queues.
fn wanted(input: &sdk::ReceiveMessageRequest) -> Answer<Wanted<'_>> {
    const KNOWN: [&str; 10] = [
        "All",
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    ];
    let named = input.attribute_names.iter().chain(&input.message_system_attribute_names).flatten();
    let system: Vec<&str> = named.map(String::as_str).collect();
    match system.iter().find(|name| !KNOWN.contains(name)) {
        Some(unknown) => Err(errors::unknown_attribute(unknown)),
        None => Ok(Wanted { system, user: input.message_attribute_names.as_deref().unwrap_or_default() }),
    }
}

/// What there is now.
async fn take(queues: &Queues, found: &Found, asked: &Asked, attempt: Option<&str>) -> Answer<Vec<(Number, Past, Message)>> {
    let grave = match &found.spec.redrive {
        Some(redrive) => queues.at(&redrive.target).await?.map(|grave| (grave, redrive.most_receives)),
        None => None,
    };
    let wish = Wish {
        most: asked.most,
        invisible: Duration::from_secs(asked.visibility.unwrap_or(found.spec.visibility).into()),
        delay: delay(found),
        most_receives: grave.as_ref().map(|(_, most)| *most),
    };
    loop {
        let now = queues.env.now();
        if found.spec.fifo.is_none() && found.live.is_full() {
            return Err(errors::too_many_in_flight());
        }
        let Received { messages, dead, ticket } = found.live.take(wish, attempt, keeps_receipts(found), now)?;
        let buried = !dead.is_empty();
        if let Some((grave, _)) = grave.as_ref().filter(|_| buried) {
            bury(queues, found, grave, dead, now).await?;
        }
        if let Some(ticket) = ticket {
            ticket.written().await?;
        }
        if !messages.is_empty() || !buried {
            return Ok(messages);
        }
    }
}

/// Moves messages to the dead-letter queue. In a standard queue they are as old there as they were here; in a FIFO queue they are new
/// (developer guide, "Message retention periods for dead-letter queues").
async fn bury(queues: &Queues, found: &Found, grave: &Found, dead: Vec<(Number, Past)>, now: Timestamp) -> Answer<()> {
    let mut moving = Vec::with_capacity(dead.len());
    for (number, past) in dead {
        let Some(mut message) = queues.mail.read(found.spec.mailbox, number)? else { continue };
        let anew = found.spec.fifo.is_some();
        message.head.dead_letter_source = Some(found.key.arn().to_string());
        message.head.sent = if anew { now } else { message.head.sent };
        moving.push(Moving { number, past: Some(Past { until: now, ..past }), message, anew });
    }
    Ok(found.live.move_to(&grave.live, moving, now)?.written().await?)
}
