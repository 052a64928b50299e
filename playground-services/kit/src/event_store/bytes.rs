//! Numbers and texts as bytes, for events, states and whatever an upcaster turns into something else.

/// These bytes are not what they should be: the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Writes one field behind the other.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Seven bits a byte, the lowest first; the eighth says that more follow (LEB128).
    #[inline]
    pub fn u64(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Zigzag (0, -1, 1, -2, …), so that small numbers of either sign are short, then as [`Writer::u64`].
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.u64(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// Its length, then its UTF-8.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Their number, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.raw(bytes);
    }

    /// The bytes alone: whoever reads them knows how many there are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

/// Reads the fields in the order in which they were written.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed("a number of more than 64 bits"))
    }

    #[inline]
    pub fn i64(&mut self) -> Result<i64, Malformed> {
        let value = self.u64()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text that is not UTF-8"))
    }

    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.u64()?).map_err(|_| CUT_OFF)?;
        self.raw(length)
    }

    #[inline]
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (read, left) = self.0.split_at_checked(length).ok_or(CUT_OFF)?;
        self.0 = left;
        Ok(read)
    }

    #[inline]
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        let (read, left) = self.0.split_first().ok_or(CUT_OFF)?;
        self.0 = left;
        Ok(*read)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All there is was read.
    #[inline]
    pub fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed("more bytes than there are fields")) }
    }
}

const CUT_OFF: Malformed = Malformed("it ends within a field");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(unsigned: u64, signed: i64, text: String) {
            let mut writer = Writer::default();
            writer.u64(unsigned);
            writer.i64(signed);
            writer.text(&text);
            let mut reader = Reader::new(writer.as_slice());
            prop_assert_eq!((reader.u64(), reader.i64(), reader.text()), (Ok(unsigned), Ok(signed), Ok(&*text)));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let reader = Reader::new(&bytes);
            let _ = (reader.clone().u64(), reader.clone().i64(), reader.clone().text(), reader.clone().bytes());
        }
    }

    #[test]
    fn small_numbers_take_one_byte() {
        let mut writer = Writer::default();
        [0, -1, 1, -64, 63].into_iter().for_each(|number| writer.i64(number));
        assert_eq!(writer.as_slice(), [0, 1, 2, 127, 126]);
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        assert!(Reader::new(&[0xff; 10]).u64().is_err());
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(Reader::new(&most).u64(), Ok(u64::MAX));
    }
}
