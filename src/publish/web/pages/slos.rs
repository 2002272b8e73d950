//! The first page: what needs attention now, and the list of all SLOs under it.

pub(crate) mod attention;
mod filter;
pub(crate) mod groups;
pub(crate) mod list;
pub(crate) mod order;
mod start;

use axum::extract::{RawQuery, State};
use maud::html;

use self::attention::Attention;
use self::filter::{ListQuery, View};
use self::groups::groups;
use self::list::{Listed, table};
use crate::evaluate::review::snapshot::SloJudgement;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::web::charts::sparklines::Sparks;
use crate::publish::web::parts::answer::{Page, asked, page};
use crate::publish::web::parts::components;
use crate::publish::web::parts::layout;
use crate::publish::web::parts::layout::{Frame, Section};

/// So many more SLOs are shown by service, unless somebody asks for the list: nobody
/// reads thousands of rows.
const LISTED_MAX: usize = 100;

pub(crate) async fn show(State((daemon, sparks)): State<(ApiContext, Sparks)>, query: RawQuery) -> Page {
    let (query, ignored) = asked::<ListQuery>(&query)?;
    let wanted = query.filter()?;
    let evaluated = daemon.evaluated()?;
    let (snapshot, now) = (&evaluated.snapshot, evaluated.as_of);
    let mut slos: Vec<&SloJudgement> = snapshot.slos.iter().filter(|slo| wanted.admits(slo)).collect();
    query.sort(&mut slos);
    let frame =
        Frame { title: "SLOs", section: Some(Section::Slos), snapshot: Some(snapshot), ignored: Some(&ignored) };
    if snapshot.slos.is_empty() {
        return page(layout::page(&frame, &start::body(snapshot)));
    }
    let by_service = query.view.map_or(!query.is_narrowed() && slos.len() > LISTED_MAX, |view| view == View::Services);
    let listed = if by_service {
        groups(&slos, query.as_list())
    } else {
        let place = query.place(slos.len());
        let shown = slos.get(place.rows.clone()).unwrap_or_default();
        let rows = Listed::read(&daemon, &sparks, shown).await?;
        html! { (table(&rows, &query.columns())) (query.pages(&place)) }
    };
    let attention = Attention { snapshot, now, links: daemon.links() };
    let body = html! {
        h1.hidden { "SLOs" }
        (attention.body(&snapshot.slos.iter().collect::<Vec<_>>()))
        (attention.figures())
        (query.form(snapshot, slos.len()))
        @if slos.is_empty() { (components::empty("No SLO matches the filter.")) } @else { (listed) }
    };
    page(layout::page(&frame, &body))
}
