//! The names that Kubernetes gives to pods, Jobs, ReplicaSets and claims, back to
//! the name of the workload that they were made for.
//!
//! The controllers append to the workload's name: a StatefulSet the number of the
//! replica, a DaemonSet or a Job five random characters, a Deployment the hash of
//! its template and five random characters, a CronJob the minute of the run. A
//! name that was made from a longer one is cut to 58 characters first.

/// Kubernetes draws random characters from these, so that they spell no words
/// (`k8s.io/apimachinery/pkg/util/rand`).
const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";
const RANDOM_LENGTH: usize = 5;

/// The hash of a template is a number of 32 bits whose decimal digits are written
/// with these.
const HASH: &str = "456789bcdf";
/// One hash in a hundred thousand is shorter; a part of a name as short as that is
/// a word.
const HASH_LENGTHS: std::ops::RangeInclusive<usize> = 6..=10;

/// Longest name that random characters are appended to.
const BASE_MAX: usize = 58;

/// Runs of CronJobs from 2015 to 2040: in minutes since 1970, and before
/// Kubernetes 1.21 in seconds.
const RUN_MINUTES: std::ops::RangeInclusive<u64> = 23_600_000..=36_900_000;
const RUN_SECONDS: std::ops::RangeInclusive<u64> = 1_420_000_000..=2_210_000_000;

/// Names that charts give to the claim templates of a StatefulSet; a claim is
/// called TEMPLATE-STATEFULSET-NUMBER.
const CLAIM_TEMPLATES: [&str; 14] = [
    "data",
    "datadir",
    "data-volume",
    "db-data",
    "redis-data",
    "storage",
    "storage-volume",
    "persistent-storage",
    "volume",
    "pvc",
    "db",
    "wal",
    "logs",
    "export",
];

/// The workload of a pod. `node`: where the pod runs, if that is known; the name of
/// a static pod ends with it.
pub fn of_pod<'a>(pod: &'a str, node: Option<&str>) -> &'a str {
    let fixed = node.and_then(|node| pod.strip_suffix(node)?.strip_suffix('-'));
    if let Some(name) = fixed.filter(|name| !name.is_empty()) {
        return name;
    }
    if pod.len() == BASE_MAX + RANDOM_LENGTH {
        return of_cut(pod);
    }
    match cut(pod, is_random) {
        Some(made) => of_job(of_replica_set(made)),
        None => cut(pod, is_ordinal).unwrap_or(pod),
    }
}

/// The Deployment of a ReplicaSet.
pub fn of_replica_set(name: &str) -> &str {
    cut(name, is_hash).unwrap_or(name)
}

/// The CronJob of a Job; the Job itself where no CronJob made it.
pub fn of_job(name: &str) -> &str {
    cut(name, is_run).unwrap_or(name)
}

/// The StatefulSet of a claim, if one made it; else the claim's own name.
pub fn of_claim(name: &str) -> &str {
    let Some(claim) = cut(name, is_ordinal) else { return name };
    // TEMPLATE is often NAME-db, as with the operator of Prometheus.
    let repeated = claim.split_once("-db-").filter(|(template, set)| template == set).map(|(_, set)| set);
    let of_template = |template: &&str| claim.strip_prefix(*template)?.strip_prefix('-').filter(|set| !set.is_empty());
    let longest = CLAIM_TEMPLATES.iter().filter_map(of_template).min_by_key(|set| set.len());
    repeated.or(longest).unwrap_or(claim)
}

/// What an autoscaler is for: KEDA and people name it after that.
pub fn of_autoscaler(name: &str) -> &str {
    let name = name.strip_prefix("keda-hpa-").unwrap_or(name);
    without_end(name, &["-hpa", "-autoscaler"])
}

/// What a PodDisruptionBudget is for.
pub fn of_budget(name: &str) -> &str {
    without_end(name, &["-pdb"])
}

/// The workload behind the owner of a pod.
pub fn of_owner(name: &str) -> &str {
    of_job(of_replica_set(name))
}

fn without_end<'a>(name: &'a str, ends: &[&str]) -> &'a str {
    ends.iter().find_map(|end| name.strip_suffix(end)).filter(|name| !name.is_empty()).unwrap_or(name)
}

/// A name of full length: the random characters follow what is left of it, which
/// may end within the hash or the minute.
fn of_cut(pod: &str) -> &str {
    let Some((base, random)) = pod.split_at_checked(BASE_MAX) else { return pod };
    if !is_random(random) {
        return pod;
    }
    let base = base.trim_end_matches('-');
    let part_of = |text: &str, alphabet: &str| !text.is_empty() && text.chars().all(|c| alphabet.contains(c));
    cut(base, |tail| part_of(tail, HASH) || part_of(tail, "0123456789")).unwrap_or(base)
}

/// What is before the last dash, if what is behind it fits.
fn cut(name: &str, fits: impl Fn(&str) -> bool) -> Option<&str> {
    name.rsplit_once('-').filter(|(head, tail)| !head.is_empty() && fits(tail)).map(|(head, _)| head)
}

fn is_random(text: &str) -> bool {
    text.len() == RANDOM_LENGTH && text.chars().all(|c| RANDOM.contains(c))
}

fn is_hash(text: &str) -> bool {
    HASH_LENGTHS.contains(&text.len()) && text.chars().all(|c| HASH.contains(c))
}

fn is_run(text: &str) -> bool {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits && text.parse().is_ok_and(|n| RUN_MINUTES.contains(&n) || RUN_SECONDS.contains(&n))
}

fn is_ordinal(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_names_its_workload() {
        for (pod, workload) in [
            ("checkout-7d9f8b6c5-x2v9k", "checkout"),
            ("web-shop-6b9d7c54df-4lqzt", "web-shop"),
            ("search-8b7c6d-x2v9k", "search"),
            ("fluent-bit-xk2vd", "fluent-bit"),
            ("postgres-0", "postgres"),
            ("kafka-12", "kafka"),
            ("report-29412360-w8x2c", "report"),
            ("report-1604998740-w8x2c", "report"),
            ("migrate-x7k2p", "migrate"),
            // No controller made these.
            ("checkout-worker", "checkout-worker"),
            ("backup-20261127", "backup-20261127"),
            ("standalone", "standalone"),
            ("-x2v9k", "-x2v9k"),
            ("", ""),
        ] {
            assert_eq!(of_pod(pod, None), workload, "{pod}");
        }
        assert_eq!(of_pod("kube-apiserver-cp-1", Some("cp-1")), "kube-apiserver");
    }

    #[test]
    fn a_name_that_was_cut_still_names_its_workload() {
        let deployment = "a-deployment-with-a-name-that-is-very-long-indeed-v2";
        for hash in ["7d9f8", "7d9f", "6b9d7"] {
            let base: String = format!("{deployment}-{hash}").chars().take(BASE_MAX).collect();
            let pod = format!("{base:-<58}x2v9k");
            assert_eq!(of_pod(&pod, None), deployment, "{pod}");
        }
        let words = format!("{:x<58}x2v9k", "nothing-of-a-hash-is-left-as-the-name-is-longer-than-that");
        assert_eq!(of_pod(&words, None), &words[..58]);
    }

    #[test]
    fn jobs_sets_and_claims_name_their_workload() {
        assert_eq!(of_job("invoice-export-29169240"), "invoice-export");
        assert_eq!(of_job("import-2026"), "import-2026");
        assert_eq!(of_replica_set("checkout-7d9f8b6c5"), "checkout");
        assert_eq!(["keda-hpa-cart", "cart-hpa", "cart", "-hpa"].map(of_autoscaler), ["cart", "cart", "cart", "-hpa"]);
        assert_eq!(["cart-pdb", "cart"].map(of_budget), ["cart", "cart"]);
        assert_eq!(["cart-7d9f8b6c5", "mailing-29412360", "cart"].map(of_owner), ["cart", "mailing", "cart"]);
        for (claim, workload) in [
            ("data-postgres-0", "postgres"),
            ("redis-data-cache-master-0", "cache-master"),
            ("prometheus-k8s-db-prometheus-k8s-0", "prometheus-k8s"),
            ("uploads", "uploads"),
            ("www-shop-2", "www-shop"),
        ] {
            assert_eq!(of_claim(claim), workload, "{claim}");
        }
    }
}
