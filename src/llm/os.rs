//! The few calls of the operating system that std does not offer. All `unsafe` outside `pg/` is in this file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A counter in the kernel that a thread raises and the main thread waits on together with its latch.
pub(crate) struct EventFd(File);

impl EventFd {
    pub fn new() -> io::Result<EventFd> {
        // SAFETY: eventfd takes no pointers; the result is checked before use.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` is open, ours alone, and owned by the File from here on.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(EventFd(File::from(owned)))
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Makes the descriptor readable. A full counter is readable already, so an error changes nothing.
    pub fn notify(&self) {
        let _ = (&self.0).write(&1u64.to_ne_bytes());
    }

    /// Makes it unreadable until the next [`notify`](Self::notify).
    pub fn drain(&self) {
        let mut count = [0u8; 8];
        let _ = (&self.0).read(&mut count);
    }
}

/// All signals blocked for this thread until dropped. Threads inherit the mask, so that the server's signals reach
/// the main thread alone: its handlers touch the latch and the process's state.
pub(crate) struct SignalsBlocked {
    before: libc::sigset_t,
}

impl SignalsBlocked {
    pub fn new() -> io::Result<SignalsBlocked> {
        // SAFETY: both sets are plain C structs that the calls fill; the pointers live through the calls.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            match libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) {
                0 => Ok(SignalsBlocked { before }),
                code => Err(io::Error::from_raw_os_error(code)),
            }
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by the same call; a null third argument is allowed.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut());
        }
    }
}

/// Lets this thread give way to the process's others: one step of five in the share of a processor.
pub(crate) fn give_way() {
    // SAFETY: no pointers. Of Linux, 0 is the calling thread; a refusal leaves it as it was, which does no harm.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 5);
    }
}

/// The user that the server runs as.
pub(crate) fn effective_uid() -> u32 {
    // SAFETY: geteuid has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_seen_once() {
        let event = EventFd::new().unwrap();
        let readable = |e: &EventFd| {
            let mut poll = libc::pollfd { fd: e.fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid pollfd, no wait.
            unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
        };
        assert!(!readable(&event));
        event.notify();
        event.notify();
        assert!(readable(&event));
        event.drain();
        assert!(!readable(&event));
    }

    #[test]
    fn signals_are_blocked_and_given_back() {
        let blocked = || {
            // SAFETY: reads the present mask into a zeroed set.
            unsafe {
                let mut now: libc::sigset_t = std::mem::zeroed();
                libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut now);
                libc::sigismember(&raw const now, libc::SIGTERM) == 1
            }
        };
        assert!(!blocked());
        {
            let _guard = SignalsBlocked::new().unwrap();
            assert!(blocked());
        }
        assert!(!blocked());
    }
}
