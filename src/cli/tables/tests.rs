//! The tables of the answers that the contract's golden files hold.

use serde::Deserialize;

use super::*;

/// The table of a golden answer, below the file's own place.
fn made<T: for<'a> Deserialize<'a>>(answer: &str, table: impl Fn(&T, Colour) -> String) -> String {
    let answer = serde_json::from_str(answer).unwrap();
    let coloured = table(&answer, Colour::On);
    let plain = table(&answer, Colour::Off);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let codes = ["\u{1b}[31m", "\u{1b}[33m", "\u{1b}[32m", "\u{1b}[2m", "\u{1b}[0m"];
    assert_eq!(codes.iter().fold(coloured, |text, code| text.replace(code, "")), plain);
    plain
}

#[test]
fn show_all() {
    println!("{}", made(include_str!("../../../tests/it/golden/slos.json"), slos));
    println!("{}", made(include_str!("../../../tests/it/golden/slo.json"), slo));
    println!("{}", made(include_str!("../../../tests/it/golden/incidents.json"), incidents));
    println!("{}", made(include_str!("../../../tests/it/golden/alerts.json"), alerts));
    println!("{}", made(include_str!("../../../tests/it/golden/rules.json"), rules));
    println!("{}", made(include_str!("../../../tests/it/golden/status.json"), status));
}
