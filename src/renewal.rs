//! Replacing the running program by the one that is now in its file: same process, same socket, same
//! open connections.

use std::env;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::inherited::Legacy;

/// How long the program may take to say whether it could serve.
const CHECK_PATIENCE: Duration = Duration::from_secs(20);

const CHECK_TICK: Duration = Duration::from_millis(5);

/// Of what it says, so much is passed on.
const ANSWER_BYTES_MAX: u64 = 2_000;

/// The signals that order a shutdown.
const STOP_SIGNALS: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// The program this process runs, as it was started.
pub struct Program {
    path: PathBuf,
    name: OsString,
    /// Without the word `serve`.
    settings: Vec<OsString>,
}

impl Program {
    /// To be called at the start: later the file may be another, or the folder.
    ///
    /// # Errors
    /// When the system does not say which file it is.
    pub fn of_this_process() -> io::Result<Program> {
        let mut arguments = env::args_os();
        let name = arguments.next().unwrap_or_default();
        // As it was named, so that a link leads to what it points to by then.
        let named = std::path::absolute(&name).ok();
        let is_path = Path::new(&name).components().count() > 1;
        let path = match named.filter(|path| is_path && path.exists()) {
            Some(path) => path,
            None => env::current_exe()?,
        };
        let settings = arguments.skip_while(|word| word == "serve").collect();
        Ok(Program {
            path,
            name,
            settings,
        })
    }

    /// Asks the program that is in the file now whether it could serve with our settings. Returns what
    /// it says of itself.
    ///
    /// # Errors
    /// What it says against it.
    pub fn check(&self) -> Result<String, String> {
        let path = self.path.display();
        let mut child = Command::new(&self.path)
            .arg("check")
            .args(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("{path} cannot be run: {cause}"))?;
        let deadline = Instant::now() + CHECK_PATIENCE;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => thread::sleep(CHECK_TICK),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    let seconds = CHECK_PATIENCE.as_secs();
                    return Err(format!("{path} check did not end within {seconds} s"));
                }
            }
        };
        let (said, complaint) = answer(&mut child);
        if status.success() {
            Ok(said)
        } else {
            Err(format!("{path} check: {status}: {complaint}"))
        }
    }

    /// Becomes the program that is in the file now. Returns only when that fails.
    ///
    /// Not by std's `exec`, which lets all blocked signals in before: one that waits for the
    /// successor would be lost with this program.
    pub fn replace(&self, legacy: &Legacy) -> io::Error {
        let (name, value) = legacy.variable();
        let variables = env::vars_os().chain([(name.into(), value.into())]);
        let environment = variables.map(|(name, value)| [name, value].join(OsStr::new("=")));
        let arguments = [&self.name].into_iter().chain(&self.settings).cloned();
        let lists = c_strings([self.path.clone().into()])
            .and_then(|path| Ok((path, c_strings(arguments)?, c_strings(environment)?)));
        let (path, arguments, environment) = match lists {
            Ok(lists) => lists,
            Err(cause) => return cause.into(),
        };
        let (arguments, environment) = (pointers(&arguments), pointers(&environment));
        legacy.keep_open(true);
        // SAFETY: the path and what both lists point to end with a zero byte, the lists end with a
        // null pointer, and all of it outlives the call.
        unsafe { libc::execve(path[0].as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
        let cause = io::Error::last_os_error();
        legacy.keep_open(false);
        cause
    }
}

fn c_strings(texts: impl IntoIterator<Item = OsString>) -> Result<Vec<CString>, NulError> {
    let texts = texts.into_iter();
    texts.map(|text| CString::new(text.into_vec())).collect()
}

/// What C takes for a list of them.
fn pointers(texts: &[CString]) -> Vec<*const libc::c_char> {
    let texts = texts.iter().map(|text| text.as_ptr());
    texts.chain([std::ptr::null()]).collect()
}

/// What a child that has ended wrote to its two outputs.
fn answer(child: &mut Child) -> (String, String) {
    fn read(from: Option<impl Read>) -> String {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What it says is only for people, and what cannot be read is not shown to them.
            let _ = from.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes);
        }
        let text = String::from_utf8_lossy(&bytes);
        text.trim().replace('\n', "; ")
    }
    (read(child.stdout.take()), read(child.stderr.take()))
}

/// Stop signals wait in the kernel while this is held by the only thread that lets them in, and go to
/// the successor if the program is replaced meanwhile: blocked and pending signals outlive `execve(2)`.
pub struct StopSignalsHeld(());

impl StopSignalsHeld {
    /// Holds them for this thread, and for those it starts, which never let them in.
    pub fn hold() -> StopSignalsHeld {
        mask_stop_signals(libc::SIG_BLOCK);
        StopSignalsHeld(())
    }
}

impl Drop for StopSignalsHeld {
    fn drop(&mut self) {
        mask_stop_signals(libc::SIG_UNBLOCK);
    }
}

fn mask_stop_signals(how: libc::c_int) {
    let mut signals = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the first call makes the set valid, and it outlives the others; only the mask of this
    // thread changes.
    unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        for signal in STOP_SIGNALS {
            libc::sigaddset(signals.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(how, signals.as_ptr(), std::ptr::null_mut());
    }
}
