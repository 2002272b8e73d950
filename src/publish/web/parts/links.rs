//! Links to other tools: those of the configuration, and runbooks.

use maud::{Markup, html};

use super::text;
use crate::model::labels::Labels;
use crate::model::link::{LinkSubject, LinkTemplate};
use crate::model::operations::rule::RUNBOOK_ANNOTATIONS;
use crate::model::slo::Slo;

/// The address of a runbook, if it is one that a browser may open.
pub(crate) fn runbook(annotations: &Labels) -> Option<&str> {
    let mut named = RUNBOOK_ANNOTATIONS.iter().filter_map(|name| annotations.get(name));
    named.find(|url| url.starts_with("https://") || url.starts_with("http://"))
}

/// What links of an SLO are filled with.
pub(crate) fn of_slo(slo: &Slo) -> LinkSubject<'_> {
    LinkSubject {
        service: Some(&slo.service),
        slo: Some(&slo.name),
        team: slo.team(),
        cluster: slo.labels.get("cluster"),
        namespace: slo.labels.get("namespace"),
        ..LinkSubject::default()
    }
}

/// The links out for a subject, the runbook first.
pub(crate) fn out(templates: &[LinkTemplate], subject: &LinkSubject<'_>, runbook: Option<&str>) -> Markup {
    let filled = templates.iter().filter_map(|link| Some((link.name.as_str(), link.fill(subject)?)));
    let runbook = runbook.map(|url| ("Runbook", url.to_owned()));
    html! {
        @for (name, address) in runbook.into_iter().chain(filled) {
            // Another site learns nothing of this one.
            a.out href=(address) rel="noreferrer" { (text::clean(name)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_an_address_that_a_browser_may_open() {
        let of = |url: &str| [("runbook_url", url)].into_iter().collect::<Labels>();
        assert_eq!(runbook(&of("https://runbooks.example/down")), Some("https://runbooks.example/down"));
        assert_eq!(runbook(&of("javascript:alert(1)")), None);
        assert_eq!(runbook(&of("see the wiki")), None);
    }

    #[test]
    fn links_are_escaped_and_those_without_their_subject_left_out() {
        let links = [("Wiki \"<", "https://wiki.example/{service}?a=1&b=2"), ("Team", "https://wiki.example/{team}")]
            .map(|(name, template)| LinkTemplate::parse(name, template).unwrap());
        let subject = LinkSubject { service: Some("a\"b"), ..LinkSubject::default() };
        let shown = out(&links, &subject, None).into_string();
        assert_eq!(
            shown,
            "<a class=\"out\" href=\"https://wiki.example/a%22b?a=1&amp;b=2\" rel=\"noreferrer\">Wiki &quot;&lt;</a>"
        );
    }
}
