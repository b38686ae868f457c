//! Many texts in one buffer: a block of the heap for each of them takes longer than its fake.

/// Texts by number, in the order in which they came; some may be NULL.
#[derive(Default)]
pub(crate) struct Texts {
    buffer: String,
    spans: Vec<Span>,
}

/// Where a text begins and its length in bytes.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    length: u32,
}

/// The length of NULL; the server has no text that long.
const NULL: u32 = u32::MAX;

impl Texts {
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Forgets the texts and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.spans.clear();
    }

    pub(crate) fn push(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.write(|buffer| buffer.push_str(text)),
            None => self.spans.push(Span { start: self.buffer.len(), length: NULL }),
        }
    }

    /// Adds what `work` writes to the end of the buffer.
    pub(crate) fn write(&mut self, work: impl FnOnce(&mut String)) {
        let span = self.append(work);
        self.spans.push(span);
    }

    /// Another text for that number; the place of the old one is lost.
    pub(super) fn replace(&mut self, number: usize, text: &str) {
        let span = self.append(|buffer| buffer.push_str(text));
        if let Some(place) = self.spans.get_mut(number) {
            *place = span;
        }
    }

    fn append(&mut self, work: impl FnOnce(&mut String)) -> Span {
        let start = self.buffer.len();
        work(&mut self.buffer);
        Span { start, length: (self.buffer.len() - start) as u32 }
    }

    /// None for NULL, and for a number that no text has.
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        self.spans.get(number).and_then(|span| self.text(span))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.spans.iter().map(|span| self.text(span))
    }

    fn text(&self, span: &Span) -> Option<&str> {
        (span.length != NULL).then(|| &self.buffer[span.start..span.start + span.length as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_numbers() {
        let mut texts = Texts::default();
        texts.push(Some("one"));
        texts.push(None);
        texts.push(Some(""));
        texts.write(|buffer| buffer.push_str("zwölf"));
        texts.replace(0, "another one");
        let all: Vec<Option<&str>> = texts.iter().collect();
        assert_eq!(all, [Some("another one"), None, Some(""), Some("zwölf")]);
        assert_eq!((texts.len(), texts.get(3), texts.get(4)), (4, Some("zwölf"), None));
    }
}
