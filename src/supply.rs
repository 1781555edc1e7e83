//! How the prices got here: written by the keeper, read by the health check.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::price_files::PriceFiles;

/// The record of loads since the start.
#[derive(Debug, Default)]
pub struct Supply {
    record: Mutex<Record>,
}

/// What is known of the catalogue in use.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// `None`: the built-in catalogue.
    pub catalog_file: Option<PathBuf>,
    pub overrides_file: Option<PathBuf>,
    pub loaded_at: Option<SystemTime>,
    /// Files that changed and were taken.
    pub reloads: u64,
    /// Files that changed and could not be used.
    pub failed_reloads: u64,
    /// Why the files as they are now cannot be used. The catalogue before them stays in use.
    pub fault: Option<String>,
}

impl Supply {
    pub fn new(files: &PriceFiles) -> Supply {
        let record = Record {
            catalog_file: files.catalog.clone(),
            overrides_file: files.overrides.clone(),
            ..Record::default()
        };
        Supply {
            record: Mutex::new(record),
        }
    }

    pub fn record(&self) -> Record {
        self.locked().clone()
    }

    /// The first catalogue is in use.
    pub fn note_start(&self, at: SystemTime) {
        self.locked().loaded_at = Some(at);
    }

    /// Changed files are in use.
    pub fn note_reload(&self, at: SystemTime) {
        let mut record = self.locked();
        record.loaded_at = Some(at);
        record.reloads += 1;
        record.fault = None;
    }

    /// Changed files could not be used.
    pub fn note_failure(&self, fault: String) {
        let mut record = self.locked();
        record.failed_reloads += 1;
        record.fault = Some(fault);
    }

    fn locked(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
