//! Answers that are expensive to make: made once for all who ask the same, in the
//! background, and kept a while for those who ask later. Work that nobody waits
//! for ends; work for which somebody waited in vain is finished.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::problem::Problem;
use crate::model::asker::Asker;
use crate::publish::answers::AnswerError;

/// Different questions at one time; further ones get 503.
const UNDER_WAY_MAX: usize = 8;
/// Answers that are kept; a report has some hundred kilobytes.
const KEPT_MAX: usize = 16;
/// An answer is kept for this many times as long as it took, so that the same
/// question asked for ever costs less than a tenth of a core.
const KEPT_TIMES: u32 = 10;
const KEPT_LONGEST: Duration = Duration::from_secs(600);

type Made<V> = Result<Arc<V>, Problem>;

/// Answers of one kind, by what was asked.
pub(crate) struct SharedAnswers<V> {
    /// How many are made at one time.
    places: Arc<Semaphore>,
    /// How long one client waits.
    patience: Duration,
    /// Where they are made.
    background: TaskTracker,
    book: Mutex<Book<V>>,
}

struct Book<V> {
    next: u64,
    by_question: BTreeMap<String, Flight<V>>,
}

/// One answer, being made or made.
struct Flight<V> {
    id: u64,
    asker: Asker,
    waiting: usize,
    /// Somebody waited in vain and will ask again.
    is_wanted_later: bool,
    made: watch::Receiver<Option<Made<V>>>,
    /// Until when it may be given to others; absent while it is made.
    good_until: Option<Instant>,
}

impl<V: Send + Sync + 'static> SharedAnswers<V> {
    pub fn new(places: usize, patience: Duration) -> Arc<Self> {
        let book = Mutex::new(Book { next: 0, by_question: BTreeMap::new() });
        Arc::new(SharedAnswers {
            places: Arc::new(Semaphore::new(places)),
            patience,
            background: TaskTracker::new(),
            book,
        })
    }

    /// The answer to a question, which `question` names. `make` may take long; it is
    /// called on a blocking thread, unless the answer is there or on its way.
    pub async fn ask(
        self: &Arc<Self>,
        question: String,
        make: impl FnOnce() -> Result<V, AnswerError> + Send + 'static,
    ) -> Result<Arc<V>, Problem> {
        let mut waiting = self.join(question, make)?;
        let made = tokio::time::timeout(self.patience, waiting.made.wait_for(Option::is_some)).await;
        // Without an answer its thread broke; the cause is in the log.
        let made = made.map(|made| made.ok().and_then(|made| made.clone()));
        let Ok(made) = made else {
            waiting.leave_in_vain();
            return Err(Problem::still_made(self.patience));
        };
        made.unwrap_or_else(|| Err(Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    /// Keeps nothing that was made before: something it may depend on has changed.
    pub fn forget(&self) {
        let mut book = self.locked();
        // Who waits gets what is being made; nobody else does.
        book.by_question.clear();
    }

    fn join(
        self: &Arc<Self>,
        question: String,
        make: impl FnOnce() -> Result<V, AnswerError> + Send + 'static,
    ) -> Result<Waiting<V>, Problem> {
        let now = Instant::now();
        let mut book = self.locked();
        book.by_question.retain(|_, flight| flight.good_until.is_none_or(|until| now < until));
        if let Some(flight) = book.by_question.get_mut(&question) {
            flight.waiting += 1;
            return Ok(Waiting { shared: Arc::clone(self), question, id: flight.id, made: flight.made.clone() });
        }
        if book.by_question.values().filter(|flight| flight.good_until.is_none()).count() >= UNDER_WAY_MAX {
            return Err(Problem::of_status(StatusCode::SERVICE_UNAVAILABLE));
        }
        let (id, asker, (tell, made)) = (book.next, Asker::default(), watch::channel(None));
        book.next += 1;
        let flight = Flight {
            id,
            asker: asker.clone(),
            waiting: 1,
            is_wanted_later: false,
            made: made.clone(),
            good_until: None,
        };
        book.by_question.insert(question.clone(), flight);
        drop(book);
        // Ends the flight also where `make` panics.
        let landing = Landing { shared: Arc::clone(self), question: question.clone(), id };
        let places = Arc::clone(&self.places);
        self.background.spawn(async move {
            // Nobody closes it.
            let Ok(place) = places.acquire_owned().await else { return };
            let began = Instant::now();
            let made = tokio::task::spawn_blocking(move || {
                let _place = place;
                asker.wait_for(make)
            });
            // A panic is in the log.
            let Ok(made) = made.await else {
                // Before anybody who waits learns of it and asks again.
                drop(landing);
                return;
            };
            let made = made.map(|made| made.map(Arc::new).map_err(|error| internal(&error)));
            landing.end(matches!(made, Some(Ok(_))).then(|| began.elapsed()));
            // Without an answer nobody waits.
            let _ = tell.send(made);
        });
        Ok(Waiting { shared: Arc::clone(self), question, id, made })
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Book<V>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn internal(error: &AnswerError) -> Problem {
    tracing::error!(%error, "a question was not answered");
    Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
}

impl<V> Book<V> {
    fn flight(&mut self, question: &str, id: u64) -> Option<&mut Flight<V>> {
        self.by_question.get_mut(question).filter(|flight| flight.id == id)
    }
}

/// Takes a flight out of the book, or notes how long its answer is good.
struct Landing<V: Send + Sync + 'static> {
    shared: Arc<SharedAnswers<V>>,
    question: String,
    id: u64,
}

impl<V: Send + Sync + 'static> Landing<V> {
    /// With how long a complete answer took.
    fn end(&self, took: Option<Duration>) {
        let mut book = self.shared.locked();
        let Some(flight) = book.flight(&self.question, self.id) else { return };
        match took {
            Some(took) => flight.good_until = Some(Instant::now() + (took * KEPT_TIMES).min(KEPT_LONGEST)),
            None => drop(book.by_question.remove(&self.question)),
        }
        let made = book.by_question.iter().filter(|(_, flight)| flight.good_until.is_some());
        if made.clone().count() > KEPT_MAX {
            let first = made.min_by_key(|(_, flight)| flight.good_until).map(|(question, _)| question.clone());
            first.map(|question| book.by_question.remove(&question));
        }
    }
}

impl<V: Send + Sync + 'static> Drop for Landing<V> {
    fn drop(&mut self) {
        let mut book = self.shared.locked();
        if book.flight(&self.question, self.id).is_some_and(|flight| flight.good_until.is_none()) {
            book.by_question.remove(&self.question);
        }
    }
}

/// One client that waits.
struct Waiting<V: Send + Sync + 'static> {
    shared: Arc<SharedAnswers<V>>,
    question: String,
    id: u64,
    made: watch::Receiver<Option<Made<V>>>,
}

impl<V: Send + Sync + 'static> Waiting<V> {
    /// It will ask again: the answer is made all the same.
    fn leave_in_vain(&self) {
        if let Some(flight) = self.shared.locked().flight(&self.question, self.id) {
            flight.is_wanted_later = true;
        }
    }
}

impl<V: Send + Sync + 'static> Drop for Waiting<V> {
    fn drop(&mut self) {
        let mut book = self.shared.locked();
        let Some(flight) = book.flight(&self.question, self.id) else { return };
        flight.waiting -= 1;
        if flight.waiting == 0 && flight.good_until.is_none() && !flight.is_wanted_later {
            flight.asker.leave();
            book.by_question.remove(&self.question);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;
    use crate::model::asker;

    fn shared(patience: Duration) -> Arc<SharedAnswers<usize>> {
        SharedAnswers::new(1, patience)
    }

    #[tokio::test]
    async fn the_same_question_is_answered_once_and_others_apart() {
        let (answers, made, (go, gate)) =
            (shared(Duration::from_secs(60)), Arc::new(AtomicUsize::new(0)), mpsc::channel());
        let gate = Arc::new(Mutex::new(gate));
        let ask = |question: &str| {
            let (made, gate) = (Arc::clone(&made), Arc::clone(&gate));
            answers.ask(question.to_owned(), move || {
                let _ = gate.lock().unwrap().recv();
                Ok(made.fetch_add(1, Ordering::SeqCst))
            })
        };
        let let_go = async {
            for _ in 0..3 {
                go.send(()).unwrap();
            }
        };
        let (first, second, other, ()) = tokio::join!(ask("march"), ask("march"), ask("april"), let_go);
        assert_eq!(first.unwrap(), second.unwrap());
        other.unwrap();
        assert_eq!(made.load(Ordering::SeqCst), 2);
        answers.forget();
        ask("march").await.unwrap();
        assert_eq!(made.load(Ordering::SeqCst), 3, "made again after something has changed");
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let answers = shared(Duration::from_secs(60));
        let (tell, told) = mpsc::channel();
        let asking = answers.ask("march".to_owned(), move || {
            tell.send("begun").unwrap();
            while !asker::has_left() {
                std::thread::yield_now();
            }
            tell.send("ended").unwrap();
            Ok(1)
        });
        let leaving = async {
            while told.try_recv() != Ok("begun") {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = asking => panic!("it is never answered"),
            () = leaving => {}
        }
        assert_eq!(tokio::task::spawn_blocking(move || told.recv()).await.unwrap(), Ok("ended"));
        assert_eq!(*answers.ask("march".to_owned(), || Ok(2)).await.unwrap(), 2, "the next one begins again");
    }

    #[tokio::test]
    async fn who_waited_in_vain_finds_the_answer_later() {
        let answers = shared(Duration::from_millis(20));
        let (go, gate) = mpsc::channel();
        let refused = answers.ask("march".to_owned(), move || Ok(gate.recv().unwrap())).await.unwrap_err();
        assert_eq!((refused.status, refused.kind), (504, "urn:evenkeel:problem:still-made"));
        go.send(7).unwrap();
        let answer = loop {
            match answers.ask("march".to_owned(), || panic!("it is on its way")).await {
                Ok(answer) => break answer,
                Err(problem) => assert_eq!(problem.status, 504),
            }
        };
        assert_eq!(*answer, 7);
    }

    #[tokio::test]
    async fn a_failure_is_told_and_not_kept() {
        let answers = shared(Duration::from_secs(60));
        let fails = || Err(AnswerError { cause: "disk".to_owned() });
        assert_eq!(answers.ask("march".to_owned(), fails).await.unwrap_err().status, 500);
        assert_eq!(answers.ask("march".to_owned(), || panic!("a bug")).await.unwrap_err().status, 500);
        assert_eq!(*answers.ask("march".to_owned(), || Ok(1)).await.unwrap(), 1);
    }
}
