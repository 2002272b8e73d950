//! What a page answers with, and how it reads its query.

use axum::extract::RawQuery;
use axum::response::Html;
use maud::Markup;
use serde::de::DeserializeOwned;

use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{Unknown, read};
use crate::publish::web::pages::failure::Failure;

/// What a page answers with.
pub(crate) type Page = Result<Html<String>, Failure>;

pub(crate) fn page(markup: Markup) -> Page {
    Ok(Html(markup.into_string()))
}

/// The query of a page. Unlike the API, pages let unknown parameters pass:
/// links to them travel through tools that add their own.
pub(crate) fn asked<Q: DeserializeOwned>(query: &RawQuery) -> Result<Q, Problem> {
    read(query.0.as_deref().unwrap_or(""), Unknown::Passes)
}
