//! Labels that hold numbers: `le` and `quantile`. The same bound is written as `1`,
//! `1.0` or `1e0`, depending on the library and on the version of Prometheus, and
//! libraries that keep bounds as 32-bit floats write `0.02500000037252903`.

/// The labels that are compared as numbers.
const NUMBERS: [&str; 2] = ["le", "quantile"];

pub(super) fn is_number(label: &str) -> bool {
    NUMBERS.contains(&label)
}

/// Whether two numbers are one, as far as a 32-bit float can tell.
pub fn same_number(a: f64, b: f64) -> bool {
    a == b || (a.is_finite() && b.is_finite() && (a as f32) == (b as f32))
}

/// The number that a label holds; infinity is written with and without a sign.
pub fn number_of(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| !number.is_nan())
}

/// One spelling for all spellings of a number.
pub fn canonical(text: &str) -> Option<String> {
    let number = number_of(text)?;
    let short = number as f32;
    Some(match number {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        number if short.is_infinite() => number.to_string(),
        _ => short.to_string(),
    })
}

/// The ways in which libraries and servers write a number.
pub fn spellings(text: &str) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    let Some(number) = number_of(text) else { return all };
    if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "+" };
        all.extend([format!("{sign}Inf"), if number < 0.0 { "-inf".to_owned() } else { "Inf".to_owned() }]);
    } else {
        let short = number as f32;
        for number in [number, f64::from(short)] {
            all.extend([format!("{number}"), format!("{number:?}"), format!("{number:e}"), go(number)]);
        }
        all.extend([format!("{short}"), format!("{short:?}")]);
    }
    all.sort();
    all.dedup();
    all
}

/// As Go writes a number with an exponent: two digits and a sign.
fn go(number: f64) -> String {
    let text = format!("{number:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bound_has_many_spellings() {
        for text in ["1", "1.0", "1e0", "1.00"] {
            assert_eq!(canonical(text).as_deref(), Some("1"), "{text}");
        }
        assert_eq!(canonical("0.02500000037252903"), canonical("0.025"));
        assert_eq!(canonical("Inf").as_deref(), Some("+Inf"));
        assert_eq!((canonical("1e300").map(|t| t.len()), canonical("fast")), (Some(301), None));
        assert!(same_number(0.1, 0.10000000149011612) && !same_number(0.1, 0.1001));
        let of = |text: &str| spellings(text);
        assert!(["1", "1.0", "1e0", "1e+00"].iter().all(|s| of("1").contains(&(*s).to_owned())), "{:?}", of("1"));
        assert!(of("1000000").contains(&"1e+06".to_owned()));
        assert!(of("0.025").contains(&"0.02500000037252903".to_owned()));
        assert!(of("+Inf").contains(&"Inf".to_owned()));
    }
}
