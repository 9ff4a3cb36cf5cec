//! What a command prints: its answer on standard output; how far it is, and what went wrong, on standard error.
//!
//! A reader may go before the end, as `head -1` does. The rest is for nobody then and is left out, but the command does its work
//! to the end: a call is hung up and a report written all the same.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints a line of the command's answer.
macro_rules! answer {
    ($($text:tt)*) => { $crate::print::answer(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line for the person who waits for the answer.
macro_rules! notice {
    ($($text:tt)*) => { $crate::print::notice(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints text that ends its own lines, as a part of the answer.
pub fn answer(text: Arguments<'_>) {
    if let Err(error) = print(io::stdout().lock(), text) {
        notice!("callwright: the answer cannot be printed: {error}");
    }
}

/// Prints text that ends its own lines, beside the answer.
pub fn notice(text: Arguments<'_>) {
    // When standard error takes nothing, there is no third place to say so.
    drop(print(io::stderr().lock(), text));
}

fn print(mut to: impl Write, text: Arguments<'_>) -> io::Result<()> {
    match to.write_fmt(text).and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing(ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_who_went_is_no_error_and_a_full_disk_is() {
        let text = format_args!("a line\n");
        assert!(print(Refusing(ErrorKind::BrokenPipe), text).is_ok());
        let full = print(Refusing(ErrorKind::StorageFull), text).expect_err("it is told");
        assert_eq!(full.kind(), ErrorKind::StorageFull);
    }
}
