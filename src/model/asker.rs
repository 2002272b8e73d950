//! Whether somebody still waits for the answer that a thread works on. An answer
//! about months takes seconds; when the client has left, the loops that make it
//! end at the next look, instead of keeping a core busy for nobody.
//!
//! It belongs to the thread, because everything between the question and the
//! innermost loop is synchronous and would only pass it on. What an abandoned loop
//! returns is not complete; `Asker::wait_for` never hands it out.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who asked one question. Copies are of the same asker.
#[derive(Clone, Debug, Default)]
pub struct Asker(Arc<AtomicBool>);

thread_local! {
    static CURRENT: RefCell<Option<Asker>> = const { RefCell::new(None) };
}

/// Whether the asker that this thread works for has left. `false` for work that
/// nobody asked for, such as the rounds of the daemon.
pub fn has_left() -> bool {
    CURRENT.with_borrow(|asker| asker.as_ref().is_some_and(Asker::has_left))
}

impl Asker {
    /// Says that nobody waits any more.
    pub fn leave(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn has_left(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Works for this asker on this thread; `None` when it left meanwhile.
    pub fn wait_for<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        struct Restore(Option<Asker>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self.clone())));
        let made = work();
        (!self.has_left()).then_some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_ends_when_its_asker_leaves_and_what_it_made_is_dropped() {
        let asker = Asker::default();
        let leaving = asker.clone();
        let mut rounds = 0;
        let made = asker.wait_for(|| {
            while !has_left() {
                rounds += 1;
                if rounds == 3 {
                    leaving.leave();
                }
            }
            rounds
        });
        assert_eq!((made, rounds), (None, 3));
        assert!(!has_left(), "other work of the thread has no asker");
        assert_eq!(Asker::default().wait_for(|| 7), Some(7));
    }
}
