//! What callers must know: one or more secrets, in a setting or in a file.

use std::fmt;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{BadSetting, bad};
use crate::text_file;

/// More keys than anybody hands out; each is compared with what is sent.
const API_KEYS_MAX: usize = 32;

/// A longer secret is a file of something else.
const SECRET_BYTES_MAX: usize = 4_096;

const FILE_BYTES_MAX: u64 = 64 << 10;

/// Which secrets there are, and how they are written.
pub struct Kind {
    variable: &'static str,
    file_variable: &'static str,
    /// The secrets of a setting, and those of a file.
    of_value: fn(&str) -> Vec<&str>,
    of_file: fn(&str) -> Vec<&str>,
    count_max: usize,
    allowed: &'static str,
    allowed_file: &'static str,
}

pub static API_KEYS: Kind = Kind {
    variable: "MCP_API_KEY",
    file_variable: "MCP_API_KEY_FILE",
    of_value: |text| trimmed(text.split(',')),
    of_file: |text| trimmed(text.lines().filter(|line| !line.trim().starts_with('#'))),
    count_max: API_KEYS_MAX,
    allowed: "1 to 32 keys of printable ASCII characters, with commas between them",
    allowed_file: "a file of 1 to 32 keys of printable ASCII characters, one a line",
};

pub static SHUTDOWN_TOKEN: Kind = Kind {
    variable: "SHUTDOWN_TOKEN",
    file_variable: "SHUTDOWN_TOKEN_FILE",
    of_value: |text| trimmed([text].into_iter()),
    of_file: |text| trimmed([text].into_iter()),
    count_max: 1,
    allowed: "a token of printable ASCII characters",
    allowed_file: "a file with a token of printable ASCII characters",
};

fn trimmed<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// Whether a header can carry it.
fn is_usable(secret: &str) -> bool {
    secret.len() <= SECRET_BYTES_MAX && secret.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

impl Kind {
    /// The secrets, as whatever `keep` makes of them; `None` when neither the value nor the file is
    /// set. Set to nothing is not set, as compose files write it.
    fn load<T>(
        &self,
        value: &Option<String>,
        file: &Option<String>,
        keep: fn(&str) -> T,
    ) -> Result<Option<Vec<T>>, BadSetting> {
        let said = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
        match (said(value), said(file)) {
            (None, None) => Ok(None),
            (Some(value), None) => {
                let refusal = || BadSetting {
                    name: self.variable,
                    value: None,
                    cause: None,
                    allowed: self.allowed.to_owned(),
                };
                let secrets = self.checked((self.of_value)(&value), keep);
                secrets.map(Some).ok_or_else(refusal)
            }
            (None, Some(file)) => self.read(&file, keep).map(Some),
            (Some(_), Some(file)) => Err(BadSetting {
                cause: Some(format!("{} is set as well", self.variable)),
                ..bad(self.file_variable, &file, "one of the two")
            }),
        }
    }

    fn read<T>(&self, file: &str, keep: fn(&str) -> T) -> Result<Vec<T>, BadSetting> {
        let refusal = |cause| BadSetting {
            cause,
            ..bad(self.file_variable, file, self.allowed_file)
        };
        let (text, _) = text_file::read(Path::new(file), FILE_BYTES_MAX)
            .map_err(|cause| refusal(Some(cause.to_string())))?;
        self.checked((self.of_file)(&text), keep)
            .ok_or_else(|| refusal(None))
    }

    fn checked<T>(&self, secrets: Vec<&str>, keep: fn(&str) -> T) -> Option<Vec<T>> {
        let is_good = (1..=self.count_max).contains(&secrets.len())
            && secrets.iter().all(|secret| is_usable(secret));
        is_good.then(|| secrets.into_iter().map(keep).collect())
    }

    /// The first secret in clear.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn text(
        &self,
        value: &Option<String>,
        file: &Option<String>,
    ) -> Result<Option<String>, BadSetting> {
        let secrets = self.load(value, file, str::to_owned)?;
        Ok(secrets.and_then(|secrets| secrets.into_iter().next()))
    }
}

/// Only the digest of a secret is kept: it cannot be printed, and comparing takes as long for every
/// secret of whatever length.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Secret([u8; 32]);

impl Secret {
    fn of(text: &str) -> Secret {
        Secret(Sha256::digest(text).into())
    }
}

/// The secrets that open one door, any one of them. Those of a file may change at any time.
pub struct Keyring {
    kind: &'static Kind,
    file: Option<String>,
    secrets: RwLock<Vec<Secret>>,
}

impl Keyring {
    /// `None` when nothing is set.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn of(
        kind: &'static Kind,
        value: &Option<String>,
        file: &Option<String>,
    ) -> Result<Option<Keyring>, BadSetting> {
        let secrets = kind.load(value, file, Secret::of)?;
        Ok(secrets.map(|secrets| Keyring {
            kind,
            file: file.clone().filter(|file| !file.is_empty()),
            secrets: RwLock::new(secrets),
        }))
    }

    /// Whether the caller knows one of the secrets. All are compared, so that the time it takes
    /// tells neither which one it was nor how close a guess came.
    pub fn opens(&self, sent: &str) -> bool {
        let sent = Secret::of(sent);
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        let any = secrets
            .iter()
            .fold(Choice::from(0), |any, secret| any | secret.0.ct_eq(&sent.0));
        any.into()
    }

    /// Whether the secrets stand in a file.
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Takes what the file holds now; says what is new, when something is.
    ///
    /// # Errors
    /// When the file can no longer be used; then the secrets stay as they are.
    pub fn renew(&self) -> Result<Option<String>, BadSetting> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let found = self.kind.read(file, Secret::of)?;
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if *secrets == found {
            return Ok(None);
        }
        *secrets = found;
        let (name, count) = (self.kind.file_variable, secrets.len());
        Ok(Some(format!("{name}: new secrets, {count} in all")))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
