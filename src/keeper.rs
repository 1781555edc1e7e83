//! The thread that keeps the current book current: it watches the price files and turns the page at
//! midnight UTC. Everything slow happens here, before anybody sees the new book. It watches the files
//! of secrets as well.

use std::io;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use log::{info, warn};

use crate::api::{Api, Book};
use crate::clock::today;
use crate::config::{BadSetting, Keyring};
use crate::memory;
use crate::price_files::{PriceFiles, Sight, Stock, Why};
use crate::vitals::count;

/// How often to look whether the day has changed.
const DAY_CHECK: Duration = Duration::from_secs(60);

/// How many refused entries are named in the log.
const REFUSALS_SHOWN: usize = 5;

/// What the keeper goes by.
pub struct Keeper {
    pub api: Arc<Api>,
    pub files: PriceFiles,
    /// How often to look at the files; `None` for never.
    pub interval: Option<Duration>,
}

impl Keeper {
    /// Puts the first book on the shelf, and the lists in it together from a thread that looks after the
    /// files from then on. A request that wants a list before it is put together waits for it.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(self, stock: Stock) -> io::Result<()> {
        let now = SystemTime::now();
        report_refusals(&stock);
        let book = Arc::new(Book::new(Arc::new(stock.catalog), today(now)));
        self.api.shelf.put(Arc::clone(&book));
        self.api.supply.note_start(now);
        let thread = thread::Builder::new().name("keeper".into());
        thread.spawn(move || {
            // A list that cannot be put together is tried again by whoever asks for it.
            self.survive(|| self.api.prepare(&book));
            drop(book);
            memory::give_back();
            yield_to_requests();
            self.keep(stock.sight);
        })?;
        Ok(())
    }

    fn keep(&self, sight: Sight) {
        let mut seen = Seen {
            sight,
            is_to_retry: false,
        };
        let has_secrets = self.api.access.keyrings().any(Keyring::has_file);
        let has_files = has_secrets || !self.files.is_none();
        let interval = self.interval.filter(|_| has_files);
        let mut secret_faults = Vec::new();
        loop {
            for nap in naps(interval.unwrap_or(DAY_CHECK)) {
                thread::sleep(nap);
                let prepare = |book: &Book| self.api.prepare(book);
                self.survive(|| self.api.shelf.turn_page(SystemTime::now(), prepare));
            }
            if interval.is_none() {
                continue;
            }
            if self.survive(|| self.look(&mut seen)).is_none() {
                // Once is enough for these files.
                seen.sight = self.files.look();
                let fault =
                    "the program failed while it loaded the price files; its log says where";
                self.api.supply.note_failure(fault.into());
            }
            if let Some(faults) = self.survive(|| self.renew_secrets(&secret_faults)) {
                secret_faults = faults;
            }
        }
    }

    /// Does something that must not end this thread; `None` if it panicked, which is counted.
    fn survive<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
        if outcome.is_none() {
            count(&self.api.vitals.panics);
        }
        outcome
    }

    /// Takes in secrets whose files have changed. These files are short, so they are read each time.
    /// Returns what is wrong with them, which is logged when it was not known before.
    fn renew_secrets(&self, known: &[BadSetting]) -> Vec<BadSetting> {
        let mut faults = Vec::new();
        for keyring in self.api.access.keyrings() {
            match keyring.renew() {
                Ok(None) => {}
                Ok(Some(news)) => info!("{news}"),
                Err(bad) => {
                    if !known.contains(&bad) {
                        warn!("{bad}; what was in it before stays in use");
                    }
                    faults.push(bad);
                }
            }
        }
        faults
    }

    /// Takes the files in if they have changed since they were last seen.
    fn look(&self, seen: &mut Seen) {
        let sight = self.files.look();
        let is_new = sight != seen.sight;
        if !is_new && !seen.is_to_retry {
            return;
        }
        let outcome = self.files.load();
        if self.files.look() != sight {
            // Somebody is writing to them; there is another look soon.
            return;
        }
        *seen = Seen {
            sight,
            is_to_retry: false,
        };
        match outcome {
            Ok(stock) => self.replace(stock),
            Err(unusable) => {
                seen.is_to_retry = matches!(unusable.why, Why::Unreadable(_));
                let fault = self.api.supply.record().fault;
                if !is_new && fault.is_some_and(|fault| fault == unusable.to_string()) {
                    return;
                }
                warn!("{unusable}; the prices stay as they are");
                unusable.details().for_each(|line| warn!("{line}"));
                self.api.supply.note_failure(unusable.to_string());
            }
        }
    }

    fn replace(&self, stock: Stock) {
        let summary = stock.summary();
        report_refusals(&stock);
        let now = SystemTime::now();
        let book = Arc::new(Book::new(Arc::new(stock.catalog), today(now)));
        self.api.prepare(&book);
        self.api.shelf.put(book);
        self.api.supply.note_reload(now);
        memory::give_back();
        info!("new prices: {summary}");
    }
}

/// What the keeper last saw of the files.
struct Seen {
    sight: Sight,
    /// They could not be read, for a reason that may pass and leave no trace in how they look, such as
    /// too many open files.
    is_to_retry: bool,
}

/// The time between two looks at the files, in pieces after each of which the day is looked at.
fn naps(interval: Duration) -> impl Iterator<Item = Duration> {
    let mut left = interval;
    iter::from_fn(move || {
        let nap = left.min(DAY_CHECK);
        left -= nap;
        (!nap.is_zero()).then_some(nap)
    })
}

fn report_refusals(stock: &Stock) {
    let refused = &stock.refused;
    if refused.is_empty() {
        return;
    }
    warn!(
        "{} entries of the price map are left out, since their prices cannot be right",
        refused.len()
    );
    for refusal in refused.iter().take(REFUSALS_SHOWN) {
        warn!("left out: {}: {}", refusal.key, refusal.reason);
    }
}

/// Putting a book together takes a core for a moment. From here on this thread gets one only when no
/// request wants it.
fn yield_to_requests() {
    const LEAST_URGENT: libc::c_int = 19;
    // SAFETY: the call takes three numbers. On Linux, 0 means the calling thread alone.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, LEAST_URGENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_left_alone_for_the_whole_interval_and_the_day_is_not() {
        for (seconds, expected) in [
            (0.01, vec![0.01]),
            (60.0, vec![60.0]),
            (150.0, vec![60.0, 60.0, 30.0]),
            (3_600.0, vec![60.0; 60]),
        ] {
            let naps: Vec<f64> = naps(Duration::from_secs_f64(seconds))
                .map(|nap| nap.as_secs_f64())
                .collect();
            assert_eq!(naps, expected, "{seconds}");
        }
    }
}
