//! Files that are sent with a message: how many, how large, and what they are. What a file is, its content says; its name
//! and what the sender calls it are only names.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use evenkeel_protocol::Attachment;
use evenkeel_store::File;

use crate::error::Refusal;
use crate::visible::is_seen;

/// Files that one message may have.
pub const FILES: usize = 10;

/// Bytes of a text file.
pub const TEXT_BYTES: usize = 512 * 1024;

/// Bytes of an image.
pub const IMAGE_BYTES: usize = 5 * 1024 * 1024;

/// Bytes of all files of one message.
pub const ALL_BYTES: usize = 20 * 1024 * 1024;

/// Pixels along each side of an image; beyond that no provider looks at it.
const IMAGE_SIDE: usize = 16_384;

/// Characters of a file's name.
const NAME_CHARACTERS: usize = 120;

/// The files of a message, decoded and found to be what can be sent.
///
/// # Errors
///
/// Names the file, what is wrong with it, and the mend.
pub fn read(attachments: &[Attachment]) -> Result<Vec<File>, Refusal> {
    if attachments.len() > FILES {
        return Err(Refusal::invalid(&format!(
            "attachments: there are {}, and a message can have {FILES}; send the others with the next one",
            attachments.len()
        )));
    }
    let mut left = ALL_BYTES;
    let mut files = Vec::with_capacity(attachments.len());
    for (place, attachment) in attachments.iter().enumerate() {
        let refuse = |name: &str, mend: &str| {
            Refusal::invalid(&format!("attachments[{place}] ({name}): {mend}"))
        };
        let name = clean_name(&attachment.name);
        // Before it is decoded: four letters are three bytes.
        if attachment.data.len() / 4 * 3 > ALL_BYTES {
            return Err(refuse(&name, "is larger than 20 MiB; send less"));
        }
        let content = STANDARD.decode(&attachment.data);
        let content = content.map_err(|_| {
            refuse(
                &name,
                "its data is no base64 (with padding, without breaks)",
            )
        })?;
        left = left.checked_sub(content.len()).ok_or_else(|| {
            refuse(
                &name,
                "the files together are larger than 20 MiB; send some of them with the next message",
            )
        })?;
        let media_type = media_type(&name, &content).map_err(|mend| refuse(&name, &mend))?;
        files.push(File {
            media_type: media_type.to_owned(),
            name,
            content,
        });
    }
    Ok(files)
}

/// What a file is, by its content; of text alone the name says what kind of text.
///
/// # Errors
///
/// Where it is nothing that can be sent, or too large; says what to do.
pub fn media_type(name: &str, content: &[u8]) -> Result<&'static str, String> {
    if content.is_empty() {
        return Err("is empty; leave it out".to_owned());
    }
    if let Some(text) = text(content) {
        if text.starts_with("%PDF-") {
            return Err(neither(Some("application/pdf")));
        }
        if content.len() > TEXT_BYTES {
            return Err("is a text of more than 512 KiB; send the part that matters".to_owned());
        }
        return Ok(kind_of_text(name));
    }
    let Some(image) = image(content) else {
        return Err(neither(infer::get(content).map(|kind| kind.mime_type())));
    };
    if content.len() > IMAGE_BYTES {
        return Err("is an image of more than 5 MiB; send a smaller one".to_owned());
    }
    let sides = imagesize::blob_size(content).map(|size| [size.width, size.height]);
    match sides {
        Ok(sides) if sides.contains(&0) => Err(broken(image)),
        Ok(sides) if sides.iter().any(|side| *side > IMAGE_SIDE) => Err(format!(
            "is {} by {} pixels; send one of at most {IMAGE_SIDE} along each side",
            sides[0], sides[1]
        )),
        Ok(_) => Ok(image),
        Err(_) => Err(broken(image)),
    }
}

/// A file's name without folders and without what cannot be seen, at most so long. Its ending stays.
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|c| is_seen(*c)).collect();
    let seen = seen.trim().trim_matches('.').trim();
    if seen.is_empty() {
        return "file".to_owned();
    }
    let length = seen.chars().count();
    if length <= NAME_CHARACTERS {
        return seen.to_owned();
    }
    let ending = seen.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.filter(|ending| ending.chars().count() <= 10);
    let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
    let kept = NAME_CHARACTERS - ending.chars().count();
    seen.chars().take(kept).collect::<String>() + &ending
}

fn text(content: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(content).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn kind_of_text(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("md" | "markdown") => "text/markdown",
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some(_) | None => "text/plain",
    }
}

/// The images that every provider with sight can be shown.
fn image(content: &[u8]) -> Option<&'static str> {
    let known = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    let found = infer::get(content)?.mime_type();
    known.into_iter().find(|known| *known == found)
}

fn broken(image: &str) -> String {
    format!("begins like {image} and is broken; open it and save it anew")
}

fn neither(found: Option<&str>) -> String {
    let mend = "only text (UTF-8) and images (PNG, JPEG, GIF, WebP) can be sent";
    match found {
        Some(found) if found.starts_with("image/") => {
            format!("is {found}; {mend}; save it as one of these")
        }
        Some(found) => format!("is {found}; {mend}; send its text, or pictures of its pages"),
        None => format!("is neither text nor an image; {mend}"),
    }
}

#[cfg(test)]
mod tests;
