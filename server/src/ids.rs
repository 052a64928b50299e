//! Ids that cannot be guessed. Whoever does not own one gets 404 for it.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// 128 random bits, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SandboxId([u8; 16]);

/// A kept run: 128 random bits, written as a sandbox's are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId([u8; 16]);

/// A coverage matrix: 128 random bits, written as a sandbox's are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MatrixId([u8; 16]);

/// The SHA-256 of a session's token: all that the server keeps of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 32]);

/// What a session's cookie holds: 256 random bits, written as 64 hex digits. Never stored, never logged.
pub struct Token([u8; 32]);

/// The text is not an id in the form the server writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl SandboxId {
    pub fn random() -> Self {
        Self(random())
    }
}

impl RunId {
    pub fn random() -> Self {
        Self(random())
    }
}

impl MatrixId {
    pub fn random() -> Self {
        Self(random())
    }
}

impl Token {
    pub fn random() -> Self {
        Self(random())
    }

    pub fn session(&self) -> SessionId {
        SessionId(Sha256::digest(self.0).into())
    }
}

/// Ties an answer to the log: 64 random bits, written as 16 hex digits.
pub fn request_id() -> String {
    format!("{:016x}", u64::from_ne_bytes(random()))
}

/// A seed for a sandbox whose maker named none.
pub fn random_seed() -> u64 {
    u64::from_ne_bytes(random()) & SEED_MAX
}

/// The largest seed: 2^53 - 1, which JavaScript still reads exactly.
pub const SEED_MAX: u64 = (1 << 53) - 1;

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes once it has started");
    bytes
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], NotAnId> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(NotAnId),
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return Err(NotAnId);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

macro_rules! as_hex {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
        impl FromStr for $id {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                read_hex(text).map($id)
            }
        }
    )*};
}
as_hex!(SandboxId, RunId, MatrixId, SessionId, Token);

impl fmt::Debug for SandboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SessionId {
    /// The beginning is enough to tell sessions apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0[..4], f)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = SandboxId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        let token = Token::random();
        let again: Token = token.to_string().parse().expect("64 digits");
        assert_eq!(again.session(), token.session());
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in
            ["", "1", "../../../../etc/passwd", "ABCDEF00ABCDEF00ABCDEF00ABCDEF00", &"0".repeat(33), &"é".repeat(16)]
        {
            assert_eq!(text.parse::<SandboxId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn a_log_never_shows_a_token_or_the_whole_of_a_session() {
        let token = Token::random();
        assert_eq!(format!("{token:?}"), "Token");
        assert_eq!(format!("{:?}", token.session()).len(), 8);
    }
}
