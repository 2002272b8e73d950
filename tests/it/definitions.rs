//! Definitions as users meet them: mistakes with the text that `check` prints,
//! and the shipped definitions, which must load without a word.
//!
//! Each `golden/definitions/X.yaml` has its expected text in `X.txt`. Run with
//! UPDATE_GOLDEN=1 to write them, then read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use evenkeel::cli::output::problems::render;
use evenkeel::cli::output::table::Colour;
use evenkeel::definitions;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable asks for the recorded texts to be written anew")]
fn mistakes_are_told_as_recorded() {
    let directory = root().join("tests/it/golden/definitions");
    let mut differing = Vec::new();
    let mut seen = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        seen += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        let (_, problems) = definitions::parse(&fs::read_to_string(&path).unwrap(), name);
        let told = render(&problems, Colour::Off);
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != told {
            differing.push(format!("{name} tells:\n{told}"));
        }
        assert!(!told.is_empty(), "{name} holds no mistake");
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(seen > 10);
}

#[test]
fn shipped_definitions_load_without_a_word() {
    let shipped = root().join("slo-definitions");
    for entry in fs::read_dir(&shipped).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let loaded = definitions::load(std::slice::from_ref(&path));
            assert_eq!(render(&loaded.problems, Colour::Off), "", "{}", path.display());
            assert!(!loaded.slos.is_empty() || !loaded.kpis.is_empty(), "{}", path.display());
            assert_eq!(loaded.check_sources(&["main"]), [], "they go with any one source");
        }
    }
    let all = definitions::load(&[shipped]);
    assert_eq!(all.problems, [], "names are unique over all of them");
}

#[test]
fn the_scorecard_ships_each_of_its_25_kpis_once() {
    let mut numbers: Vec<u8> = definitions::load(&[root().join("slo-definitions/scorecard")])
        .kpis
        .iter()
        .filter_map(|kpi| kpi.number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=25).collect::<Vec<u8>>());
}

#[test]
fn shipped_definitions_say_what_they_promise() {
    let loaded = definitions::load(&[root().join("slo-definitions")]);
    for slo in &loaded.slos {
        assert!(slo.description.ends_with('.'), "{}: a sentence", slo.name);
        assert!(slo.team().is_some(), "{}: somebody's", slo.name);
    }
    let platform = definitions::load(&[root().join("slo-definitions/kubernetes")]);
    let services: BTreeSet<&str> = platform.slos.iter().map(|slo| slo.service.as_str()).collect();
    for service in ["kube-apiserver", "coredns", "ingress-nginx", "nodes", "certificates", "prometheus", "alertmanager"]
    {
        assert!(services.contains(service), "{service}");
    }
    assert!(Path::new(&root().join("slo-definitions/README.md")).exists());
}

#[test]
fn the_example_configuration_is_sound() {
    let file = root().join("examples/evenkeel.yaml");
    let anything = evenkeel::config::Environment { variable: &|_| Some("value".to_owned()), readable: &|_| Ok(()) };
    let (config, problems) = evenkeel::config::load(Some(&file), &evenkeel::config::Overrides::default(), &anything);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(config.is_some());
}
