//! The settings of where the prices come from.

use std::time::Duration;

use super::{BadSetting, bad};
use crate::cli::Settings;
use crate::price_files::PriceFiles;

/// Where the prices come from, and how soon a change of theirs is noticed.
#[derive(Clone, Debug)]
pub struct Prices {
    pub files: PriceFiles,
    /// How often the files are looked at; `None` for never.
    pub reload_interval: Option<Duration>,
}

const RELOAD: &str = "PRICING_RELOAD_SECONDS";

pub(super) fn prices(settings: &Settings) -> Result<Prices, BadSetting> {
    Ok(Prices {
        files: PriceFiles::new(
            settings.pricing_catalog.as_deref(),
            settings.pricing_overrides.as_deref(),
        ),
        reload_interval: reload_interval(&settings.pricing_reload_seconds)?,
    })
}

/// Looking takes two system calls, so that even a hundred times a second would cost nothing.
fn reload_interval(text: &Option<String>) -> Result<Option<Duration>, BadSetting> {
    let Some(text) = text.as_deref() else {
        return Ok(Some(Duration::from_secs(1)));
    };
    match text.trim().parse::<f64>() {
        Ok(0.0) => Ok(None),
        Ok(seconds) if (0.01..=3_600.0).contains(&seconds) => {
            Ok(Some(Duration::from_secs_f64(seconds)))
        }
        _ => {
            let allowed = "a number of seconds from 0.01 to 3600, or 0, which is never";
            Err(bad(RELOAD, text, allowed))
        }
    }
}
