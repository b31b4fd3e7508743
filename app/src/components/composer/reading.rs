//! Reading files: what they are is looked up in their content, large images become smaller, and everything is put into
//! the form in which it is sent.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, ImageBitmap, OffscreenCanvas};

use crate::state::{Attached, files};
use crate::store::Store;
use files::Kind;

/// So much of a file is looked at before it is read.
const BEGINNING: f64 = 4096.0;
/// A picture in the composer is so large on its longer side, in pixels; twice what is shown, for fine screens.
const THUMBNAIL: u32 = 96;
/// An image of more bytes than this is not even made smaller.
const HUGE: f64 = 64.0 * 1024.0 * 1024.0;

/// Reads files into the composer, one after the other, so that the limits hold for all together.
pub(crate) fn take(store: Store, files: Vec<File>) {
    let composing = store.composing;
    composing.refusals.set(Vec::new());
    let key = composing.key();
    let waiting: Vec<_> = files
        .into_iter()
        .map(|file| {
            let id = composing.next_file();
            let attached = Attached {
                id,
                name: file.name(),
                media_type: String::new(),
                // At most 2^53 bytes.
                size: file.size() as usize,
                data: None,
                thumbnail: None,
                pasted: None,
            };
            composing.files.update(|all| all.push(attached));
            (id, file)
        })
        .collect();
    leptos::task::spawn_local(async move {
        let mut taken = 0;
        for (id, file) in waiting {
            // The reader may have taken it away, or gone to another conversation.
            let there = || {
                composing.key() == key
                    && composing
                        .files
                        .with_untracked(|all| all.iter().any(|file| file.id == id))
            };
            let others: Vec<usize> = composing.files.with_untracked(|all| {
                let read = all.iter().filter(|file| file.data.is_some());
                read.map(|file| file.size).collect()
            });
            let read = read(&file, &others).await;
            if !there() {
                composing.remove_file(id);
                continue;
            }
            match read {
                Ok(read) => {
                    taken += 1;
                    composing.change_file(id, |file| {
                        file.name = read.name;
                        file.media_type = read.media_type.to_owned();
                        file.size = read.size;
                        file.data = Some(read.data);
                        file.thumbnail = read.thumbnail;
                    });
                }
                Err(refusal) => {
                    composing.remove_file(id);
                    store.announce(&refusal);
                    composing.refusals.update(|all| all.push(refusal));
                }
            }
        }
        if taken > 0 && composing.refusals.with_untracked(Vec::is_empty) {
            let word = if taken == 1 { "file" } else { "files" };
            store.announce(&format!("{taken} {word} attached."));
        }
    });
}

/// Makes a file of a text that was pasted.
pub(crate) fn take_text(store: Store, text: String) {
    let composing = store.composing;
    composing.refusals.set(Vec::new());
    let others: Vec<usize> = composing
        .files
        .with_untracked(|all| all.iter().map(|file| file.size).collect());
    let name = "Pasted text.txt";
    // What is too long even for a file stays text, and the reader decides.
    let refused = files::refusal(name, text.len(), Some(Kind::Text), &others);
    let parts = js_sys::Array::of1(&text.as_str().into());
    let blob = Blob::new_with_str_sequence(&parts).ok();
    let (None, Some(blob)) = (refused, blob) else {
        composing.insert.set(Some(text.into()));
        return;
    };
    leptos::task::spawn_local(async move {
        let Some(data) = base64(&blob).await else {
            composing.insert.set(Some(text.into()));
            return;
        };
        composing.files.update(|all| {
            all.push(Attached {
                id: composing.next_file(),
                name: name.to_owned(),
                media_type: Kind::Text.media_type().to_owned(),
                size: text.len(),
                data: Some(data),
                thumbnail: None,
                pasted: Some(text.into()),
            });
        });
        store.announce("The long text is attached as a file.");
    });
}

struct Read {
    name: String,
    media_type: &'static str,
    size: usize,
    data: Arc<str>,
    thumbnail: Option<Arc<str>>,
}

/// Reads a file; why it was left out, where it cannot be sent.
async fn read(file: &File, others: &[usize]) -> Result<Read, String> {
    let name = file.name();
    let unreadable = || format!("{name} was left out: it could not be read.");
    let size = |blob: &Blob| blob.size() as usize;
    let beginning = file.slice_with_f64_and_f64(0.0, BEGINNING);
    let beginning = bytes(&beginning.map_err(|_| unreadable())?).await;
    let kind = Kind::of_beginning(&beginning.ok_or_else(unreadable)?);
    let mut blob: Blob = file.clone().into();
    let mut kind = kind;
    let mut thumbnail = None;
    if let Some(Kind::Image(media_type)) = kind {
        if blob.size() > HUGE {
            return Err(files::refusal(&name, size(&blob), kind, others).unwrap_or_else(unreadable));
        }
        let Some(image) = bitmap(&blob).await else {
            return Err(format!("{name} was left out: the image is broken."));
        };
        thumbnail = thumbnail_of(&image).await;
        // What moves would stand still.
        if media_type != "image/gif"
            && let Some((small, media_type)) = smaller(&blob, &image, media_type).await
        {
            blob = small;
            kind = Some(Kind::Image(media_type));
        }
        image.close();
    } else if kind.is_some() && size(&blob) <= files::TEXT_BYTES {
        kind = Kind::of(&bytes(&blob).await.ok_or_else(unreadable)?);
    }
    if let Some(refusal) = files::refusal(&name, size(&blob), kind, others) {
        return Err(refusal);
    }
    let kind = kind.ok_or_else(unreadable)?;
    Ok(Read {
        media_type: kind.media_type(),
        size: size(&blob),
        data: base64(&blob).await.ok_or_else(unreadable)?,
        thumbnail,
        name: name.clone(),
    })
}

async fn bytes(blob: &Blob) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

async fn bitmap(blob: &Blob) -> Option<ImageBitmap> {
    let image = window().create_image_bitmap_with_blob(blob).ok()?;
    JsFuture::from(image).await.ok()?.dyn_into().ok()
}

/// The image at another size, as a file of this type.
async fn drawn(image: &ImageBitmap, width: u32, height: u32, media_type: &str) -> Option<Blob> {
    let canvas = OffscreenCanvas::new(width, height).ok()?;
    let context = canvas.get_context("2d").ok()??;
    let context: web_sys::OffscreenCanvasRenderingContext2d = context.dyn_into().ok()?;
    // A browser that does not know it draws all the same.
    let _ = js_sys::Reflect::set(&context, &"imageSmoothingQuality".into(), &"high".into());
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(
            image,
            0.0,
            0.0,
            f64::from(width),
            f64::from(height),
        )
        .ok()?;
    let options = web_sys::ImageEncodeOptions::new();
    options.set_type(media_type);
    options.set_quality(0.9);
    let blob = canvas.convert_to_blob_with_options(&options).ok()?;
    JsFuture::from(blob).await.ok()?.dyn_into().ok()
}

/// The image made smaller, where it is larger than is of use; none where it is fine as it is.
async fn smaller(
    blob: &Blob,
    image: &ImageBitmap,
    media_type: &'static str,
) -> Option<(Blob, &'static str)> {
    let (width, height) = (image.width(), image.height());
    let heavy = blob.size() > files::IMAGE_BYTES as f64;
    let (width, height) = files::smaller(width, height).or(heavy.then_some((width, height)))?;
    // A photograph as a PNG stays heavy at any size.
    let media_type = if heavy { "image/jpeg" } else { media_type };
    let small = drawn(image, width, height, media_type).await?;
    // Not every browser writes every type.
    let written = match Kind::of(&bytes(&small).await?) {
        Some(Kind::Image(written)) => written,
        Some(Kind::Text) | None => return None,
    };
    Some((small, written))
}

async fn thumbnail_of(image: &ImageBitmap) -> Option<Arc<str>> {
    let longest = image.width().max(image.height()).max(1);
    let scaled = |side: u32| (side * THUMBNAIL / longest.max(THUMBNAIL)).max(1);
    let (width, height) = (scaled(image.width()), scaled(image.height()));
    let blob = drawn(image, width, height, "image/webp").await?;
    data_url(&blob).await.map(Into::into)
}

async fn base64(blob: &Blob) -> Option<Arc<str>> {
    let address = data_url(blob).await?;
    let (_, data) = address.split_once("base64,")?;
    Some(data.into())
}

/// A content as a `data:` address: the browser's own way to base64, and the fastest.
async fn data_url(blob: &Blob) -> Option<String> {
    let reader = web_sys::FileReader::new().ok()?;
    let read = js_sys::Promise::new(&mut |done, failed| {
        reader.set_onload(Some(&done));
        reader.set_onerror(Some(&failed));
        // It only fails while another one is read.
        let _ = reader.read_as_data_url(blob);
    });
    JsFuture::from(read).await.ok()?;
    reader.result().ok()?.as_string()
}
