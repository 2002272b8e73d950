//! What a page answers with, and how it reads its query.

use axum::extract::RawQuery;
use axum::response::Html;
use maud::Markup;
use serde::de::DeserializeOwned;

use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::{Ignored, Unknown, read};
use crate::publish::web::pages::failure::Failure;

/// Parameters that tools add to links, which mean nothing to anybody here.
const TRACKING: [&str; 3] = ["utm_", "fbclid", "gclid"];

/// What a page answers with.
pub(crate) type Page = Result<Html<String>, Failure>;

pub(crate) fn page(markup: Markup) -> Page {
    Ok(Html(markup.into_string()))
}

/// The query of a page, with the parameters that it does not have. Unlike the API a page
/// is shown all the same, and says so: links to pages travel through tools that add
/// parameters of their own.
pub(crate) fn asked<Q: DeserializeOwned>(query: &RawQuery) -> Result<(Q, Ignored), Problem> {
    let mut ignored = Ignored::default();
    let read = read(query.0.as_deref().unwrap_or(""), Unknown::Passes(&mut ignored))?;
    ignored.names.retain(|name| !TRACKING.iter().any(|begin| name.starts_with(begin)));
    Ok((read, ignored))
}

/// The query of a page without parameters.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
pub(crate) struct NoParameters {}
