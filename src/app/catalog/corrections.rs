//! The corrections in force: those of the definition files, and those that were
//! declared over the API and not withdrawn. What is declared is stored before
//! it is used.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::app::runtime::facts::{FactStore, fault};
use crate::definitions::{self, CORRECTIONS_MAX};
use crate::model::operations::correction::Correction;
use crate::model::problem::Problem;
use crate::model::time::Timestamp;
use crate::publish::answers::{CorrectionRefused, DeclaredCorrection, Origin};
use crate::store::{Batch, Declaration, Reader, StoreError};

/// Entries of the trail at most: ten a day for years. It is never shortened, so
/// it must not fill the disk either.
const TRAIL_MAX: usize = 20_000;

/// Corrections, shared by the tasks that apply them and those that change them.
#[derive(Default)]
pub struct Corrections {
    /// Of the files; the API cannot change them.
    files: RwLock<Arc<Vec<Arc<Correction>>>>,
    in_force: RwLock<Arc<Vec<Arc<Correction>>>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

impl Corrections {
    pub fn new(files: Vec<Correction>, reader: &Reader) -> Result<Corrections, StoreError> {
        let corrections = Corrections::default();
        corrections.commit(corrections.prepare(files, reader)?);
        Ok(corrections)
    }

    /// Other corrections of the files, with those of the API, to be committed.
    pub fn prepare(&self, files: Vec<Correction>, reader: &Reader) -> Result<PreparedCorrections, StoreError> {
        let files: Vec<Arc<Correction>> = files.into_iter().map(Arc::new).collect();
        let in_force = in_force(&files, &reader.declarations()?);
        Ok(PreparedCorrections { files, in_force })
    }

    /// Held from `prepare` to `commit`, so that nothing is declared in between.
    pub async fn changing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    pub fn commit(&self, prepared: PreparedCorrections) {
        let PreparedCorrections { files, in_force } = prepared;
        // The same ones stay the same object, so that nobody judges for nothing.
        if *self.in_force() != in_force {
            *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(in_force);
        }
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(files);
    }

    fn files(&self) -> Arc<Vec<Arc<Correction>>> {
        Arc::clone(&self.files.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn in_force(&self) -> Arc<Vec<Arc<Correction>>> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All in force with where they come from, by name.
    pub fn listed(&self) -> Vec<DeclaredCorrection> {
        let files = self.files();
        let origin = |c: &Arc<Correction>| match files.iter().any(|file| file.name == c.name) {
            true => Origin::File,
            false => Origin::Api,
        };
        self.in_force().iter().map(|c| DeclaredCorrection { correction: Arc::clone(c), origin: origin(c) }).collect()
    }

    /// Declares the correction of a document; one of the API with the same name
    /// is replaced.
    pub async fn declare(
        &self,
        facts: &FactStore,
        text: &str,
        now: Timestamp,
    ) -> Result<Arc<Correction>, CorrectionRefused> {
        let correction =
            definitions::parse_correction(text).map_err(|problems| CorrectionRefused::NotSound(told(&problems)))?;
        if self.files().iter().any(|file| file.name == correction.name) {
            return Err(CorrectionRefused::OfFile(correction.name));
        }
        let declaration = Declaration {
            name: correction.name.clone(),
            text: Some(text.to_owned()),
            author: correction.author.clone(),
            reason: correction.reason.clone(),
            recorded_at: now,
        };
        self.add(facts, declaration).await?;
        Ok(Arc::new(correction))
    }

    /// Withdraws a correction of the API. The trail keeps it.
    pub async fn withdraw(
        &self,
        facts: &FactStore,
        name: &str,
        author: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), CorrectionRefused> {
        if self.files().iter().any(|file| file.name == name) {
            return Err(CorrectionRefused::OfFile(name.to_owned()));
        }
        if !self.in_force().iter().any(|c| c.name == name) {
            return Err(CorrectionRefused::Unknown(name.to_owned()));
        }
        let declaration = Declaration {
            name: name.to_owned(),
            text: None,
            author: author.to_owned(),
            reason: reason.to_owned(),
            recorded_at: now,
        };
        self.add(facts, declaration).await
    }

    async fn add(&self, facts: &FactStore, declaration: Declaration) -> Result<(), CorrectionRefused> {
        let _one_at_a_time = self.changing.lock().await;
        let failed = |error: anyhow::Error| CorrectionRefused::NotStored(fault(&error));
        let trail = facts.read(|reader| reader.declarations()).await.and_then(|trail| Ok(trail?)).map_err(failed)?;
        let is_new = !self.in_force().iter().any(|c| c.name == declaration.name);
        // What is in force can always be withdrawn.
        if declaration.text.is_some() && trail.len() >= TRAIL_MAX {
            return Err(CorrectionRefused::TrailFull(TRAIL_MAX));
        }
        if declaration.text.is_some() && is_new && self.in_force().len() >= CORRECTIONS_MAX {
            return Err(CorrectionRefused::TooMany(CORRECTIONS_MAX));
        }
        let recorded_at = declaration.recorded_at;
        let batch = Batch { declarations: vec![declaration], recorded_at, ..Batch::default() };
        facts.write(batch).await.map_err(failed)?;
        let files = self.files();
        let all = facts.read(move |reader| Ok::<_, StoreError>(in_force(&files, &reader.declarations()?))).await;
        let all = all.and_then(|all| Ok(all?)).map_err(failed)?;
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(all);
        Ok(())
    }
}

/// What `Corrections::commit` puts in force.
pub struct PreparedCorrections {
    files: Vec<Arc<Correction>>,
    in_force: Vec<Arc<Correction>>,
}

/// Of the trail the last word on each name stands; a file goes before the API.
fn in_force(files: &[Arc<Correction>], trail: &[Declaration]) -> Vec<Arc<Correction>> {
    let last: BTreeMap<&str, &Declaration> = trail.iter().map(|d| (d.name.as_str(), d)).collect();
    let mut all: BTreeMap<String, Arc<Correction>> = BTreeMap::new();
    for declaration in last.values() {
        let Some(text) = &declaration.text else { continue };
        match definitions::parse_correction(text) {
            Ok(correction) => drop(all.insert(correction.name.clone(), Arc::new(correction))),
            Err(problems) => {
                tracing::error!(
                    name = declaration.name,
                    problems = told(&problems),
                    "a stored correction cannot be read; it does not apply"
                );
            }
        }
    }
    all.extend(files.iter().map(|c| (c.name.clone(), Arc::clone(c))));
    all.into_values().collect()
}

/// All problems in one text.
fn told(problems: &[Problem]) -> String {
    let one = |p: &Problem| {
        let hint = p.hint.as_ref().map_or(String::new(), |hint| format!(" ({hint})"));
        let place = if p.path.is_empty() { String::new() } else { format!("{}: ", p.path) };
        format!("{place}{}{hint}", p.message)
    };
    problems.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, to: &str) -> String {
        format!(
            r#"{{"apiVersion": "evenkeel/v1", "kind": "Correction", "metadata": {{"name": "{name}"}},
                "spec": {{"slos": ["checkout"], "from": "2026-07-01T00:00:00Z", "to": "{to}",
                          "author": "ops", "reason": "database upgrade"}}}}"#
        )
    }

    #[tokio::test]
    async fn what_is_declared_survives_a_restart_and_what_is_withdrawn_stays_in_the_trail() {
        let dir = tempfile::tempdir().unwrap();
        let facts = FactStore::open(dir.path()).unwrap();
        let file = definitions::parse_correction(&document("from-file", "2026-07-02T00:00:00Z")).unwrap();
        let corrections = Corrections::new(vec![file.clone()], &facts.reader).unwrap();
        let now = Timestamp::from_millis(1_800_000_000_000);
        corrections.declare(&facts, &document("upgrade", "2026-07-01T02:00:00Z"), now).await.unwrap();
        corrections.declare(&facts, &document("upgrade", "2026-07-01T03:00:00Z"), now).await.unwrap();
        corrections.declare(&facts, &document("mistake", "2026-07-01T04:00:00Z"), now).await.unwrap();
        corrections.withdraw(&facts, "mistake", "ops", "wrong service", now).await.unwrap();

        let again = Corrections::new(vec![file], &facts.reader).unwrap();
        for corrections in [&corrections, &again] {
            let names: Vec<String> = corrections.in_force().iter().map(|c| c.name.clone()).collect();
            assert_eq!(names, ["from-file", "upgrade"]);
            assert_eq!(corrections.listed()[1].origin, Origin::Api);
        }
        let trail = facts.reader.declarations().unwrap();
        assert_eq!(trail.len(), 4);
        assert_eq!((trail[3].text.as_deref(), trail[3].reason.as_str()), (None, "wrong service"));

        for name in ["mistake", "never"] {
            let refused = corrections.withdraw(&facts, name, "ops", "again", now).await.unwrap_err();
            assert!(matches!(refused, CorrectionRefused::Unknown(_)), "{refused}");
        }
        let refused = corrections.declare(&facts, &document("from-file", "2026-07-01T04:00:00Z"), now).await;
        assert!(matches!(refused, Err(CorrectionRefused::OfFile(_))));
        let refused = corrections.declare(&facts, &document("Late", "2026-06-01T00:00:00Z"), now).await.unwrap_err();
        let told = refused.to_string();
        assert!(told.contains("not later than") && told.contains("metadata.name"), "{told}");
    }
}
