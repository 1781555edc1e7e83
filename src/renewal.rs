//! Replacing the running program by the one that is now in its file: same process, same socket, same
//! open connections.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
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

/// The signals that order a shutdown. They wait while the program is replaced.
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
        let mut arguments = std::env::args_os();
        let name = arguments.next().unwrap_or_default();
        // As it was named, so that a link leads to what it points to by then.
        let named = std::path::absolute(&name).ok();
        let is_path = Path::new(&name).components().count() > 1;
        let path = match named.filter(|path| is_path && path.exists()) {
            Some(path) => path,
            None => std::env::current_exe()?,
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
    pub fn replace(&self, legacy: &Legacy) -> io::Error {
        let (name, value) = legacy.variable();
        let mut command = Command::new(&self.path);
        command
            .arg0(&self.name)
            .args(&self.settings)
            .env(name, value);
        // SAFETY: blocking signals is safe at any moment, and there is no child: this is the process
        // itself, right before it is replaced.
        unsafe {
            command.pre_exec(|| {
                mask_stop_signals(libc::SIG_BLOCK);
                Ok(())
            });
        }
        legacy.keep_open(true);
        let cause = command.exec();
        legacy.keep_open(false);
        let_stop_signals_in();
        cause
    }
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

/// Lets the signals in that waited while the program was replaced; to be called when there are
/// handlers for them.
pub fn let_stop_signals_in() {
    mask_stop_signals(libc::SIG_UNBLOCK);
}

fn mask_stop_signals(how: libc::c_int) {
    // SAFETY: the set is valid when it is all zeroes, and outlives the calls; it only masks signals of
    // this thread.
    unsafe {
        let mut signals: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut signals);
        for signal in STOP_SIGNALS {
            libc::sigaddset(&raw mut signals, signal);
        }
        libc::pthread_sigmask(how, &raw const signals, std::ptr::null_mut());
    }
}
