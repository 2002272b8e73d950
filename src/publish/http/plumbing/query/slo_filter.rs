//! Which SLOs of the list a query asks for: the same on the page and in the API.

use crate::api::slos::SlosQuery;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::SloState;
use crate::publish::http::plumbing::problem::Problem;

/// The SLOs that a list shows: those for which each field that is set holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SloFilter {
    pub service: Option<String>,
    pub team: Option<String>,
    pub labels: Vec<(String, String)>,
    pub state: Option<SloState>,
}

impl SloFilter {
    pub fn new(query: SlosQuery) -> Result<Self, Problem> {
        let label = |text: String| match text.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(Problem::bad_parameter("label", format!("invalid label `{text}`"))
                .hint("write a name and a value, for example `label=team=payments`")),
        };
        Ok(SloFilter {
            service: query.service,
            team: query.team,
            labels: query.label.into_iter().map(label).collect::<Result<_, _>>()?,
            state: query.state.map(SloState::from),
        })
    }

    pub fn admits(&self, judgement: &SloJudgement) -> bool {
        let slo = &judgement.slo;
        self.service.as_deref().is_none_or(|service| slo.service == service)
            && self.team.as_deref().is_none_or(|team| slo.team() == Some(team))
            && self.labels.iter().all(|(name, value)| slo.labels.get(name) == Some(value))
            && self.state.is_none_or(|state| judgement.windows.first().is_some_and(|status| status.state == state))
    }
}
