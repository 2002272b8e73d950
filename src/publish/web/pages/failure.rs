//! A problem as a page.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use maud::html;

use crate::publish::http::plumbing::problem::Problem;
use crate::publish::web::parts::components;
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::Frame;

/// While the daemon gets ready, a page looks again after so many seconds.
const LOOK_AGAIN_SECONDS: u32 = 5;

/// A problem as HTML.
pub(crate) struct Failure(Problem);

/// A path that nothing answers: a page for browsers, a problem for other clients.
pub(crate) async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let problem = Problem::of_status(StatusCode::NOT_FOUND);
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_browser = accepted.contains("text/html") && !uri.path().starts_with("/api/");
    if is_browser { Failure(problem).into_response() } else { problem.into_response() }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Failure(problem) = self;
        let waiting = problem == Problem::not_ready();
        let frame = Frame { title: problem.title, section: None, snapshot: None, ignored: None };
        let body = html! {
            section.failure {
                h1 { (problem.title) }
                p { (components::user(&problem.detail)) }
                @if waiting {
                    p { "This page loads again every " (LOOK_AGAIN_SECONDS) " s. The " a href="/status" { "status page" } " shows the progress." }
                } @else {
                    @if let Some(hint) = &problem.hint { p.muted { (components::user(hint)) } }
                    p { a href="/" { "All SLOs" } }
                }
            }
        };
        let mut response = (problem.status(), Html(layout::page(&frame, &body).into_string())).into_response();
        if waiting {
            response.headers_mut().insert(header::RETRY_AFTER, LOOK_AGAIN_SECONDS.into());
            // Nothing is on this page that somebody reads or works with, so nothing is lost.
            response.headers_mut().insert(header::REFRESH, LOOK_AGAIN_SECONDS.into());
        }
        response
    }
}
