//! A bar of the classes of pages, with their meaning.

use maud::{Markup, html};

use crate::evaluate::alerting::page_class::PageClass;

pub(crate) fn stacked(classes: &[(PageClass, usize)], name: &str) -> Markup {
    let all: usize = classes.iter().map(|(_, n)| n).sum();
    let mut left = 0.0;
    let parts: Vec<(f64, f64, PageClass, usize)> = classes
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(class, n)| {
            let width = *n as f64 / all.max(1) as f64 * 100.0;
            left += width;
            (left - width, width, *class, *n)
        })
        .collect();
    html! {
        svg.stack viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=(name) {
            rect.track x="0" y="0" width="100" height="8" {}
            @for (x, width, class, n) in parts {
                rect class=(class.word()) x=(format!("{x:.2}")) y="0" width=(format!("{width:.2}")) height="8" {
                    title { (n) " " (class.word()) ": " (meaning(class)) }
                }
            }
        }
    }
}

pub(crate) fn meaning(class: PageClass) -> &'static str {
    match class {
        PageClass::Actionable => "someone acted, or budget burned",
        PageClass::Flap => "it came and went several times",
        PageClass::Short => "it was over before anyone could act",
        PageClass::Duplicate => "duplicate of another page",
        PageClass::Repeat => "repeated notification",
        PageClass::AlwaysOn => "it fires most of the time",
        PageClass::NoImpact => "nothing was done, and no budget burned",
        PageClass::Planned => "work that was announced",
        PageClass::Unknown => "too little is known to say",
    }
}
