//! What an SLO has counted, generation by generation, as JSON. Must not know
//! where that is kept.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::time::{Instant, instant};
use crate::publish::answers::{Generation, seam};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Params;

/// The SLI definitions of an SLO, oldest first, and when they changed.
#[utoipa::path(
    get, path = "/api/v1/slos/{name}/generations", tag = "SLOs",
    params(("name" = String, Path, description = "the SLO")),
    responses(
        (status = 200, body = GenerationListJson),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn generations(
    State(daemon): State<ApiContext>,
    Path(name): Path<String>,
    _params: Params,
) -> Result<Json<GenerationListJson>, Problem> {
    daemon.evaluated()?.slo(&name)?;
    let asked = name.clone();
    let generations = daemon.ask(move |queries| queries.slos.generations(&asked)).await?;
    Ok(Json(GenerationListJson {
        slo: name,
        changed_at: instant(seam(&generations)),
        generations: generations.iter().map(GenerationJson::from).collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GenerationList)]
pub(crate) struct GenerationListJson {
    slo: String,
    /// When the present one took over; figures of the time before were counted
    /// anew from the source. `null` where nothing has changed.
    changed_at: Option<Instant>,
    generations: Vec<GenerationJson>,
}

/// One indicator of an SLO. Its tiles are stored under its id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Generation)]
struct GenerationJson {
    indicator: String,
    /// The indicator in one line.
    counted: String,
    first_seen: Instant,
    /// When it took over last: later than `first_seen` where an older one came
    /// back.
    active_since: Instant,
    /// Whether it is counted now.
    current: bool,
}

impl From<&Generation> for GenerationJson {
    fn from(generation: &Generation) -> Self {
        GenerationJson {
            indicator: generation.indicator.to_string(),
            counted: generation.counted.clone(),
            first_seen: Instant(generation.first_seen),
            active_since: Instant(generation.active_since),
            current: generation.current,
        }
    }
}
