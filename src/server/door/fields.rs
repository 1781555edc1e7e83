//! The header fields that decide where a request ends and what becomes of its connection. Pure.

use httparse::Header;

use super::head::Framing;
use super::refusal::Refusal;

/// The fields that decide where the request ends and what becomes of its connection.
#[derive(Default)]
pub struct Fields<'a> {
    host: Option<&'a [u8]>,
    content_length: Option<&'a [u8]>,
    transfer_encoding: Option<&'a [u8]>,
    pub expect: Option<&'a [u8]>,
    pub has_connection: bool,
    pub closes: bool,
    pub keeps_alive: bool,
}

impl<'a> Fields<'a> {
    pub fn note(&mut self, field: &Header<'a>) -> Result<(), Refusal> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        let value = field.value.trim_ascii();
        // By length first: nearly every field is told apart by it alone.
        match field.name.len() {
            4 if is("Host") => only(&mut self.host, value, "there is more than one Host"),
            6 if is("Expect") => {
                // A list of one; repeated, it is a list of two, of which one is not known.
                if self.expect.replace(value).is_some() {
                    return Err(Refusal::Expectation);
                }
                Ok(())
            }
            10 if is("Connection") => {
                self.has_connection = true;
                for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                    self.closes |= option.eq_ignore_ascii_case(b"close");
                    self.keeps_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
                Ok(())
            }
            14 if is("Content-Length") => only(
                &mut self.content_length,
                value,
                "there is more than one Content-Length",
            ),
            17 if is("Transfer-Encoding") => only(
                &mut self.transfer_encoding,
                value,
                "there is more than one Transfer-Encoding",
            ),
            _ => Ok(()),
        }
    }

    /// RFC 9112, 3.2: exactly one, and valid; HTTP/1.0 knew none.
    pub fn check_host(&self, is_old: bool) -> Result<(), Refusal> {
        match self.host {
            None if is_old => Ok(()),
            None => Err(Refusal::Malformed("the Host field is missing")),
            Some(host) if is_host(host) => Ok(()),
            Some(_) => Err(Refusal::Malformed("the Host field is not valid")),
        }
    }

    /// RFC 9112, 6.1 to 6.3, without the leniences.
    pub fn framing(&self, is_old: bool) -> Result<Framing, Refusal> {
        match (self.transfer_encoding, self.content_length) {
            (None, None) => Ok(Framing::Length(0)),
            (None, Some(length)) => {
                if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
                    return Err(Refusal::Malformed("Content-Length is not a number"));
                }
                // More digits than a number holds are more bytes than anybody takes.
                let text = str::from_utf8(length).unwrap_or_default();
                Ok(Framing::Length(text.parse().unwrap_or(u64::MAX)))
            }
            (Some(_), Some(_)) => Err(Refusal::Malformed(
                "there is a Content-Length beside a Transfer-Encoding",
            )),
            (Some(_), None) if is_old => {
                Err(Refusal::Malformed("HTTP/1.0 has no Transfer-Encoding"))
            }
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (Some(codings), None) => {
                let mut listed = codings.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
                let chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
                let ends_chunked = listed.next_back().is_some_and(chunked);
                if ends_chunked && !listed.any(chunked) {
                    Err(Refusal::TransferCoding)
                } else {
                    Err(Refusal::Malformed(
                        "the end of the body is unknown: chunked must be the last transfer coding",
                    ))
                }
            }
        }
    }

    pub fn expects_continue(&self, is_old: bool) -> Result<bool, Refusal> {
        match self.expect {
            None => Ok(false),
            Some(_) if is_old => Ok(false),
            Some(value) if value.eq_ignore_ascii_case(b"100-continue") => Ok(true),
            Some(_) => Err(Refusal::Expectation),
        }
    }
}

/// A name or an address, and perhaps a port (RFC 9110, 7.2). It may be empty.
fn is_host(host: &[u8]) -> bool {
    let is_name_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(byte);
    let is_address_byte = |byte: &u8| is_name_byte(byte) || *byte == b':';
    let is_port = |rest: &[u8]| match rest.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    };
    let end_of = |wanted: u8| host.iter().position(|&byte| byte == wanted);
    if host.first() == Some(&b'[') {
        // An IPv6 address has colons of its own.
        return end_of(b']').is_some_and(|end| {
            host[1..end].iter().all(is_address_byte) && is_port(&host[end + 1..])
        });
    }
    let (name, port) = host.split_at(end_of(b':').unwrap_or(host.len()));
    name.iter().all(is_name_byte) && is_port(port)
}

/// Keeps the value of a field that must not be repeated, not even with the same value.
fn only<'a>(
    slot: &mut Option<&'a [u8]>,
    value: &'a [u8],
    repeated: &'static str,
) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Malformed(repeated)),
    }
}
