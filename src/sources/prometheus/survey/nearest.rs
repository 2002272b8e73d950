//! Names that were probably meant.

/// Names that are proposed at most.
const PROPOSED_MAX: usize = 3;
/// Names that are as alike as this may be the same with a typing mistake, or with
/// another suffix.
const ALIKE_MIN: f64 = 0.88;

/// The known names that are most like a name, the nearest first.
pub(super) fn nearest(name: &str, known: &[String]) -> Vec<String> {
    let mut alike: Vec<(f64, &String)> =
        known.iter().map(|one| (likeness(name, one), one)).filter(|(likeness, _)| *likeness >= ALIKE_MIN).collect();
    alike.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    alike.into_iter().take(PROPOSED_MAX).map(|(_, one)| one.clone()).collect()
}

fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    // Words in another order or one word more: `errors_http_total`, `http_errors`.
    let words = |text: &str| text.split(['_', ':', '.', '-']).map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (words(&a), words(&b));
    let shared = left.iter().filter(|word| right.contains(word)).count() as f64;
    let by_words = 2.0 * shared / (left.len() + right.len()).max(1) as f64;
    strsim::normalized_damerau_levenshtein(&a, &b).max(by_words).max(strsim::jaro(&a, &b) - 0.03)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_mistakes_and_other_suffixes_are_near() {
        let known: Vec<String> = ["http_requests_total", "http_request_duration_seconds_count", "up", "go_goroutines"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(nearest("http_request_total", &known).first(), Some(&known[0]));
        assert_eq!(nearest("http_reqeusts_total", &known).first(), Some(&known[0]));
        assert_eq!(nearest("queue_length", &known), Vec::<String>::new());
        let codes = ["ERROR", "OK"].map(str::to_owned);
        assert_eq!(nearest("error", &codes), ["ERROR"]);
    }
}
