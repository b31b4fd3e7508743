//! Files that go with a message: what they are is told by their content, never by their name.

use std::sync::Arc;

use evenkeel_protocol::Attachment;

/// No more files than this go with a message.
pub const FILES: usize = 10;
/// A text has no more bytes than this …
pub const TEXT_BYTES: usize = 512 * 1024;
/// … an image no more than this …
pub const IMAGE_BYTES: usize = 5 * 1024 * 1024;
/// … and all together no more than this.
pub const ALL_BYTES: usize = 20 * 1024 * 1024;
/// An image that is larger than this on either side, in pixels, is made smaller.
pub const SIDE: u32 = 2048;
/// A pasted text of more characters than this becomes a file.
pub const LONG_PASTE: usize = 10_000;

/// A file that is going to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// It is told by this from the others of the page.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// So many bytes.
    pub size: usize,
    /// Its content in base64; none while it is read.
    pub data: Option<Arc<str>>,
    /// A small picture of an image, as a `data:` address.
    pub thumbnail: Option<Arc<str>>,
    /// The text, where it was pasted and became a file for its length.
    pub pasted: Option<Arc<str>>,
}

impl Attached {
    /// It as it is sent, once it has been read.
    pub fn attachment(&self) -> Option<Attachment> {
        Some(Attachment {
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            data: self.data.as_ref()?.to_string(),
        })
    }

    /// It as it was before it was sent.
    pub fn taken_back(id: u32, file: &Attachment) -> Self {
        Self {
            id,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            // Three bytes stand in four characters.
            size: file.data.trim_end_matches('=').len() * 3 / 4,
            data: Some(file.data.as_str().into()),
            thumbnail: None,
            pasted: None,
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An image of this media type.
    Image(&'static str),
    /// Text in UTF-8.
    Text,
}

impl Kind {
    /// What a content is; none where it is nothing that can be sent.
    pub fn of(content: &[u8]) -> Option<Self> {
        if content.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Image("image/png"))
        } else if content.starts_with(b"\xff\xd8\xff") {
            Some(Self::Image("image/jpeg"))
        } else if content.starts_with(b"GIF87a") || content.starts_with(b"GIF89a") {
            Some(Self::Image("image/gif"))
        } else if content.starts_with(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
            Some(Self::Image("image/webp"))
        } else {
            let text = !content.contains(&0) && std::str::from_utf8(content).is_ok();
            text.then_some(Self::Text)
        }
    }

    /// What a content is that begins like this.
    pub fn of_beginning(content: &[u8]) -> Option<Self> {
        Self::of(content).or_else(|| {
            let cut = std::str::from_utf8(content).err()?;
            // It ends in the middle of a character, and is sound up to there.
            let text = !content.contains(&0) && cut.error_len().is_none();
            text.then_some(Self::Text)
        })
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Image(media_type) => media_type,
            Self::Text => "text/plain",
        }
    }

    /// It may have so many bytes.
    pub fn limit(self) -> usize {
        match self {
            Self::Image(_) => IMAGE_BYTES,
            Self::Text => TEXT_BYTES,
        }
    }
}

/// Why a file cannot be sent, in a sentence that names it; none where it can. `others` are the bytes of those that are
/// there already.
pub fn refusal(name: &str, size: usize, kind: Option<Kind>, others: &[usize]) -> Option<String> {
    let all = others.iter().sum::<usize>() + size;
    match kind {
        _ if others.len() >= FILES => Some(format!(
            "{name} was left out: no more than {FILES} files go with a message."
        )),
        _ if size == 0 => Some(format!("{name} was left out: it is empty.")),
        None => Some(format!(
            "{name} was left out: only text (UTF-8) and PNG, JPEG, GIF or WebP images can be sent."
        )),
        Some(kind) if size > kind.limit() => Some(format!(
            "{name} was left out: it has {}, and {} may have {}.",
            bytes(size),
            match kind {
                Kind::Image(_) => "an image",
                Kind::Text => "a text",
            },
            bytes(kind.limit()),
        )),
        Some(_) if all > ALL_BYTES => Some(format!(
            "{name} was left out: all files together may have {}.",
            bytes(ALL_BYTES)
        )),
        Some(_) => None,
    }
}

/// A number of bytes, as people say it: "812 B", "14 KiB", "2.3 MiB".
pub fn bytes(count: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * 1024;
    match count {
        0..KIB => format!("{count} B"),
        KIB..MIB => format!("{} KiB", count.div_ceil(KIB)),
        _ if count.is_multiple_of(MIB) => format!("{} MiB", count / MIB),
        _ => {
            let tenths = (count * 10).div_ceil(MIB);
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        }
    }
}

/// The size an image is made, where it is too large to be of use as it is.
pub fn smaller(width: u32, height: u32) -> Option<(u32, u32)> {
    let longest = width.max(height);
    if longest <= SIDE {
        return None;
    }
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(SIDE) / u64::from(longest);
        // No larger than SIDE.
        u32::try_from(side.max(1)).unwrap_or(SIDE)
    };
    Some((scaled(width), scaled(height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_a_file_is() {
        let image = |content: &[u8]| match Kind::of(content) {
            Some(Kind::Image(media_type)) => media_type,
            Some(Kind::Text) | None => "none",
        };
        assert_eq!(image(b"\x89PNG\r\n\x1a\nrest"), "image/png");
        assert_eq!(image(b"\xff\xd8\xff\xe0rest"), "image/jpeg");
        assert_eq!(image(b"GIF89a"), "image/gif");
        assert_eq!(image(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(image(b"RIFF\0\0\0\0WAVE"), "none");
        assert_eq!(Kind::of("Grüße, 世界".as_bytes()), Some(Kind::Text));
        assert_eq!(Kind::of(b"<svg xmlns='x'></svg>"), Some(Kind::Text));
        assert_eq!(Kind::of(b"PK\x03\x04\0\0"), None);
        assert_eq!(Kind::of(b"%PDF-1.7\n\xe2\xe3\xcf\xd3"), None);
    }

    #[test]
    fn a_beginning_may_end_in_the_middle_of_a_character() {
        let text = "Grüße".as_bytes();
        assert_eq!(Kind::of(&text[..3]), None);
        assert_eq!(Kind::of_beginning(&text[..3]), Some(Kind::Text));
        assert_eq!(Kind::of_beginning(b"\xfft"), None);
    }

    #[test]
    fn a_file_that_is_taken_back_is_the_same() {
        let file = Attachment {
            name: "a.txt".into(),
            media_type: "text/plain".into(),
            data: "aGVsbG8=".into(),
        };
        let back = Attached::taken_back(1, &file);
        assert_eq!(back.size, 5);
        assert_eq!(back.attachment(), Some(file));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_in_words_that_name_it() {
        let refused = |size, kind, others: &[usize]| refusal("a.bin", size, kind, others);
        assert_eq!(refused(5, Some(Kind::Text), &[]), None);
        assert_eq!(refused(TEXT_BYTES, Some(Kind::Text), &[1; 9]), None);
        for (size, kind, others, word) in [
            (5, None, &[][..], "only text (UTF-8) and PNG"),
            (0, Some(Kind::Text), &[], "it is empty"),
            (
                TEXT_BYTES + 1,
                Some(Kind::Text),
                &[],
                "it has 513 KiB, and a text may have 512 KiB",
            ),
            (
                IMAGE_BYTES + 1,
                Some(Kind::Image("image/png")),
                &[],
                "it has 5.1 MiB, and an image may have 5 MiB",
            ),
            (5, Some(Kind::Text), &[1; 10], "no more than 10 files"),
            (
                5,
                Some(Kind::Text),
                &[ALL_BYTES],
                "all files together may have 20 MiB",
            ),
        ] {
            let sentence = refused(size, kind, others).unwrap();
            assert!(sentence.starts_with("a.bin was left out: "), "{sentence}");
            assert!(sentence.contains(word), "{sentence}");
        }
    }

    #[test]
    fn large_images_become_smaller_and_keep_their_shape() {
        assert_eq!(smaller(2048, 100), None);
        assert_eq!(smaller(4096, 2048), Some((2048, 1024)));
        assert_eq!(smaller(100, 20_480), Some((10, 2048)));
        assert_eq!(smaller(u32::MAX, 1), Some((2048, 1)));
    }

    #[test]
    fn sizes_are_said_as_people_say_them() {
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(14_000), "14 KiB");
        assert_eq!(bytes(2_400_000), "2.3 MiB");
    }
}
