//! What an SLO has counted, generation by generation, as JSON. Must not know
//! where that is kept.

use axum::Json;
use axum::extract::{Path, State};

use crate::api::query::NoQuery;
use crate::api::slos::{GenerationJson, GenerationListJson};
use crate::api::time::{Instant, instant};
use crate::publish::answers::{Generation, seam};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;

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
    _: Query<NoQuery>,
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
