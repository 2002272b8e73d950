//! What the times of an incident mean.

/// In a few words.
pub(super) fn meaning(name: &str) -> &'static str {
    match name {
        "onset" => "users began to be hurt",
        "condition" => "an alert's expression first held",
        "firing" => "an alert fired",
        "notified" => "someone was notified",
        "acknowledged" => "someone accepted it",
        "mitigated" => "the cause was countered",
        "restored" => "users were served again",
        _ => "the last alert ended",
    }
}
