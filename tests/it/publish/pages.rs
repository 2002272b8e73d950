//! The pages for people: what they show, and that nothing from outside gets
//! into them as markup.

use std::sync::Arc;

use evenkeel::evaluate::review::snapshot::Snapshot;
use evenkeel::model::labels::Labels;
use evenkeel::model::link::LinkTemplate;
use evenkeel::model::operations::alert::Alert;
use evenkeel::model::slo::Slo;
use evenkeel::publish::http::HttpSettings;
use scraped::{row_of, text_of};

use super::sample::Sample;
use super::server::Server;
use evenkeel::evaluate::review::finding::{Finding, FindingKind};
use evenkeel::model::kinds::SourceKind;

/// Just enough of HTML to read a page of ours.
mod scraped {
    /// The markup of the table row that holds a text.
    pub fn row_of<'a>(page: &'a str, needle: &str) -> &'a str {
        page.split("<tr").skip(1).find(|row| row.contains(needle)).unwrap_or_else(|| panic!("no row holds {needle}"))
    }

    /// Markup without its tags.
    pub fn text_of(markup: &str) -> String {
        let mut inside = false;
        let visible = markup.chars().filter(|c| {
            let before = inside;
            inside = match c {
                '<' => true,
                '>' => false,
                _ => inside,
            };
            !before && !inside
        });
        visible.collect::<String>().replace('\u{202f}', " ")
    }
}

#[tokio::test]
async fn the_list_shows_the_worst_first() {
    let server = Server::start(Sample::shop());
    let page = server.text("/").await;
    let list = page.find("class=\"slos\"").unwrap();
    let place = |name: &str| list + page[list..].find(&format!("/slos/{name}\"")).unwrap();
    assert!(place("payments-authorization") < place("checkout-availability"), "burning can still be stopped");
    assert!(place("checkout-availability") < place("recommendations-availability"), "exhausted before unknown");
    assert!(place("recommendations-availability") < place("login-success"), "unknown before ok");
    assert!(place("login-success") < place("catalog-availability"), "little budget before much");
    let row = text_of(row_of(&page, "/slos/checkout-availability\""));
    assert!(row.contains("99.9 %") && row.contains("99.88 %") && row.contains("−17.9 %"), "{row}");
}

#[tokio::test]
async fn no_data_is_neither_zero_nor_a_hundred() {
    let server = Server::start(Sample::shop());
    let page = server.text("/").await;
    let row = text_of(row_of(&page, "/slos/recommendations-availability\""));
    assert_eq!(row.matches("no data").count(), 4, "{row}");
    assert!(!row.contains("100 %"), "{row}");
    let row = text_of(row_of(&page, "/slos/search-latency\""));
    assert!(row.contains("bounds only") && row.contains("99.09 % – 99.69 %"), "{row}");
    let one = server.text("/slos/recommendations-availability").await;
    assert!(text_of(&one).contains("Nothing was observed in this period."));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let server = Server::start(Sample::shop());
    let list = |page: &str| page.split_once("class=\"slos\"").map_or(String::new(), |(_, list)| list.to_owned());
    let page = list(&server.text("/?service=checkout&state=exhausted&utm_source=mail").await);
    assert!(page.contains("/slos/checkout-availability\"") && !page.contains("/slos/checkout-latency\""));
    let found = list(&server.text("/?q=CHECKOUT+latency").await);
    assert!(found.contains("/slos/checkout-latency\"") && !found.contains("/slos/checkout-availability\""));
    let nothing = server.text("/?team=nobody").await;
    assert!(nothing.contains("No SLO matches the filter."));
}

/// The shop with so many SLOs of so many services.
fn many(slos: usize, services: usize) -> Sample {
    let mut many = Sample::shop();
    let snapshot = Arc::make_mut(&mut many.snapshot);
    let all = snapshot.slos.clone();
    let one = |n: usize| {
        let mut one = renamed(&all[n % all.len()], &format!("slo-{n:04}"));
        one.slo = Arc::new(Slo { service: format!("service-{:03}", n % services), ..Slo::clone(&one.slo) });
        one
    };
    snapshot.slos = Arc::new((0..slos).map(one).collect());
    many
}

#[tokio::test]
async fn thousands_of_slos_are_shown_by_service_and_found_by_words() {
    let server = Server::start(many(2_000, 150));
    let started = std::time::Instant::now();
    let page = server.text("/").await;
    assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?} in a debug build", started.elapsed());
    assert!(text_of(&page).contains("2,000 SLOs of 150 services"), "{}", page.len());
    assert!(page.contains("/services/service-149\"") && page.len() < 400_000, "{}", page.len());
    let list = server.text("/?view=list&page=2").await;
    assert_eq!(list.matches("<tr class=").count(), 500);
    assert!(text_of(&list).contains("Page 2 of 4") && list.contains("/?view=list&amp;page=3"));
    let found = server.text("/?q=slo-1234").await;
    assert_eq!(found.matches("<tr class=").count(), 1);
    assert!(text_of(&found).contains("1 of 2,000"));
}

#[tokio::test]
async fn the_list_is_sorted_by_any_column() {
    let server = Server::start(Sample::shop());
    let names = |page: &str| -> Vec<String> {
        let rows = page.split("<tr class=").skip(1);
        rows.map(|row| row.split("/slos/").nth(1).unwrap().split('"').next().unwrap().to_owned()).collect()
    };
    let up = names(&server.text("/?sort=slo&order=asc").await);
    let mut sorted = up.clone();
    sorted.sort();
    assert_eq!(up, sorted);
    let page = server.text("/?sort=budget&order=desc").await;
    assert!(page.contains("aria-sort=\"descending\""), "the head of the column says so");
    assert_eq!(names(&page)[0], names(&server.text("/?sort=budget&order=desc").await)[0]);
    let last = names(&page).pop().unwrap();
    let last = text_of(row_of(page.split("class=\"slos\"").last().unwrap(), &format!("/slos/{last}\"")));
    assert!(last.contains("no data") || last.contains("bounds only"), "the unknown come last: {last}");
    assert_eq!(server.get("/?sort=colour").await.status(), 400);
}

#[tokio::test]
async fn what_a_page_does_not_know_is_said() {
    let server = Server::start(Sample::shop());
    let page = text_of(&server.text("/?nmae=checkout&utm_source=mail").await);
    assert!(page.contains("Not used on this page: nmae. Its parameters are q, service, team"), "{page}");
    assert!(!page.contains("utm_source"), "tools add those");
    assert!(text_of(&server.text("/status?x=1").await).contains("It has no parameters."));
    assert!(!server.text("/?q=checkout").await.contains("Not used on this page"));
}

#[tokio::test]
async fn the_first_page_says_what_burns_what_is_spent_what_is_unknown_and_what_to_do() {
    let server = Server::start(Sample::shop());
    let page = server.text("/").await;
    let now = text_of(page.split_once("class=\"now\"").unwrap().1.split("</section>").next().unwrap());
    for said in [
        "Burning now",
        "payments-authorization burns at",
        "Incident",
        "Exhausted",
        "checkout-availability has −17.9 % of its budget of 30d left",
        "Unknown",
        "recommendations-availability",
        "search-latency",
        "Next",
    ] {
        assert!(now.contains(said), "{said}: {now}");
    }
    let quiet = Server::start(Sample::shop().only(&["catalog-availability"]));
    let page = text_of(&quiet.text("/").await);
    assert!(page.contains("nothing burns") && page.contains("no budget is spent"), "{page}");
    let unknown = Server::start(Sample::shop().only(&["recommendations-availability"]));
    let page = text_of(&unknown.text("/").await);
    assert!(
        page.contains("nothing that is known burns") && page.contains("no budget that is known is spent"),
        "{page}"
    );
}

#[tokio::test]
async fn a_service_is_not_bothered_with_the_findings_of_others() {
    let mut sample = Sample::shop();
    Arc::make_mut(&mut sample.snapshot).findings =
        Arc::new(vec![Finding::other("login-success", "a trouble", "a way out")]);
    let server = Server::start(sample);
    assert!(server.text("/").await.contains("a trouble"));
    assert!(!server.text("/services/checkout").await.contains("a trouble"));
}

#[tokio::test]
async fn a_source_that_is_down_is_why_its_slos_are_unknown() {
    let mut sample = Sample::shop().only(&["recommendations-availability"]);
    let down = FindingKind::SourceDown { kind: SourceKind::Prometheus, error: "refused".to_owned() };
    Arc::make_mut(&mut sample.snapshot).findings = Arc::new(vec![Finding::new("main", down)]);
    let page = text_of(&Server::start(sample).text("/").await);
    assert!(page.contains("recommendations-availability: its source main does not answer"), "{page}");
}

#[tokio::test]
async fn without_slos_the_first_page_shows_how_to_begin() {
    let server = Server::start(Sample::shop().only(&[]));
    let page = text_of(&server.text("/").await);
    assert!(page.contains("apiVersion: evenkeel/v1") && page.contains("evenkeel check slos/"), "{page}");
}

#[tokio::test]
async fn a_service_and_a_team_have_pages() {
    let server = Server::start(Sample::shop());
    let service = server.text("/services/checkout").await;
    assert!(service.contains("/slos/checkout-latency\"") && !service.contains("/slos/login-success\""));
    assert!(service.contains("/teams/payments\""), "whose it is");
    let team = server.text("/teams/payments").await;
    assert!(team.contains("/slos/payments-authorization\"") && team.contains("/services/checkout\""));
    for path in ["/services/nope", "/teams/nope"] {
        assert_eq!(server.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn links_lead_to_other_tools_with_what_a_page_is_about() {
    let link = |name, template| LinkTemplate::parse(name, template).unwrap();
    let links = vec![
        link("Grafana", "https://grafana.example/d/slo?var-slo={slo}&from={from_ms}"),
        link("Logs", "https://logs.example/{service}"),
        link("Rule", "https://prometheus.example/alerts?search={alert}"),
    ];
    let server = Server::with(Sample::shop(), HttpSettings { links, ..HttpSettings::default() });
    let slo = server.text("/slos/payments-authorization").await;
    assert!(slo.contains("https://grafana.example/d/slo?var-slo=payments-authorization&amp;from=1"));
    assert!(
        slo.contains("https://logs.example/payments\"") && !slo.contains("search="),
        "what is not known has no link"
    );
    let incident = server.text("/incidents/11111111111111111111111111111111").await;
    assert!(incident.contains("https://logs.example/"), "{incident}");
    assert!(incident.contains("https://prometheus.example/alerts?search="), "its alerts lead to their rule");
    assert!(server.text("/alerts").await.contains("https://prometheus.example/alerts?search="));
}

#[tokio::test]
async fn incidents_and_pages_are_filtered() {
    let server = Server::start(Sample::shop());
    let rows = |page: &str| page.matches("href=\"/incidents/").count();
    let all = server.text("/incidents").await;
    let open = server.text("/incidents?state=open").await;
    assert!(rows(&open) > 0 && rows(&open) < rows(&all));
    let costly = text_of(&server.text("/incidents?min_cost=1000000").await);
    assert!(costly.contains("No incident matches the filter."));
    let month = server.get("/incidents?month=2026-10").await;
    assert_eq!(month.status(), 200);
    for wrong in ["month=soon", "month=2027-05", "min_cost=much", "state=gone"] {
        assert_eq!(server.get(&format!("/incidents?{wrong}")).await.status(), 400, "{wrong}");
    }
    let pages = text_of(&server.text("/alerts?q=nothing-is-called-this").await);
    assert!(pages.contains("No page matches the filter.") && pages.contains("No rule matches the filter."));
    assert_eq!(server.get("/alerts?class=colour").await.status(), 400);
}

fn renamed(
    one: &evenkeel::evaluate::review::snapshot::SloJudgement,
    name: &str,
) -> evenkeel::evaluate::review::snapshot::SloJudgement {
    let slo = Arc::new(Slo { name: name.to_owned(), ..Slo::clone(&one.slo) });
    let mut other = one.clone();
    other.windows.iter_mut().for_each(|status| status.slo = Arc::clone(&slo));
    other.slo = slo;
    other
}

#[tokio::test]
async fn one_slo_shows_its_story() {
    let server = Server::start(Sample::shop());
    let page = server.text("/slos/payments-authorization").await;
    let text = text_of(&page);
    for told in ["98.9×", "objective 99.95 %", "at this rate", "fast", "firing", "revision 118", "payments:4.7.0"] {
        assert!(text.contains(told), "{told}");
    }
    assert_eq!(page.matches("class=\"chart desk\"").count(), 2, "budget, errors and traffic");
    assert!(page.contains("class=\"pointer\""), "incidents are marked");
    let month = server.text("/slos/payments-authorization?window=month").await;
    assert!(text_of(&month).contains("31 Oct 23:00"), "the month of Berlin");
    assert_eq!(server.get("/slos/payments-authorization?window=7d").await.status(), 404);
}

#[tokio::test]
async fn months_are_points_and_only_evidence_has_a_colour() {
    let server = Server::start(Sample::shop());
    let page = server.text("/incidents").await;
    let restore = row_of(&page, "Time to restore, median");
    assert_eq!((restore.matches("<circle").count(), restore.matches(": not known").count()), (8, 4), "{restore}");
    assert!(restore.contains("February 2026: 49m") && restore.starts_with(" class=\"better\""), "{restore}");
    assert!(text_of(restore).contains("−3m") && text_of(restore).contains("bettern = 8"), "{restore}");
    let pages = row_of(&page, "Pages");
    assert!(pages.starts_with('>') && text_of(pages).contains("no evidence"), "no colour: {pages}");
    let few = row_of(&page, "Time to detect, median");
    assert!(few.starts_with('>') && text_of(few).contains("too few"), "{few}");
    assert!(!page.contains("Time to acknowledge, median"), "not known in any month");
    assert!(
        text_of(&page)
            .contains("November 2025 to October 2026: of 12 months 9 are known, 1 of them as first published")
    );
    assert!(!server.text("/incidents?service=checkout").await.contains("Over months"), "of all services only");
}

#[tokio::test]
async fn incidents_show_their_times() {
    let server = Server::start(Sample::shop());
    let page = server.text("/incidents").await;
    assert!(text_of(row_of(&page, "/incidents/11111111111111111111111111111111\"")).contains("5m 12s"));
    let one = text_of(&server.text("/incidents/15151515151515151515151515151515").await);
    for told in ["2h 49m", "ALERTS_FOR_STATE", "estimated", "login-success", "LoginFailuresHigh"] {
        assert!(one.contains(told), "{told}");
    }
    let open = text_of(&server.text("/incidents/11111111111111111111111111111111").await);
    assert!(open.contains("not known"), "an incident that goes on is not restored");
    assert!(open.contains("revision 118"), "the change that belongs to it");
    let acted_on = text_of(&server.text(&format!("/incidents/{}", "13".repeat(16))).await);
    assert!(acted_on.contains("6 to 12 replicas, by kubectl"), "what somebody did about it");
}

#[tokio::test]
async fn alerts_show_the_band_with_its_n() {
    let server = Server::start(Sample::shop());
    let text = text_of(&server.text("/alerts").await);
    assert!(text.contains("73.3 % – 78.3 %") && text.contains("of 60 incident-level pages"), "{text}");
    assert!(text.contains("40 s after ErrorBudgetBurn paged for the same incident"));
}

#[tokio::test]
async fn a_start_shows_its_progress() {
    let server = Server::start(Sample::starting());
    let waiting = server.get("/").await;
    assert_eq!(waiting.status(), 503);
    assert_eq!(waiting.headers()["refresh"], "5");
    let status = server.get("/status").await;
    assert_eq!(status.status(), 200);
    assert!(text_of(&status.text().await.unwrap()).contains("127 of 390 indicator-days"));
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_too() {
    let server = Server::start(Sample::shop());
    for path in ["/slos/nope", "/incidents/nope"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8", "{path}");
    }
}

#[tokio::test]
async fn a_browser_gets_a_page_for_a_path_that_does_not_exist() {
    let server = Server::start(Sample::shop());
    let asked = |path: &str| server.client.get(server.url(path)).header("accept", "text/html,*/*;q=0.8").send();
    let page = asked("/nope").await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (404, &"text/html; charset=utf-8".parse().unwrap())
    );
    let api = asked("/api/v1/nope").await.unwrap();
    assert_eq!(api.headers()["content-type"], "application/problem+json");
    assert_eq!(server.get("/nope").await.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn pages_ask_for_nothing_from_elsewhere() {
    let server = Server::start(Sample::shop());
    for path in ["/", "/slos/checkout-availability", "/incidents", "/alerts", "/status"] {
        let page = server.text(path).await;
        assert!(!page.contains("<script") && !page.contains(" style="), "{path}: the content policy forbids them");
        for part in page.split(['"', '\'']).filter(|part| part.starts_with("http")) {
            assert!(part.starts_with("http-equiv") || !page.contains(&format!("src=\"{part}")), "{path}: {part}");
        }
    }
    let style = server.get("/assets/evenkeel.css").await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    assert!(style.text().await.unwrap().contains("prefers-color-scheme: dark"));
}

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' </textarea>]]>\u{202e}javascript:";

/// The shop with hostile words wherever a word can come from outside.
fn hostile() -> Sample {
    let mut sample = Sample::shop();
    let words = || HOSTILE.to_owned();
    let labels = || {
        Labels::new().with("team", HOSTILE).with(HOSTILE, HOSTILE).with("alertname", HOSTILE).with("service", HOSTILE)
    };
    let snapshot = Snapshot::clone(&sample.snapshot);
    let mut review = evenkeel::evaluate::review::result::Review::clone(&snapshot.review);
    for incident in &mut review.incidents {
        incident.service = words();
    }
    for episode in &mut review.episodes {
        episode.slo = words();
    }
    // Ids are made of labels, so the alerts of an incident are found anew.
    let alerts: Vec<Alert> = review.alerts.iter().cloned().collect();
    let hostile = alerts.into_iter().map(|alert| {
        let before = alert.id();
        let alert = Alert { rule: words(), labels: labels(), ..alert };
        for incident in review.incidents.iter_mut().filter(|i| i.alerts.contains(&before)) {
            incident.alerts.push(alert.id());
        }
        alert
    });
    review.alerts = hostile.collect();
    for rule in &mut review.noise.rules {
        rule.rule = words();
    }
    for page in &mut review.noise.page_reasons {
        (page.rule, page.reason, page.service) = (words(), words(), Some(words()));
    }
    let slos = snapshot.slos.iter().map(|judgement| {
        let slo = Slo { service: words(), description: words(), labels: labels(), ..Slo::clone(&judgement.slo) };
        let mut judgement = renamed(judgement, "unused");
        let slo = Arc::new(slo);
        judgement.windows.iter_mut().for_each(|status| status.slo = Arc::clone(&slo));
        judgement.tiers.iter_mut().for_each(|tier| tier.tier.name = words());
        judgement.slo = slo;
        judgement
    });
    let slos = Arc::new(slos.collect());
    let findings = Arc::new(vec![Finding::other(words(), words(), words())]);
    sample.snapshot =
        Arc::new(Snapshot { slos, review: Arc::new(review), findings: Arc::clone(&findings), ..snapshot });
    for change in &mut sample.changes {
        (change.service, change.summary, change.object.name) = (words(), words(), words());
    }
    for source in &mut sample.status.sources {
        (source.name, source.address, source.last_error) = (words(), words(), Some(words()));
    }
    for looped in &mut sample.status.loops {
        looped.last_error = Some(words());
    }
    sample.status.store.last_error = Some(words());
    sample.status.findings = findings;
    sample
}

#[tokio::test]
async fn hostile_words_stay_words() {
    let server = Server::start(hostile());
    let paths = [
        "/",
        "/slos/payments-authorization",
        "/slos/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/incidents",
        "/incidents?service=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/incidents/11111111111111111111111111111111",
        "/incidents/%3Cscript%3E",
        "/alerts",
        "/status",
        "/?state=%3Cscript%3E",
        "/?page=%3Cscript%3E",
        "/?q=%3Cscript%3E%22%3E&%3Cscript%3E=1",
        "/services/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/teams/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/incidents?q=%3Cscript%3E%22%3E",
        "/alerts?q=%3Cscript%3E%22%3E&month=%3Cscript%3E",
        "/slos/payments-authorization?from=%3Cscript%3E&range=%3Cscript%3E",
    ];
    for path in paths {
        let page = server.text(path).await;
        for markup in ["<script", "<img", "</textarea", "href=\"javascript"] {
            assert!(!page.contains(markup), "{path} holds {markup:?}");
        }
        assert!(!text_of(&page).contains('\u{202e}'), "{path} turns the direction of the text");
    }
    for path in ["/", "/slos/payments-authorization", "/incidents", "/alerts", "/status"] {
        let page = server.text(path).await;
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{path} shows the words");
    }
}

#[tokio::test]
async fn very_long_words_do_not_make_very_long_pages() {
    let mut sample = Sample::shop();
    sample.status.sources[0].last_error = Some("x".repeat(1 << 20));
    let server = Server::start(sample);
    assert!(server.text("/status").await.len() < 50_000);
}

#[tokio::test]
async fn an_slo_is_shown_over_any_time() {
    let server = Server::start(Sample::shop());
    let hour = text_of(&server.text("/slos/payments-authorization?range=1h").await);
    assert!(
        hour.contains("In this time1h") && hour.contains("24 Nov 2026, 14:42 UTC to 24 Nov 2026, 15:42 UTC"),
        "{hour}"
    );
    let day = server.text("/slos/payments-authorization?from=2026-11-20T00:00&to=2026-11-21T00:00").await;
    assert!(text_of(&day).contains("20 Nov 2026, 00:00 UTC to 21 Nov 2026, 00:00 UTC"));
    assert!(day.contains("value=\"2026-11-20T00:00\""), "the form keeps it");
    assert!(day.contains("<summary>Values of these charts</summary>"), "values without pointing");
    for wrong in
        ["range=soon", "range=30s", "from=yesterday", "from=2026-11-24T00:00&to=2026-11-23T00:00", "range=900d"]
    {
        let status = server.get(&format!("/slos/payments-authorization?{wrong}")).await.status();
        assert!(status == 400 || status == 422, "{wrong}: {status}");
    }
}

#[tokio::test]
async fn charts_fit_phones_and_their_links_are_no_pictures() {
    let server = Server::start(Sample::shop());
    for path in ["/slos/payments-authorization", "/incidents", "/incidents/11111111111111111111111111111111"] {
        let page = server.text(path).await;
        assert!(page.contains("desk\"") && page.contains("phone\""), "{path} is drawn in both widths");
        for svg in page.split("<svg").skip(1).filter_map(|svg| svg.split_once("</svg>")).map(|(svg, _)| svg) {
            assert!(!(svg.contains("role=\"img\"") && svg.contains("<a ")), "{path}: a picture has no links inside");
        }
        for region in page.split("class=\"scroll\"").skip(1) {
            let tag = region.split('>').next().unwrap();
            assert!(
                tag.contains("tabindex=\"0\"") && tag.contains("aria-label="),
                "{path}: reached by keyboard: {tag}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_observed_is_not_judged_and_not_quiet() {
    let server = Server::start(Sample::shop());
    let page = server.text("/slos/recommendations-availability").await;
    let alerts = page.split("Burn-rate alerts</h2>").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(!alerts.contains("chip quiet"), "{alerts}");
}

#[tokio::test]
async fn a_calendar_window_names_its_zone() {
    let server = Server::start(Sample::shop());
    let page = text_of(&server.text("/slos/payments-authorization?window=month").await);
    assert!(page.contains("a month of Europe/Berlin"), "{page}");
}

#[tokio::test]
async fn an_incident_shows_what_was_around_it_and_drafts_its_post_mortem() {
    let server = Server::start(Sample::shop());
    let id = "15151515151515151515151515151515";
    let page = server.text(&format!("/incidents/{id}")).await;
    assert!(text_of(&page).contains("Errors and traffic of login-success"), "the SLO that lost most");
    let file = server.get(&format!("/incidents/{id}/postmortem.md")).await;
    assert_eq!(file.headers()["content-type"], "text/markdown; charset=utf-8");
    assert_eq!(file.headers()["content-disposition"], format!("attachment; filename=\"postmortem-{id}.md\"").as_str());
    let text = file.text().await.unwrap();
    for part in [
        "# Incident of ",
        "## Timeline",
        "**onset**",
        "LoginFailuresHigh",
        "login-success",
        "## Root cause",
        "## Actions",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(server.get("/incidents/nope/postmortem.md").await.status(), 404);
    let hostile = Server::start(hostile());
    let text = hostile.text("/incidents/11111111111111111111111111111111/postmortem.md").await;
    assert!(!text.contains("<script>") && text.contains("\\<script\\>"), "{text}");
}
