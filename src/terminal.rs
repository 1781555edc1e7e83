//! The terminal that standard output may be.

use std::io::{IsTerminal, stdout};

/// How wide the terminal is that standard output goes to, in cells; `None` when it goes elsewhere. `COLUMNS`
/// wins, as for other programs.
pub fn width() -> Option<usize> {
    if !stdout().is_terminal() {
        return None;
    }
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|text| text.parse().ok());
    said.or_else(asked).filter(|width| *width > 0).or(Some(80))
}

fn asked() -> Option<usize> {
    // SAFETY: all zeros are a size, and the call writes one where it is told to.
    let size = unsafe {
        let mut size: libc::winsize = std::mem::zeroed();
        (libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) == 0).then_some(size)
    };
    size.map(|size| usize::from(size.ws_col))
}
