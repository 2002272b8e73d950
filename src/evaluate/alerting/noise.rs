//! Was a page worth it? Every page of a period to one class, with the numbers
//! behind it. Must not know how incidents were made.
//!
//! A page is one rule in one incident: its first alert. What fires again, or for
//! more pods, in the same incident is part of it. The classes are tried in this
//! order, and the first that holds is taken:
//!
//! 1. planned: Alertmanager held it back before anybody was told, so it woke
//!    nobody, or a correction leaves that time out; it is not judged.
//! 2. actionable: it belongs to a burn, and is the one page of the incident that
//!    is counted for it.
//! 3. always-on: the alert fires most of the time, so it tells nothing new.
//! 4. flap: it goes on and off again and again.
//! 5. duplicate: another page had told of the same incident.
//! 6. actionable: somebody acted on it; see `action`.
//! 7. short: it was over before anybody could have acted.
//! 8. no-impact: the service has an SLO that was observed, there, and had events, and
//!    none of its SLOs burned.
//! 9. repeat: the same alert had paged a short while ago.
//! 10. unknown: nothing says either.

pub(crate) mod band;
pub mod result;

use std::collections::{BTreeMap, HashMap};

use self::band::{Band, count, counted, receivers};
use super::action::{ACTED_MIN, Actions, IDLE_MAX};
use super::alerts::is_of_replica;
use super::load::{cost, load};
use super::pages::{Index, Page, Spells};
use super::rules::AFTER_END;
use crate::evaluate::alerting::action::window::ActionWindow;
use crate::evaluate::alerting::evidence::{Evidence, score};
use crate::evaluate::alerting::noise::result::{Noise, RuleNoise, TeamNoise};
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::evaluate::incident::calm::{Calm, calm};
use crate::evaluate::incident::episodes::SloBurn;
use crate::evaluate::incident::incidents::LEAD;
use crate::evaluate::incident::incidents::facts::IncidentFacts;
use crate::evaluate::incident::incidents::linking::QUIET;
use crate::model::operations::alert_settings::IncidentScope;
use crate::model::operations::incident::{Episode, Incident};
use crate::model::operations::on_call::OnCall;
use crate::model::time::{Millis, Period, Timestamp};

/// Pages that come within this time of each other are told together: it is
/// Alertmanager's usual `group_interval`. Which of them counts is not a matter
/// of seconds.
const TOGETHER: Millis = Millis::from_mins(5);

/// A page that ends by itself so soon was over before anybody could act.
const SHORT_MAX: Millis = Millis::from_mins(5);

/// So many changes between firing and not firing within an hour are flapping:
/// it fired, ended, fired and ended again.
const FLAP_CHANGES_MIN: usize = 4;
const FLAP_WITHIN: Millis = Millis::from_hours(1);

/// An alert that fires for more than this share of the judged time is always on,
/// if it has been firing long enough to say so in a short period.
const ALWAYS_ON_RATIO: f64 = 0.5;
const ALWAYS_ON_MIN: Millis = Millis::from_hours(12);

/// Alertmanager's usual `repeat_interval`: sooner than that it does not even
/// repeat an alert that never ended.
const REPEAT_WITHIN: Millis = Millis::from_hours(4);

/// Judges the pages that were sent in `period`, as known at `now`. `facts` may
/// and should reach beyond the period on both sides.
pub fn noise<'a>(
    period: Period,
    now: Timestamp,
    incidents: &'a [Incident],
    facts: &'a IncidentFacts<'a>,
    burns: &'a [SloBurn],
    on_call: &OnCall,
) -> Noise {
    let index = Index::new(facts, burns);
    let all: Vec<Vec<Page<'_>>> = incidents.iter().map(|incident| index.pages(incident)).collect();
    let mut judge = Judge::new(period, now, facts, burns, &all);
    judge.actions = judge.actions.with_said(incidents.iter());
    let judged = all.iter().flat_map(|pages| judge.incident(pages)).filter(|page| period.contains(page.at));
    let mut judged: Vec<PageReason> = judged.collect();
    judged.sort_by(|a, b| (b.at, &a.rule, a.alert).cmp(&(a.at, &b.rule, b.alert)));
    let band = Band::of(judged.iter());
    Noise {
        pages: band.pages,
        lower: band.share(band.noise),
        upper: band.share(band.noise + band.unknown),
        interval: band.interval(),
        classes: counted(judged.iter()),
        rules: judge.rules(&judged, on_call),
        teams: judge.teams(&judged, on_call),
        receivers: receivers(&judged, incidents),
        load: load(judged.iter().filter(|p| p.class != PageClass::Planned), period, now, on_call),
        page_reasons: judged,
    }
}

struct Judge<'a> {
    now: Timestamp,
    period: Period,
    facts: &'a IncidentFacts<'a>,
    burns: HashMap<&'a str, Vec<&'a SloBurn>>,
    actions: Actions<'a>,
    spells: Spells,
    scope: IncidentScope,
    /// The part of the period of which anything is known.
    judged: Period,
}

impl<'a> Judge<'a> {
    fn new(
        period: Period,
        now: Timestamp,
        facts: &'a IncidentFacts<'a>,
        burns: &'a [SloBurn],
        pages: &[Vec<Page<'a>>],
    ) -> Judge<'a> {
        let mut by_service: HashMap<&str, Vec<&SloBurn>> = HashMap::new();
        for burn in burns {
            by_service.entry(&burn.service).or_default().push(burn);
        }
        let first_alert = facts.alerts.rows().first().map(|row| row.start);
        let first_slot = burns.iter().filter_map(|b| b.observed.first()).map(|p| p.start).min();
        let known_since = [first_alert, first_slot].into_iter().flatten().min().unwrap_or(period.start);
        let judged = Period::new(period.start.max(known_since), period.end.min(now));
        let told: Vec<ActionWindow<'_>> = pages.iter().flatten().map(|page| ActionWindow::of(page, now)).collect();
        let actions = Actions::new(facts, &told, Period::new(known_since, now));
        let spells = Spells::new(facts.alerts);
        let scope = facts.alerts.context().settings.scope;
        Judge { now, period, facts, burns: by_service, actions, spells, scope, judged }
    }

    /// Per rule, noisiest first.
    fn rules(&self, judged: &[PageReason], on_call: &OnCall) -> Vec<RuleNoise> {
        let mut lengths = vec![0; self.facts.alerts.rules().len()];
        for row in self.facts.alerts.rows() {
            if let Some((fired, length)) = row.firing_period(self.now).zip(lengths.get_mut(row.rule as usize)) {
                *length += fired.intersect(self.period).length().0;
            }
        }
        let names = self.facts.alerts.rules().iter().map(String::as_str);
        let firing: HashMap<&str, i64> = names.zip(lengths).collect();
        let mut by_rule: BTreeMap<&str, Vec<&PageReason>> = BTreeMap::new();
        for page in judged {
            by_rule.entry(&page.rule).or_default().push(page);
        }
        let rule = |(rule, pages): (&str, Vec<&PageReason>)| {
            let band = Band::of(pages.iter().copied());
            let noisy = pages.iter().filter(|page| page.class.is_noise());
            let costs = noisy.map(|page| cost(on_call.of(page.team.as_deref()), page.at));
            RuleNoise {
                rule: rule.to_owned(),
                pages: band.pages,
                lower: band.share(band.noise),
                upper: band.share(band.noise + band.unknown),
                classes: counted(pages.iter().copied()).into_iter().filter(|(_, n)| *n > 0).collect(),
                firing: Millis(firing.get(rule).copied().unwrap_or(0)),
                noise_cost: costs.sum(),
            }
        };
        let mut rules: Vec<RuleNoise> = by_rule.into_iter().map(rule).collect();
        let noisy = |rule: &RuleNoise| count(&rule.classes, PageClass::is_noise);
        rules.sort_by(|a, b| (noisy(b), b.pages, &a.rule).cmp(&(noisy(a), a.pages, &b.rule)));
        rules
    }

    fn teams(&self, judged: &[PageReason], on_call: &OnCall) -> Vec<TeamNoise> {
        let mut teams: Vec<Option<&str>> = judged.iter().map(|page| page.team.as_deref()).collect();
        teams.sort_unstable_by_key(|team| (team.is_none(), *team));
        teams.dedup();
        if teams == [None] {
            return Vec::new();
        }
        let team = |team: Option<&str>| {
            let pages = || judged.iter().filter(|page| page.team.as_deref() == team);
            let band = Band::of(pages());
            TeamNoise {
                team: team.map(str::to_owned),
                pages: band.pages,
                lower: band.share(band.noise),
                upper: band.share(band.noise + band.unknown),
                classes: counted(pages()),
                load: load(pages().filter(|p| p.class != PageClass::Planned), self.period, self.now, on_call),
            }
        };
        teams.into_iter().map(team).collect()
    }

    /// The pages of one incident, each with its class and reason.
    fn incident(&self, pages: &[Page<'a>]) -> Vec<PageReason> {
        let counted = self.counted(pages);
        let mut out: Vec<PageReason> = Vec::new();
        // The first page that was worth reading: what comes after repeats it.
        let mut told: Option<Page<'a>> = None;
        for (i, page) in pages.iter().enumerate() {
            let evidence = self.actions.of(page, self.now);
            let (class, reason) = if counted == Some(i) {
                self.actionable(page)
            } else {
                let same_burn = counted.filter(|_| self.burn_of(page).is_some()).and_then(|c| pages.get(c));
                self.other(page, same_burn.or(told.as_ref()), &evidence)
            };
            if told.is_none() && matches!(class, PageClass::Actionable | PageClass::NoImpact | PageClass::Unknown) {
                told = Some(page.clone());
            }
            out.push(page.clone().reason(class, reason, evidence));
        }
        out
    }

    /// The one page of an incident that is counted for its burn: of those that
    /// came together first, one that speaks for the service before one that
    /// speaks for a single replica, and then the earliest.
    fn counted(&self, pages: &[Page<'_>]) -> Option<usize> {
        let matched = || pages.iter().enumerate().filter(|(_, p)| p.planned.is_none() && self.burn_of(p).is_some());
        let first = matched().map(|(_, p)| p.at).min()?;
        let together = matched().filter(|(_, p)| p.at <= first + TOGETHER);
        together.min_by_key(|(_, p)| (is_of_replica(p.alert), p.at, p.rule)).map(|(i, _)| i)
    }

    /// The burn that a page belongs to. An alert that comes and goes, or never
    /// goes, meets every burn by chance; it must have begun with it.
    fn burn_of(&self, page: &Page<'_>) -> Option<&'a Episode> {
        let burns = page.services.iter().filter_map(|service| self.burns.get(service.as_str())).flatten();
        let burns = burns.filter(|burn| burn.is_at(page.place, self.scope));
        let (start, end) = (page.alert.start(), page.alert.ended.map_or(Timestamp::MAX, |e| e.at + AFTER_END));
        let until = |e: &Episode| e.end.unwrap_or(Timestamp::MAX);
        let mut met: Vec<&'a Episode> =
            burns.flat_map(|b| &b.episodes).filter(|e| start <= until(e) && e.start - LEAD <= end).collect();
        if !met.is_empty() && (self.always_on(page).is_some() || self.flaps(page).is_some()) {
            met.retain(|e| e.start - LEAD <= page.at && page.at <= until(e));
        }
        met.into_iter().max_by(|a, b| a.budget_burned_ratio.total_cmp(&b.budget_burned_ratio).then(b.id.cmp(&a.id)))
    }

    fn actionable(&self, page: &Page<'_>) -> (PageClass, String) {
        let reason = self.burn_of(page).map(|e| {
            let after = page.at - e.start;
            let when = match after.0 {
                0.. => format!("{} after it began", after.human()),
                _ => format!("{} before it began", Millis(-after.0).human()),
            };
            format!("{} of the budget of {} burned; it paged {when}", percent(e.budget_burned_ratio), e.slo)
        });
        (PageClass::Actionable, reason.unwrap_or_default())
    }

    /// The class of a page that is not the counted one of its incident.
    fn other(&self, page: &Page<'_>, told: Option<&Page<'_>>, evidence: &[Evidence]) -> (PageClass, String) {
        if let Some(reason) = &page.planned {
            return (PageClass::Planned, reason.clone());
        }
        if let Some(reason) = self.always_on(page) {
            return (PageClass::AlwaysOn, reason);
        }
        if let Some(reason) = self.flaps(page) {
            return (PageClass::Flap, reason);
        }
        if let Some(told) = told {
            return (PageClass::Duplicate, duplicate_of(told, page));
        }
        let acted = score(evidence);
        if acted >= ACTED_MIN {
            return (PageClass::Actionable, acted_on(page, evidence));
        }
        if let Some(longest) = page.longest.filter(|longest| *longest <= SHORT_MAX) {
            return (PageClass::Short, format!("it was over by itself after {}", longest.human()));
        }
        match self.by_slo(page) {
            (PageClass::NoImpact, _) if acted > IDLE_MAX => (
                PageClass::Unknown,
                format!("no budget burned, but perhaps somebody acted: {}", acted_on(page, evidence)),
            ),
            judged => judged,
        }
    }

    fn by_slo(&self, page: &Page<'_>) -> (PageClass, String) {
        let unknown = |reason: String| match self.repeats(page) {
            Some(repeat) => (PageClass::Repeat, repeat),
            None => (PageClass::Unknown, reason),
        };
        let Some(service) = page.service else {
            return unknown("the alert names no service".to_owned());
        };
        let burns = self.burns.get(service).map(Vec::as_slice).unwrap_or_default();
        let end = page.alert.ended.map_or(self.now, |e| e.at);
        let slos = match calm(burns, page.place, self.scope, Period::new(page.alert.start(), end)) {
            Calm::Known(slos) => slos,
            Calm::NoSlo => return unknown(format!("{service} has no SLO, so nothing says whether anybody was hurt")),
            Calm::Elsewhere => return unknown(format!("the SLOs of {service} are of another cluster or namespace")),
            Calm::Unobserved(slo, share) => {
                return unknown(format!("only {} of the time around it was observed for {slo}", percent(share)));
            }
            Calm::Idle(slos) => {
                return unknown(format!("{} had too few requests to show whether anybody was hurt", slos.join(", ")));
            }
        };
        if self.now < page.at + QUIET {
            return (PageClass::Unknown, format!("it paged {} ago; too early to say", (self.now - page.at).human()));
        }
        (PageClass::NoImpact, format!("{} did not burn from {} before it on", slos.join(", "), LEAD.human()))
    }

    fn always_on(&self, page: &Page<'_>) -> Option<String> {
        let firing = self.spells.firing(page.kind, self.judged);
        let share = firing.0 as f64 / self.judged.length().0.max(1) as f64;
        (share > ALWAYS_ON_RATIO && firing >= ALWAYS_ON_MIN)
            .then(|| format!("it fired for {}, {} of the time", firing.human(), percent(share)))
    }

    fn flaps(&self, page: &Page<'_>) -> Option<String> {
        let around = Period::new(page.at - FLAP_WITHIN, page.at + FLAP_WITHIN);
        let changes = self.spells.most_changes(page.kind, around, FLAP_WITHIN);
        (changes >= FLAP_CHANGES_MIN)
            .then(|| format!("it changed {changes} times between firing and not firing in an hour"))
    }

    fn repeats(&self, page: &Page<'_>) -> Option<String> {
        let ended = self.spells.last_end_before(page.kind, page.at)?;
        let since = page.at - ended;
        (since <= REPEAT_WITHIN).then(|| format!("the same alert had ended {} before", since.human()))
    }
}

fn duplicate_of(told: &Page<'_>, page: &Page<'_>) -> String {
    let apart = page.at - told.at;
    match apart.0 {
        0 => format!("{} paged for the same incident at the same time", told.rule),
        1.. => format!("{} had paged for the same incident {} before", told.rule, apart.human()),
        _ => format!("{} paged for the same burn {} later, for the whole service", told.rule, Millis(-apart.0).human()),
    }
}

/// `rollback 12m after it, silence 20m after it`.
fn acted_on(page: &Page<'_>, evidence: &[Evidence]) -> String {
    let weighty = evidence.iter().filter(|e| e.weight > 0.0);
    let told = weighty.map(|e| match (e.at - page.at).0 {
        after @ 0.. => format!("{} {} after it", e.kind.word(), Millis(after).human()),
        before => format!("{} {} before it", e.kind.word(), Millis(-before).human()),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// For people: two digits or so.
fn percent(ratio: f64) -> String {
    let value = ratio * 100.0;
    let decimals = if value >= 10.0 {
        0
    } else if value >= 1.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} %")
}

#[cfg(test)]
mod tests;
