//! Which SLOs of the list a query asks for: the same on the page and in the API.

use crate::api::slos::SlosQuery;
use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::status::SloState;
use crate::publish::http::plumbing::problem::Problem;

/// The SLOs that a list shows: those for which each field that is set holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SloFilter {
    /// Each word occurs somewhere in what an SLO is called; in small letters.
    pub words: Vec<String>,
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
            words: query.q.as_deref().unwrap_or("").split_whitespace().map(str::to_lowercase).collect(),
            service: query.service,
            team: query.team,
            labels: query.label.into_iter().map(label).collect::<Result<_, _>>()?,
            state: query.state.map(SloState::from),
        })
    }

    pub fn admits(&self, judgement: &SloJudgement) -> bool {
        let slo = &judgement.slo;
        self.names(judgement)
            && self.service.as_deref().is_none_or(|service| slo.service == service)
            && self.team.as_deref().is_none_or(|team| slo.team() == Some(team))
            && self.labels.iter().all(|(name, value)| slo.labels.get(name) == Some(value))
            && self.state.is_none_or(|state| judgement.windows.first().is_some_and(|status| status.state == state))
    }

    /// Whether all words of a search occur in its name, service, team, state or
    /// description.
    fn names(&self, judgement: &SloJudgement) -> bool {
        let slo = &judgement.slo;
        if self.words.is_empty() {
            return true;
        }
        let state = judgement.windows.first().map_or("", |status| status.state.word());
        let text =
            [&slo.name, &slo.service, slo.team().unwrap_or(""), state, &slo.description].join("\n").to_lowercase();
        self.words.iter().all(|word| text.contains(word))
    }
}
