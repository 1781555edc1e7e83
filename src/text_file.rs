//! Files that an operator writes and may replace while the service runs.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a file, and what the file system says of it.
///
/// # Errors
/// When it is no regular file, has more than `bytes_max` bytes, cannot be read, or is not UTF-8.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<(String, Metadata)> {
    let metadata = fs::metadata(path)?;
    let refuse = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    if !metadata.is_file() {
        // Opening a pipe would wait for whoever writes to it.
        return Err(refuse("it is not a regular file".into()));
    }
    if metadata.len() > bytes_max {
        let text = format!("it has {} bytes, more than {bytes_max}", metadata.len());
        return Err(refuse(text));
    }
    let mut text = fs::read_to_string(path)?;
    // Some editors begin UTF-8 with a mark that nobody sees and no parser expects.
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok((text, metadata))
}
