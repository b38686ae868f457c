//! A key that cannot be printed, compared or serialised, and where it is read from: `env:NAME` of the postmaster or
//! `file:/absolute/path`.

use super::os;
use crate::error::{Code, Error, Result};
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

/// Longer keys are not keys.
const KEY_BYTES: u64 = 8192;

/// Held by the HTTP client alone. It has no Debug, Display or Serialize on purpose.
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    /// A key of printable ASCII without blanks: anything else could end the header that carries it.
    fn new(text: &str, place: &str) -> Result<Secret> {
        let text = text.trim();
        if text.is_empty() {
            return Err(refuse(format!("the key in {place} is empty")));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(refuse(format!("the key in {place} holds characters that no key has")));
        }
        Ok(Secret(text.as_bytes().to_vec()))
    }

    /// The text, for a header that is about to be sent.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// Whether a text repeats the key. Short keys such as `none` would be found everywhere and are no secret.
    pub fn occurs_in(&self, text: &[u8]) -> bool {
        self.0.len() >= 8 && text.windows(self.0.len()).any(|w| w == self.0)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // keeps the compiler from leaving the last write out
        std::hint::black_box(&self.0);
    }
}

/// Tells one key at an address from another, and nothing else: 32 bits of a hash.
pub(crate) fn mark(address: &str, secret: Option<&Secret>) -> u32 {
    let mut hash = Sha256::new();
    hash.update(address);
    hash.update([0]);
    hash.update(secret.map_or("", Secret::expose));
    hash.finalize().iter().take(4).fold(0, |mark, byte| mark << 8 | u32::from(*byte))
}

fn refuse(message: String) -> Error {
    Error::new(Code::ObjectNotInPrerequisiteState, message)
}

/// The form of a key reference alone, for the moment when an endpoint row is written.
pub(crate) fn check_reference(reference: &str) -> Result<()> {
    let bad = |why: &str| {
        Err(Error::invalid(format!("invalid key reference: {why}"))
            .hint("Write env:NAME for an environment variable of the server, or file:/absolute/path. A key itself has no place in a table."))
    };
    if reference.is_empty() {
        return Ok(());
    }
    if let Some(name) = reference.strip_prefix("env:") {
        let mut chars = name.chars();
        let sound = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
        return if sound { Ok(()) } else { bad("env: is followed by the name of a variable") };
    }
    if let Some(path) = reference.strip_prefix("file:") {
        let sound = path.starts_with('/') && !path.contains('\0');
        return if sound { Ok(()) } else { bad("file: is followed by an absolute path") };
    }
    bad("it starts with neither env: nor file:")
}

/// Reads the key that a reference points at; none for an empty reference (local servers need no key).
pub(crate) fn read(reference: &str) -> Result<Option<Secret>> {
    check_reference(reference)?;
    if let Some(name) = reference.strip_prefix("env:") {
        let place = format!("environment variable {name}");
        return match std::env::var(name) {
            Ok(text) => Secret::new(&text, &place).map(Some),
            Err(_) => Err(refuse(format!("the server has no {place}")).hint(
                "Set it in the environment of the postmaster and restart, or let the endpoint's key be file:/absolute/path.",
            )),
        };
    }
    match reference.strip_prefix("file:") {
        Some(path) => read_file(path).map(Some),
        None => Ok(None),
    }
}

/// A regular file of the server's own user that no one else may touch. All checks are made on the opened file, so
/// that it cannot be exchanged between check and read; a link at the end of the path is refused.
fn read_file(path: &str) -> Result<Secret> {
    let place = format!("key file \"{path}\"");
    let io = |e: std::io::Error| refuse(format!("could not open {place}: {}", e.kind()));
    let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(refuse(format!("{place} is not a regular file")));
    }
    if meta.uid() != os::effective_uid() {
        return Err(refuse(format!("{place} does not belong to the user that runs the server")));
    }
    if meta.mode() & 0o7177 != 0 {
        return Err(refuse(format!("{place} may be used by others")).hint("Set its mode to 0600 or 0400."));
    }
    let mut text = String::new();
    file.take(KEY_BYTES + 1).read_to_string(&mut text).map_err(|_| refuse(format!("{place} holds no text")))?;
    if text.len() as u64 > KEY_BYTES {
        return Err(refuse(format!("{place} is too long to be a key")));
    }
    let secret = Secret::new(&text, &place);
    text.replace_range(.., "");
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("nlsql_secret_{}_{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn message(reference: &str) -> String {
        match read(reference) {
            Err(e) => e.message,
            Ok(_) => "accepted".into(),
        }
    }

    #[test]
    fn references() {
        assert!(check_reference("").is_ok());
        assert!(check_reference("env:OPENAI_API_KEY").is_ok());
        assert!(check_reference("file:/etc/nlsql/key").is_ok());
        for bad in ["sk-123", "env:", "env:A B", "env:9", "file:", "file:key", "file:/a\0b"] {
            assert!(check_reference(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_has_to_be_private_regular_and_ours() {
        let dir = folder("file");
        let path = dir.join("key");
        std::fs::write(&path, "sk-test-0123456789\n").unwrap();
        let reference = format!("file:{}", path.display());
        for (mode, ok) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o700, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&reference).is_ok(), ok, "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let secret = read(&reference).ok().flatten().unwrap();
        assert_eq!(secret.expose(), "sk-test-0123456789");
        assert!(secret.occurs_in(b"{\"echo\":\"Bearer sk-test-0123456789\"}"));
        assert!(!secret.occurs_in(b"sk-test"));

        let link = dir.join("link");
        symlink(&path, &link).unwrap();
        assert!(message(&format!("file:{}", link.display())).starts_with("could not open"));
        assert!(message(&format!("file:{}", dir.display())).contains("not a regular file"));
        std::fs::write(&path, "two words").unwrap();
        assert!(message(&reference).contains("characters that no key has"));
        std::fs::write(&path, "").unwrap();
        assert!(message(&reference).contains("is empty"));
        std::fs::write(&path, "x".repeat(9000)).unwrap();
        assert!(message(&reference).contains("too long"));
        assert!(!message(&reference).contains("xxx"), "no error repeats the key");
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_environment() {
        assert!(message("env:NLSQL_NO_SUCH_VARIABLE").contains("NLSQL_NO_SUCH_VARIABLE"));
        assert!(read("env:HOME").ok().flatten().is_some());
        assert!(read("").ok().flatten().is_none());
    }
}
