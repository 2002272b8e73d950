//! Counts that are pushed for an SLO, a minute at a time. What is pushed again
//! takes the place of what was there. Must not know how they are kept.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};

use crate::api::pushes::{CountJson, CountsJson, TakenJson};
use crate::model::slo::tile::EventCounts;
use crate::model::time::{SLOT_MS, Timestamp};
use crate::publish::answers::{PushRefused, PushedCounts};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;

/// A week of minutes in one request.
const COUNTS_MAX: usize = 7 * 24 * 60;

/// More events than any service has in a minute, far below where a sum of
/// minutes could overflow.
const EVENTS_MAX: i64 = 1_000_000_000_000;

/// Problems that are told in one answer.
const TOLD_MAX: usize = 20;

const EXAMPLE: &str = r#"write {"counts": [{"start": "2026-07-14T15:12:00Z", "total": 1200, "bad": 3}]}"#;

/// Takes counts of whole minutes for an SLO whose indicator is `pushed`. Answered
/// once they are durable. A minute that is pushed again is replaced; one that
/// never was is unknown.
#[utoipa::path(
    post, path = "/api/v1/slos/{name}/counts", tag = "SLOs",
    params(("name" = String, Path, description = "the SLO")),
    request_body = CountsJson,
    responses(
        (status = 200, body = TakenJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn push(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<TakenJson>, Problem> {
    let CountsJson { counts } =
        serde_json::from_slice(&body).map_err(|error| Problem::bad_body(error.to_string()).hint(EXAMPLE))?;
    let counts = sound(&counts, daemon.now()).map_err(|wrong| {
        let more = wrong.len().saturating_sub(TOLD_MAX);
        let told: Vec<String> = wrong.into_iter().take(TOLD_MAX).collect();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        Problem::bad_body(format!("{}{more}", told.join("; "))).hint(EXAMPLE)
    })?;
    let minutes = counts.len();
    let pushed = daemon.change(|commands| async move { commands.push_counts(name, counts).await }).await?;
    pushed.map_err(|refused| match &refused {
        PushRefused::Unknown(_) => Problem::not_found(refused.to_string()).about("name"),
        PushRefused::NotPushed(_) => Problem::conflict(refused.to_string()),
        PushRefused::TooOld(_) => Problem::bad_body(refused.to_string()),
        PushRefused::NotStored(fault) => Problem::not_stored("pushed counts were", fault),
    })?;
    Ok(Json(TakenJson { minutes }))
}

/// All counts, or all that is wrong with them.
fn sound(counts: &[CountJson], now: Timestamp) -> Result<Vec<PushedCounts>, Vec<String>> {
    if counts.len() > COUNTS_MAX {
        return Err(vec![format!("{} minutes; at most {COUNTS_MAX} at a time", counts.len())]);
    }
    let mut wrong = Vec::new();
    let mut sound: Vec<PushedCounts> = Vec::new();
    let mut minutes: BTreeSet<Timestamp> = BTreeSet::new();
    for (i, count) in counts.iter().enumerate() {
        match one(count, now) {
            Ok(count) if !minutes.insert(count.start) => {
                wrong.push(format!("counts[{i}]: duplicate minute {}", count.start));
            }
            Ok(count) => sound.push(count),
            Err(reason) => wrong.push(format!("counts[{i}]: {reason}")),
        }
    }
    if wrong.is_empty() { Ok(sound) } else { Err(wrong) }
}

fn one(count: &CountJson, now: Timestamp) -> Result<PushedCounts, String> {
    let start = Timestamp::parse(&count.start).map_err(|error| format!("`start`: {error}"))?;
    if start.floor_slot() != start {
        return Err(format!("`start` must be a whole minute, got {start}"));
    }
    if (now - start).0 < SLOT_MS {
        return Err(format!("the minute that begins at {start} is not over"));
    }
    let total = count.total;
    let good = match (count.good, count.bad) {
        (Some(good), None) => good,
        (None, Some(bad)) => total.saturating_sub(bad),
        _ => return Err("name one of `good` and `bad`; the other is the rest of `total`".to_owned()),
    };
    let sides = 0..=total;
    if !(0..=EVENTS_MAX).contains(&total) || !sides.contains(&good) {
        return Err(format!("{good} good of {total} events; there are 0 to {EVENTS_MAX}, and no more good ones"));
    }
    Ok(PushedCounts { start, counts: EventCounts::new(good, total) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Result<Vec<(i64, i64)>, Vec<String>> {
        let now = Timestamp::parse("2026-07-14T15:20:30Z").unwrap();
        let CountsJson { counts } = serde_json::from_str(body).unwrap();
        sound(&counts, now).map(|all| all.iter().map(|c| (c.counts.good, c.counts.total)).collect())
    }

    #[test]
    fn a_minute_has_one_side_and_the_whole() {
        let body = r#"{"counts": [
            {"start": "2026-07-14T15:12:00Z", "total": 1200, "bad": 3},
            {"start": "2026-07-14T15:13:00Z", "total": 0, "good": 0},
            {"start": "2026-07-14T15:19:00Z", "total": 7, "good": 7}]}"#;
        assert_eq!(told(body), Ok(vec![(1_197, 1_200), (0, 0), (7, 7)]));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let body = r#"{"counts": [
            {"start": "2026-07-14T15:12:00Z", "total": 1, "bad": 3},
            {"start": "2026-07-14T15:12:30Z", "total": 1, "bad": 0},
            {"start": "2026-07-14T15:20:00Z", "total": 1, "bad": 0},
            {"start": "2026-07-14T15:13:00Z", "total": 1},
            {"start": "yesterday", "total": 1, "good": 1},
            {"start": "2026-07-14T15:14:00Z", "total": 9223372036854775807, "bad": -1},
            {"start": "2026-07-14T15:15:00Z", "total": 1, "good": 1},
            {"start": "2026-07-14T15:15:00Z", "total": 2, "good": 1}]}"#;
        let wrong = told(body).unwrap_err();
        let parts = [
            "-2 good",
            "must be a whole minute",
            "is not over",
            "name one of",
            "`start`",
            "no more good",
            "duplicate minute",
        ];
        assert_eq!(wrong.len(), parts.len(), "{wrong:#?}");
        for (told, part) in wrong.iter().zip(parts) {
            assert!(told.contains(part), "{told}: {part}");
        }
    }
}
