//! Replacing the running program by the one that is now in its file: same process, same socket, same
//! open connections.

use std::env;
use std::ffi::{CString, NulError, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::inherited::Legacy;

/// How long the program may take to say whether it could serve.
const CHECK_PATIENCE: Duration = Duration::from_secs(20);

const CHECK_TICK: Duration = Duration::from_millis(5);

/// The signals that order a shutdown.
const STOP_SIGNALS: [libc::c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// Of what it says, so much is passed on.
const ANSWER_BYTES_MAX: usize = 2_000;

/// And so much is read at a time, which is what a pipe holds.
const TAKEN_AT_ONCE_MAX: u64 = 64 << 10;

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
        let running = env::current_exe()?;
        // As it was named or found, so that a link leads to what it points to by then.
        let is_path = Path::new(&name).components().count() > 1;
        let named = match is_path {
            true => std::path::absolute(&name).ok().filter(|path| path.exists()),
            false => find(&name, &running),
        };
        let path = named.unwrap_or(running);
        let settings = arguments.skip_while(|word| word == "serve").collect();
        Ok(Program {
            path,
            name,
            settings,
        })
    }

    /// Asks the program that is in the file now whether it could serve with our settings. Returns what
    /// it says of itself. Looks again and again whether to go on with it.
    ///
    /// # Errors
    /// What it says against it, or why not to go on.
    pub fn check(&self, mut goes_on: impl FnMut() -> Result<(), String>) -> Result<String, String> {
        let path = self.path.display();
        let mut child = Command::new(&self.path)
            .arg("check")
            .args(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("{path} cannot be run: {cause}"))?;
        let outputs = (outlet(child.stdout.take()), outlet(child.stderr.take()));
        let (mut said, mut complaint) = outputs;
        let deadline = Instant::now() + CHECK_PATIENCE;
        let status = loop {
            let status = child.try_wait();
            // Even when it has ended, somebody it has started may hold its outputs open.
            said.take();
            complaint.take();
            let why = match (status, goes_on()) {
                (Ok(Some(status)), _) => break status,
                (_, Err(why)) => why,
                (Ok(None), Ok(())) if Instant::now() < deadline => {
                    thread::sleep(CHECK_TICK);
                    continue;
                }
                _ => {
                    let seconds = CHECK_PATIENCE.as_secs();
                    format!("{path} check did not end within {seconds} s")
                }
            };
            let _ = child.kill();
            let _ = child.wait();
            return Err(why);
        };
        let (said, complaint) = (said.text(), complaint.text());
        if status.success() {
            Ok(said)
        } else {
            Err(format!("{path} check: {status}: {complaint}"))
        }
    }

    /// Becomes the program that is in the file now. Returns only when that fails.
    ///
    /// Not by std's `exec`, which lets every blocked signal in before: one that waits for the
    /// successor would end this process.
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

/// Where in PATH a shell has found this program.
fn find(name: &OsStr, running: &Path) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let is_it = |path: &PathBuf| path.canonicalize().is_ok_and(|file| file == running);
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(is_it)
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

/// What a child writes to one of its outputs.
struct Outlet {
    pipe: Option<File>,
    bytes: Vec<u8>,
}

fn outlet(pipe: Option<impl Into<OwnedFd>>) -> Outlet {
    let pipe = pipe.map(|pipe| File::from(pipe.into()));
    if let Some(pipe) = &pipe {
        // SAFETY: it takes three numbers, and changes a flag of a pipe that only we read.
        unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    }
    let bytes = Vec::new();
    Outlet { pipe, bytes }
}

impl Outlet {
    /// Takes what is there by now. A child must not wait for us, and we must not wait for it.
    fn take(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            // It ends with an error where a read would wait, and keeps what came before.
            let _ = pipe.take(TAKEN_AT_ONCE_MAX).read_to_end(&mut self.bytes);
            self.bytes.truncate(ANSWER_BYTES_MAX);
        }
    }

    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        text.trim().replace('\n', "; ")
    }
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
